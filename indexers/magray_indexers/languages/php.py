"""PHP."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="php",
    extensions=(".php", ".phtml", ".php5", ".phps"),
    interpreters=("php",),
    grammar="php",
    ast_grep="php",
    is_code=True,
    line_comments=("//", "#"),
    block_comments=(("/*", "*/"),),
    attribute=r"#\[",
    definitions="""
(namespace_definition name: (_) @name body: (_)) @namespace
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(trait_declaration name: (_) @name) @trait
(enum_declaration name: (_) @name) @enum
(enum_case name: (_) @name) @constant
(function_definition name: (_) @name) @function
(method_declaration name: (_) @name) @method
(const_declaration (const_element (name) @name)) @constant
(property_declaration (property_element (variable_name (name) @name))) @field
""",
)
