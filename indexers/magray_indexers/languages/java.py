"""Java."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="java",
    extensions=(".java",),
    grammar="java",
    ast_grep="java",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    name_chars="$",
    attribute=r"@\w",
    definitions="""
(class_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(annotation_type_declaration name: (_) @name) @interface
(enum_declaration name: (_) @name) @enum
(enum_constant name: (_) @name) @constant
(method_declaration name: (_) @name) @method
(annotation_type_element_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @constructor
(compact_constructor_declaration name: (_) @name) @constructor
(field_declaration declarator: (variable_declarator name: (_) @name)) @field
(constant_declaration declarator: (variable_declarator name: (_) @name)) @constant
""",
)
