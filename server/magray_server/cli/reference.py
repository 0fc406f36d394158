"""The command line's reference page, made from the table. ``python -m magray_server.cli.reference`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from magray_server.cli.entries import Argument, Command
from magray_server.cli.table import COMMANDS, COMMON, EXIT_CODES


def render_reference() -> str:
    """docs/reference/cli.md, whole."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Command line"
    yield ""
    yield "<!-- Made from server/magray_server/cli/table.py by `python -m magray_server.cli.reference`. -->"
    yield ""
    yield "Progress goes to stderr, as a bar on a terminal and not at all elsewhere; answers go to stdout."
    yield "Colors are used on terminals only, and not where `NO_COLOR` is set."
    yield 'With `--json` a failure is `{"error": {"kind", "message", "hint"}}` on stdout.'
    yield ""
    yield "| command | what it does |"
    yield "| --- | --- |"
    for command in COMMANDS:
        yield f"| [`magray {command.name}`](#magray-{command.name.replace(' ', '-')}) | {command.summary} |"
    yield ""
    yield "Every command takes, before or after its name:"
    yield ""
    yield from (_argument(argument) for argument in COMMON)
    yield ""
    yield "| exit code | meaning |"
    yield "| --- | --- |"
    for code, meaning in EXIT_CODES:
        yield f"| {code} | {meaning} |"
    for command in COMMANDS:
        yield ""
        yield from _command(command)


def _command(command: Command) -> Iterator[str]:
    yield f"## magray {command.name}"
    yield ""
    yield f"{command.summary[0].upper()}{command.summary[1:]}."
    for sentence in command.details.split(". ") if command.details else ():
        yield sentence.rstrip(".") + "."
    yield ""
    yield "```"
    yield " ".join(["magray", command.name, *(_usage(argument) for argument in command.arguments)])
    yield "```"
    if command.arguments:
        yield ""
        yield from (_argument(argument) for argument in command.arguments)
    if command.json:
        yield ""
        yield "With `--json`:"
        yield ""
        yield "```"
        yield command.json
        yield "```"
    if command.examples:
        yield ""
        yield "```console"
        yield from (f"$ {example}" for example in command.examples)
        yield "```"


def _usage(argument: Argument) -> str:
    name = argument.names[0]
    if argument.kind == "flag":
        return f"[{name}]"
    if name.startswith("-"):
        return f"[{name} {argument.metavar}]" + ("…" if argument.kind == "repeated" else "")
    return argument.metavar if argument.required else f"[{argument.metavar}]"


def _argument(argument: Argument) -> str:
    names = ", ".join(f"`{name}`" for name in argument.names)
    if not argument.names[0].startswith("-"):
        return f"- `{argument.metavar}`: {argument.help}."
    return f"- {names}{f' `{argument.metavar}`' if argument.metavar else ''}: {argument.help}."


if __name__ == "__main__":
    print(render_reference(), end="")
