"""Kotlin."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="kotlin",
    extensions=(".kt", ".kts"),
    grammar="kotlin",
    ast_grep="kotlin",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    attribute=r"@\w",
    definitions="""
(class_declaration "class" (type_identifier) @name) @class
(class_declaration "interface" (type_identifier) @name) @interface
(class_declaration "enum" (type_identifier) @name) @enum
(object_declaration (type_identifier) @name) @class
(function_declaration (simple_identifier) @name) @function
(property_declaration (variable_declaration (simple_identifier) @name)) @property
(class_parameter (binding_pattern_kind) . (simple_identifier) @name) @property
(secondary_constructor "constructor" @name) @constructor
(enum_entry (simple_identifier) @name) @constant
(type_alias (type_identifier) @name) @type
""",
)
