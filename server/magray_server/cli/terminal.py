"""What the person sees: answers on stdout, progress and questions on stderr, colors only on a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from magray_core.display import one_line, visible

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_BAR = 24


class Terminal:
    """The streams of one command. With ``as_json`` stdout carries one JSON value and nothing else."""

    def __init__(self, *, as_json: bool, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self.as_json = as_json
        self._in, self._out, self._err = stdin, stdout, stderr
        self._colors = {id(stream): _has_colors(stream) for stream in (stdout, stderr)}

    def answer(self, value: Callable[[], Mapping[str, Any]], human: Callable[[], None]) -> None:
        """Give the command's result: the value as JSON, or what ``human`` says. Only one of both is called."""
        if self.as_json:
            self.write_json(value())
        else:
            human()
        self._out.flush()

    def write_json(self, value: Mapping[str, Any]) -> None:
        """One JSON value on one line of stdout, at once."""
        ascii_only = (self._out.encoding or "ascii").lower().replace("-", "") != "utf8"
        # A lone surrogate becomes \udcXX by the stream's error handler, which JSON reads as the same escape.
        self._out.write(json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")) + "\n")
        self._out.flush()

    def say(self, text: str = "", style: str = "") -> None:
        """A line for the person on stdout; nothing with ``--json``."""
        if not self.as_json:
            self._out.write(self._styled(self._out, visible(text), style) + "\n")

    def say_diff(self, diff: str) -> None:
        """A unified diff on stdout, colored on a terminal. Elsewhere byte for byte, so that it can be piped."""
        if self.as_json:
            return
        if not self._colors[id(self._out)]:
            self._out.write(diff if not self._out.isatty() else visible(diff))
            return
        for line in diff.splitlines():
            style = "bold" if line.startswith(("+++", "---", "diff ")) else ""
            style = style or {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            self._out.write(self._styled(self._out, visible(line), style) + "\n")

    def styled(self, text: str, style: str) -> str:
        """The text as a part of a line for ``say_parts``."""
        return self._styled(self._out, visible(text), style)

    def say_parts(self, *parts: str) -> None:
        """A line made of parts that ``styled`` gave."""
        if not self.as_json:
            self._out.write("".join(parts) + "\n")

    def note(self, text: str, style: str = "") -> None:
        """A line on stderr: hints, warnings, what is happening."""
        self._err.write(self._styled(self._err, visible(text), style) + "\n")
        self._err.flush()

    def progress(self) -> Bar:
        """A progress bar on stderr; draws nothing where stderr is no terminal."""
        return Bar(self._err if self._err.isatty() else None)

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at both ends."""
        return self._in.isatty() and self._err.isatty()

    def ask(self, question: str) -> bool:
        """Whether the person says yes. Only an explicit yes counts; end of input is a no."""
        self._out.flush()
        self._err.write(f"{visible(question)} [y/N] ")
        self._err.flush()
        return self._in.readline().strip().lower() in ("y", "yes", "д", "да")

    def ask_secret(self, question: str) -> str | None:
        """What the person types without seeing it; None where nobody can be asked or nothing was typed."""
        if not self.can_ask:
            return None
        from getpass import getpass

        self._out.flush()
        with contextlib.suppress(EOFError):
            return getpass(visible(question), self._err) or None
        return None

    def read_lines(self) -> TextIO:
        """Stdin, for commands that are fed."""
        return self._in

    def _styled(self, stream: TextIO, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style and text and self._colors[id(stream)] else text


class Bar:
    """One line that is drawn over itself and wiped at the end. Safe to call from any thread."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def report(self, message: str, fraction: float | None = None) -> None:
        """Say what is being done and how far it is."""
        if self._stream is None:
            return
        head = ""
        if fraction is not None:
            filled = round(_BAR * min(1.0, max(0.0, fraction)))
            head = f"[{'#' * filled}{'.' * (_BAR - filled)}] {fraction:4.0%} "
        width = max(10, shutil.get_terminal_size().columns - len(head) - 1)
        self._stream.write(f"\r\x1b[K{head}{one_line(message, width)}")
        self._stream.flush()


def standard_terminal(*, as_json: bool) -> Terminal:
    """The process's own streams, made unable to fail on a character that they cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    return Terminal(as_json=as_json, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)


def _has_colors(stream: TextIO) -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
