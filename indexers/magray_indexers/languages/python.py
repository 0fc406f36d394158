"""Python."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="python",
    extensions=(".py", ".pyi", ".pyw"),
    file_names=("SConstruct", "SConscript", "wscript"),
    interpreters=("python", "pypy"),
    grammar="python",
    ast_grep="python",
    is_code=True,
    line_comments=("#",),
    docstrings=True,
    definitions="""
(class_definition name: (_) @name) @class
(function_definition name: (_) @name) @function
(decorated_definition definition: (_ name: (_) @name)) @outer
(module (assignment left: (identifier) @name) @variable)
(module (expression_statement (assignment left: (identifier) @name) @variable))
(class_definition body: (block (assignment left: (identifier) @name) @field))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @field)))
(type_alias_statement left: (type (identifier) @name)) @type
""",
)
