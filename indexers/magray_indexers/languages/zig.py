"""Zig."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="zig",
    extensions=(".zig", ".zon"),
    grammar="zig",
    is_code=True,
    line_comments=("//",),
    definitions="""
(function_declaration name: (_) @name) @function
(variable_declaration . (identifier) @name (struct_declaration)) @struct
(variable_declaration . (identifier) @name (enum_declaration)) @enum
(variable_declaration . (identifier) @name (union_declaration)) @struct
(source_file (variable_declaration (identifier) @name) @constant)
(container_field name: (_) @name) @field
(test_declaration (string) @name) @function
""",
)
