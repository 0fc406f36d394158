"""Runs one command: arguments in, exit code out, every failure as one sentence and a hint."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any, NamedTuple

from magray_core.cancel import Cancelled
from magray_core.display import visible
from magray_core.errors import ContentChanged, GoalNotUnderstood, MagrayError, ToolDenied
from magray_server.cli.parser import UsageError, build_parser, parse_arguments
from magray_server.cli.table import command_named
from magray_server.cli.terminal import Terminal, standard_terminal

DONE, FAILED, USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130


class Invocation(NamedTuple):
    """A command being run."""

    args: Namespace
    out: Terminal


class Failure(NamedTuple):
    """What went wrong, for the person and as JSON."""

    code: int
    kind: str
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()


def run(arguments: list[str], terminal: Terminal | None = None) -> int:
    """Run the command and give its exit code; without a terminal on the process's own streams."""
    terminal = terminal or standard_terminal(as_json="--json" in arguments)
    try:
        return _run(arguments, terminal)
    except SystemExit as ending:  # help was printed
        return ending.code if isinstance(ending.code, int) else FAILED
    except UsageError as error:
        return _tell(terminal, Failure(USAGE, "usage_error", error.message, error.hint))
    except MagrayError as error:
        code = REFUSED if isinstance(error, ToolDenied) else FAILED
        return _tell(terminal, Failure(code, error.kind, error.message, error.hint, _details(error)))
    except (KeyboardInterrupt, Cancelled):
        return _tell(terminal, Failure(INTERRUPTED, "interrupted", "interrupted"))
    except BrokenPipeError:
        # The reader of stdout left; what it did not read is not our failure. Python would complain while flushing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # the border of the command line: a bug never shows a traceback
        if os.environ.get("MAGRAY_DEBUG"):
            raise
        message = f"a bug in Magray: {type(error).__name__} at {_where(error)}"
        hint = "run again with MAGRAY_DEBUG=1 to see the traceback, and report it"
        return _tell(terminal, Failure(FAILED, "internal_error", message, hint))


def _run(arguments: list[str], terminal: Terminal) -> int:
    args = parse_arguments(arguments)
    if args.version:
        from importlib.metadata import version

        terminal.answer(lambda: {"version": version("magray")}, lambda: terminal.say(f"magray {version('magray')}"))
        return DONE
    if args.command is None:
        terminal.note(build_parser().format_help().rstrip())
        return USAGE
    module, function = command_named(args.command).run.split(":")
    command: Callable[[Invocation], int] = getattr(
        importlib.import_module(f"magray_server.cli.commands.{module}"), function
    )
    code = command(Invocation(args, terminal))
    with contextlib.suppress(ValueError):  # stdout was closed by the command itself (serve)
        sys.stdout.flush()
    return code


def _tell(terminal: Terminal, failure: Failure) -> int:
    with contextlib.suppress(BrokenPipeError):
        if terminal.as_json:
            value: dict[str, Any] = {
                "kind": failure.kind, "message": visible(failure.message), "hint": visible(failure.hint),
            }  # fmt: skip
            if failure.details:
                value["details"] = [visible(detail) for detail in failure.details]
            terminal.write_json({"error": value})
            return failure.code
        terminal.note(f"magray: {failure.message}", "red" if failure.code != INTERRUPTED else "")
        for detail in failure.details:
            terminal.note(f"  {detail}")
        if failure.hint:
            terminal.note(f"hint: {failure.hint}")
    return failure.code


def _details(error: MagrayError) -> tuple[str, ...]:
    if isinstance(error, GoalNotUnderstood):
        return error.suggestions
    return error.differences if isinstance(error, ContentChanged) else ()


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
