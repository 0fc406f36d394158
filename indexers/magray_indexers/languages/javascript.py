"""JavaScript, with JSX."""

from magray_indexers.languages.language import Language

DEFINITIONS = """
(class_declaration name: (_) @name) @class
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (_) @name) @method
(export_statement declaration: (_ name: (_) @name)) @outer
(export_statement declaration: (_ (variable_declarator name: (identifier) @name))) @outer
(variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(variable_declarator name: (identifier) @name value: (class)) @class
(assignment_expression left: (member_expression object: (_) @receiver property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression)]) @method
(program [(lexical_declaration (variable_declarator name: (identifier) @name))
          (variable_declaration (variable_declarator name: (identifier) @name))] @variable)
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name)) @variable)
"""

LANGUAGE = Language(
    name="javascript",
    extensions=(".js", ".mjs", ".cjs", ".jsx"),
    file_names=("Jakefile",),
    interpreters=("node", "nodejs", "bun"),
    grammar="javascript",
    ast_grep="javascript",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    name_chars="$",
    attribute=r"@\w",
    definitions=DEFINITIONS + "(field_definition property: (_) @name) @field",
)
