"""Elixir. Definitions are calls to macros, so names of calls decide."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="elixir",
    extensions=(".ex", ".exs"),
    interpreters=("elixir",),
    grammar="elixir",
    ast_grep="elixir",
    is_code=True,
    line_comments=("#",),
    # The documentation of a function is an attribute above it; for us it is a comment.
    block_comments=(('@doc """', '"""'),),
    name_chars="?!",
    clauses=True,
    attribute=r"@(doc|spec|impl|moduledoc|deprecated|since|tag|describetag)\b",
    definitions="""
(call target: (identifier) @_word (arguments . (alias) @name)
  (#any-of? @_word "defmodule")) @module
(call target: (identifier) @_word (arguments . (alias) @name)
  (#any-of? @_word "defprotocol")) @interface
(call target: (identifier) @_word (arguments . (alias) @name)
  (#any-of? @_word "defimpl")) @scope
(call target: (identifier) @_word (arguments . [
  (identifier) @name
  (call target: (identifier) @name)
  (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "when")])
  (#any-of? @_word "def" "defp" "defdelegate" "defguard" "defguardp")) @function
(call target: (identifier) @_word (arguments . [
  (identifier) @name
  (call target: (identifier) @name)
  (binary_operator left: (call target: (identifier) @name) operator: "when")])
  (#any-of? @_word "defmacro" "defmacrop")) @macro
(call target: (identifier) @_word (arguments . (string (quoted_content) @name))
  (#any-of? @_word "test" "describe")) @function
""",
)
