"""Ruby."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="ruby",
    extensions=(".rb", ".rake", ".gemspec", ".ru"),
    file_names=("Gemfile", "Rakefile", "Guardfile", "Vagrantfile", "Podfile", "Fastfile", "Brewfile"),
    interpreters=("ruby",),
    grammar="ruby",
    ast_grep="ruby",
    is_code=True,
    line_comments=("#",),
    block_comments=(("=begin", "=end"),),
    name_chars="?!",
    definitions="""
(class name: (_) @name) @class
(module name: (_) @name) @module
(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
(program (assignment left: (constant) @name) @constant)
(body_statement (assignment left: (constant) @name) @constant)
""",
)
