"""Scala 2 and 3."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="scala",
    extensions=(".scala", ".sc", ".sbt"),
    interpreters=("scala",),
    grammar="scala",
    ast_grep="scala",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    attribute=r"@\w",
    definitions="""
(class_definition name: (_) @name) @class
(object_definition name: (_) @name) @class
(package_object name: (_) @name) @module
(trait_definition name: (_) @name) @trait
(enum_definition name: (_) @name) @enum
(simple_enum_case name: (_) @name) @constant
(full_enum_case name: (_) @name) @constant
(function_definition name: (_) @name) @function
(function_declaration name: (_) @name) @function
(type_definition name: (_) @name) @type
(given_definition name: (_) @name) @variable
(compilation_unit (val_definition pattern: (identifier) @name) @variable)
(template_body (val_definition pattern: (identifier) @name) @field)
(template_body (var_definition pattern: (identifier) @name) @field)
(template_body (val_declaration name: (identifier) @name) @field)
""",
)
