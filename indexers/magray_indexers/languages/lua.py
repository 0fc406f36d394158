"""Lua."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="lua",
    extensions=(".lua", ".rockspec", ".luau"),
    interpreters=("lua", "luajit"),
    grammar="lua",
    ast_grep="lua",
    is_code=True,
    line_comments=("--",),
    block_comments=(("--[[", "]]"),),
    definitions="""
(function_declaration name: (identifier) @name) @function
(function_declaration name: (dot_index_expression table: (_) @receiver field: (_) @name)) @function
(function_declaration name: (method_index_expression table: (_) @receiver method: (_) @name)) @method
(assignment_statement (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition))) @function
(assignment_statement (variable_list . name: (dot_index_expression table: (_) @receiver field: (_) @name))
  (expression_list . value: (function_definition))) @function
(chunk (variable_declaration (assignment_statement (variable_list . name: (identifier) @name))) @variable)
(table_constructor (field name: (identifier) @name value: (function_definition)) @method)
""",
)
