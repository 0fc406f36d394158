"""docs/reference/lsp.md from the tables of methods and commands: ``python -m magray_server.reference`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from magray_server.capabilities import CODE_ACTION_KINDS
from magray_server.methods import COMMANDS, METHODS, STANDARD, Method


def render_reference() -> str:
    """The page, whole."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "<!-- Made from server/magray_server/methods.py by `python -m magray_server.reference`. -->"
    yield "# Language server reference"
    yield ""
    yield "Editors start `magray serve` and speak the Language Server Protocol with it on standard input and output."
    yield "Everything works with standard LSP alone; the custom methods below make an editor's own views possible."
    yield ""
    yield "## Standard methods"
    yield ""
    yield "| method | what Magray does |"
    yield "| --- | --- |"
    yield from (f"| `{name}` | {doc} |" for name, doc in STANDARD)
    yield ""
    yield f"Kinds of code actions: {', '.join(f'`{kind}`' for kind in CODE_ACTION_KINDS)} and what is below them."
    yield "Position encodings: UTF-8, UTF-16 and UTF-32, whichever the client names first."
    yield ""
    yield from _section("Requests to the server", [m for m in METHODS if m.to == "server" and m.kind == "request"])
    yield "Params and results are objects in camelCase; a name with `?` may be left out."
    yield "A `plan` is an id, the beginning of one, or `last`."
    yield "Results hold what the command line's `--json` holds, with a `location` beside every path that has lines."
    yield ""
    yield from _section("Notifications to the client", [m for m in METHODS if m.kind == "notification"])
    yield from _section("Requests to the client", [m for m in METHODS if m.to == "client" and m.kind == "request"])
    yield from _capabilities()
    yield from _commands()
    yield from _errors()


def _section(title: str, methods: list[Method]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| method | what it is for | params | result |"
    yield "| --- | --- | --- | --- |"
    for method in methods:
        yield f"| `{method.name}` | {method.doc} | {_code(method.params)} | {_code(method.result)} |"
    yield ""


def _capabilities() -> Iterator[str]:
    yield "A client that answers them says so in `initializationOptions`: `approve: true`, `lspRequest: true`."
    yield "Without `approve` the person is asked with `window/showMessageRequest`."
    yield "Without `lspRequest` renames in languages other than Python are computed from the text, and say so."
    yield ""
    yield "Other options: `settings`, an object with the keys of [settings](settings.md); `patienceSeconds`, how long"
    yield "a question to the person may stay open (600)."
    yield ""


def _commands() -> Iterator[str]:
    yield "## Commands"
    yield ""
    yield "For `workspace/executeCommand`; the arguments are one object, or the values in this order."
    yield ""
    yield "| command | what it does | arguments |"
    yield "| --- | --- | --- |"
    yield from (f"| `{command.name}` | {command.doc} | {_code(command.arguments)} |" for command in COMMANDS)
    yield ""


def _errors() -> Iterator[str]:
    yield "## Errors"
    yield ""
    yield "| code | meaning |"
    yield "| ---: | --- |"
    yield "| -32803 | a known failure; `data` has its `kind`, a `hint`, and an `id` that leads to the log |"
    yield "| -32801 | the document changed while the answer was computed |"
    yield "| -32800 | cancelled |"
    yield "| -32602 | the params do not fit the method |"
    yield "| -32603 | a bug; `data.id` leads to the log |"
    yield ""
    yield "The log is what the editor shows of the server's stderr, and `~/.magray/logs/server.log`."


def _code(names: str) -> str:
    return f"`{names}`" if names else "–"


if __name__ == "__main__":
    sys.stdout.write(render_reference())
