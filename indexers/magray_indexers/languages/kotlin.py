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
(companion_object) @scope
(function_declaration (simple_identifier) @name) @function
(property_declaration (variable_declaration (simple_identifier) @name)) @property
(class_parameter ["val" "var"] (simple_identifier) @name) @property
(enum_entry (simple_identifier) @name) @constant
(type_alias (type_identifier) @name) @type
""",
)
