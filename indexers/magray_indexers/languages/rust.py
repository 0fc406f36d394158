"""Rust."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="rust",
    extensions=(".rs",),
    interpreters=("rust-script",),
    grammar="rust",
    ast_grep="rust",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    attribute=r"#!?\[|\)?\]$",
    definitions="""
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(struct_item name: (_) @name) @struct
(union_item name: (_) @name) @struct
(enum_item name: (_) @name) @enum
(trait_item name: (_) @name) @trait
(type_item name: (_) @name) @type
(associated_type name: (_) @name) @type
(mod_item name: (_) @name body: (_)) @module
(const_item name: (_) @name) @constant
(static_item name: (_) @name) @variable
(macro_definition name: (_) @name) @macro
(field_declaration name: (_) @name) @field
(enum_variant name: (_) @name) @constant
(impl_item type: [(type_identifier) @name (generic_type type: (_) @name)
                  (scoped_type_identifier name: (_) @name)
                  (reference_type type: (type_identifier) @name)]) @scope
""",
)
