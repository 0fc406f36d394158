"""Haskell."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="haskell",
    extensions=(".hs", ".hsc", ".lhs"),
    interpreters=("runhaskell", "runghc", "stack"),
    grammar="haskell",
    ast_grep="haskell",
    is_code=True,
    line_comments=("--",),
    block_comments=(("{-", "-}"),),
    name_chars="'",
    clauses=True,
    definitions="""
(declarations (signature name: (_) @name) @function)
(declarations (function name: (_) @name) @function)
(declarations (bind name: (_) @name) @function)
(class_declarations (signature name: (_) @name) @method)
(data_type name: (_) @name) @type
(newtype name: (_) @name) @type
(type_synomym name: (_) @name) @type
(class name: (_) @name) @trait
(data_constructor (_ name: (_) @name)) @constant
(newtype_constructor name: (_) @name) @constant
(field name: (field_name) @name) @field
(instance name: (_) @name) @scope
""",
)
