"""Swift."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="swift",
    extensions=(".swift",),
    interpreters=("swift",),
    grammar="swift",
    ast_grep="swift",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    attribute=r"@\w",
    definitions="""
(class_declaration "class" name: (_) @name) @class
(class_declaration "actor" name: (_) @name) @class
(class_declaration "struct" name: (_) @name) @struct
(class_declaration "enum" name: (_) @name) @enum
(class_declaration "extension" name: (_) @name) @scope
(protocol_declaration name: (_) @name) @interface
(function_declaration name: (simple_identifier) @name) @function
(protocol_function_declaration name: (simple_identifier) @name) @method
(init_declaration name: "init" @name) @constructor
(typealias_declaration name: (type_identifier) @name) @type
(enum_entry name: (simple_identifier) @name) @constant
(source_file (property_declaration name: (pattern (simple_identifier) @name)) @variable)
(class_body (property_declaration name: (pattern (simple_identifier) @name)) @property)
(enum_class_body (property_declaration name: (pattern (simple_identifier) @name)) @property)
(protocol_property_declaration name: (pattern (simple_identifier) @name)) @property
""",
)
