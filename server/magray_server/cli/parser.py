"""The argument parser, made from the table."""

from __future__ import annotations

import argparse
import textwrap
from typing import NoReturn, TypeAlias

from magray_server.cli.entries import Argument, Command
from magray_server.cli.table import COMMANDS, COMMON, EXIT_CODES, GROUPS


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


_Places: TypeAlias = "argparse._SubParsersAction[_Parser]"


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
    # Groups and single commands stand in the order in which the table first names them.
    places = {"": parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)}
    summaries = {group.name: group.summary for group in GROUPS}
    for command in COMMANDS:
        if command.group not in places:
            places[command.group] = _add_group(places[""], command.group, summaries[command.group])
        _add_command(places[command.group], command)
    return parser


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The arguments checked. Raises UsageError; prints and raises SystemExit for ``--help``."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    at = arguments.index(command) if command else 0
    if command and "--root" not in arguments[:at]:
        _check_name(command, "", "there is no command")
        following = arguments[at + 1] if at + 1 < len(arguments) else "-"
        if any(group.name == command for group in GROUPS) and not following.startswith("-"):
            _check_name(following, command, f"magray {command} has no command")
    parsed = build_parser().parse_args(arguments)
    inner = [entry.name.split()[-1] for entry in COMMANDS if entry.group and entry.group == parsed.command]
    if inner:
        raise UsageError(f"magray {parsed.command} needs a command", f"one of {', '.join(inner)}")
    for name, value in (("root", None), ("json", False), ("offline", False)):
        if not hasattr(parsed, name):
            setattr(parsed, name, value)
    return parsed


def _check_name(word: str, group: str, refusal: str) -> None:
    """Raise UsageError with the nearest name unless the word is a command of the group ("" for the first word)."""
    names = [command.name.split() for command in COMMANDS]
    known = [parts[-1] if group else parts[0] for parts in names if not group or parts[0] == group]
    if word not in known:
        import difflib

        near = difflib.get_close_matches(word, known, n=1)
        help_at = " ".join(filter(None, ("magray", group, "--help")))
        raise UsageError(f"{refusal} {word!r}", f"did you mean {near[0]!r}?" if near else f"see {help_at}")


def _add_group(places: _Places, name: str, summary: str) -> _Places:
    about = f"{summary[0].upper()}{summary[1:]}."
    child = places.add_parser(name, help=summary, description=about, allow_abbrev=False)
    _add_common(child)
    return child.add_subparsers(metavar="COMMAND", parser_class=_Parser)


def _add_command(places: _Places, command: Command) -> None:
    child = places.add_parser(
        command.name.split()[-1],
        help=command.summary,
        description=_description(command),
        epilog=_examples(command),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    child.set_defaults(command=command.name)
    for argument in command.arguments:
        _add(child, argument)
    _add_common(child)


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
    elif argument.kind == "repeated":
        parser.add_argument(*argument.names, action="append", metavar=argument.metavar, help=help_text)
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
