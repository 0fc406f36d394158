"""TypeScript and its JSX dialect, which has a grammar of its own."""

from dataclasses import replace

from magray_indexers.languages.javascript import DEFINITIONS
from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="typescript",
    extensions=(".ts", ".mts", ".cts"),
    interpreters=("deno", "ts-node", "tsx"),
    grammar="typescript",
    ast_grep="typescript",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    name_chars="$",
    attribute=r"@\w",
    definitions=DEFINITIONS
    + """
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(enum_declaration name: (_) @name) @enum
(type_alias_declaration name: (_) @name) @type
(internal_module name: (_) @name) @namespace
(module name: (_) @name) @namespace
(function_signature name: (_) @name) @function
(abstract_method_signature name: (_) @name) @method
(method_signature name: (_) @name) @method
(public_field_definition name: (_) @name) @field
(interface_declaration body: (_ (property_signature name: (_) @name) @field))
""",
)

TSX = replace(LANGUAGE, name="tsx", extensions=(".tsx",), interpreters=(), grammar="tsx", ast_grep="tsx")
