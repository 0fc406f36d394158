"""The argument parser, made from the table."""

from __future__ import annotations

import argparse
import textwrap
from typing import NoReturn

from magray_server.cli.table import COMMANDS, COMMON, EXIT_CODES, Argument, Command


class UsageError(Exception):
    """The command line does not fit the table; ``hint`` says where to look."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and exiting."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"see {self.prog} --help")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. Options that every command takes may stand before or after the command."""
    parser = _Parser(
        prog="magray",
        description="Search, explain and refactor the workspace: every change is a plan that you preview first.",
        epilog="exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    _add_common(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for command in COMMANDS:
        child = commands.add_parser(
            command.name,
            help=command.summary,
            description=_description(command),
            epilog=_examples(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for argument in command.arguments:
            _add(child, argument)
        _add_common(child)
    return parser


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The arguments checked. Raises UsageError; prints and raises SystemExit for ``--help``."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    names = [entry.name for entry in COMMANDS]
    before = arguments[: arguments.index(command)] if command else []
    if command and command not in names and "--root" not in before:
        import difflib

        near = difflib.get_close_matches(command, names, n=1)
        raise UsageError(
            f"there is no command {command!r}", f"did you mean {near[0]!r}?" if near else "see magray --help"
        )
    parsed = build_parser().parse_args(arguments)
    for name, value in (("root", None), ("json", False), ("offline", False)):
        if not hasattr(parsed, name):
            setattr(parsed, name, value)
    return parsed


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("everywhere")
    for argument in COMMON:
        # Suppressed defaults let the same option stand before and after the command without erasing itself.
        if argument.kind == "flag":
            group.add_argument(*argument.names, action="store_true", default=argparse.SUPPRESS, help=argument.help)
        else:
            group.add_argument(*argument.names, metavar=argument.metavar, default=argparse.SUPPRESS, help=argument.help)


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    help_text = argument.help.replace("%", "%%")
    if argument.kind == "flag":
        parser.add_argument(*argument.names, action="store_true", help=help_text)
    elif argument.kind == "words":
        nargs = "+" if argument.required else "*"
        parser.add_argument(*argument.names, nargs=nargs, metavar=argument.metavar, help=help_text)
    elif argument.names[0].startswith("-"):
        number = int if argument.kind == "number" else str
        parser.add_argument(*argument.names, type=number, metavar=argument.metavar, help=help_text)
    else:
        nargs_one = None if argument.required else "?"
        parser.add_argument(*argument.names, nargs=nargs_one, metavar=argument.metavar, help=help_text)


def _description(command: Command) -> str:
    summary = command.summary[0].upper() + command.summary[1:] + "."
    return textwrap.fill(f"{summary} {command.details}".strip(), 100)


def _examples(command: Command) -> str:
    return "examples:\n" + "\n".join(f"  {example}" for example in command.examples) if command.examples else ""
