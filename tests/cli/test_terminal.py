"""On a terminal: colors, questions, progress; and how commands end when they are interrupted or nobody reads."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from magray_testkit.console import SCRIPT, SHOP, environment, magray, tree, write

DEADLINE_S = 60


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    root = write(tmp_path / "shop", SHOP)
    assert magray("plan", "rename total to sum_up", cwd=root).code == 0
    return root


class OnTerminal:
    """A command on a pseudo terminal."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        settings = {"TERM": "xterm", "COLUMNS": "100", **(env or {})}
        self.process = subprocess.Popen(
            [str(SCRIPT), *arguments], cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
            env=environment(cwd, settings), start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            if not self._read():
                break
        assert words in self.text, self.text

    def answer(self, words: str) -> None:
        os.write(self._master, words.encode() + b"\n")

    def end(self) -> int:
        deadline = time.monotonic() + DEADLINE_S
        while self._read() and time.monotonic() < deadline:
            pass
        code = self.process.wait(timeout=DEADLINE_S)
        os.close(self._master)
        return code

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 0.5)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux tells the end of a pseudo terminal so
            return False
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


@pytest.mark.parametrize(("words", "code"), [("y", 0), ("да", 0), ("n", 3), ("", 3)])
def test_applying_asks_and_does_what_the_person_says(planned: Path, words: str, code: int) -> None:
    before = tree(planned)
    command = OnTerminal("apply", cwd=planned)
    command.wait_for("[y/N]")
    assert "shop/prices.py" in command.text
    assert tree(planned) == before
    command.answer(words)
    assert command.end() == code, command.text
    assert (tree(planned) != before) == (code == 0)
    if code == 3:
        assert "nothing has changed" in command.text
        assert magray("apply", "--yes", cwd=planned).code == 0  # a no leaves the plan as it was


def test_colors_are_for_terminals_and_for_those_who_want_them(planned: Path) -> None:
    assert "\x1b[" not in magray("show", "--diff", cwd=planned).out
    colored = OnTerminal("show", "--diff", cwd=planned)
    assert colored.end() == 0
    assert "\x1b[32m+" in colored.text
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = OnTerminal("show", "--diff", cwd=planned, env=env)
        assert plain.end() == 0
        assert "\x1b[" not in plain.text


def test_progress_is_drawn_on_a_terminal_and_wiped(planned: Path) -> None:
    command = OnTerminal("index", "--full", cwd=planned)
    assert command.end() == 0
    assert "\r\x1b[K" in command.text
    assert command.text.rindex("\r\x1b[K") < command.text.index("6 files, ")


def test_control_characters_of_files_are_made_visible(tmp_path: Path) -> None:
    evil = '"""Doc \x1b]0;owned\x07 \u202e gpj.exe"""\n\n\ndef paint() -> None:\n    """Red \x1b[31m text."""\n'
    root = write(tmp_path / "evil", {"colors.py": evil, "use.py": "from colors import paint\npaint()  # \x1b[2J\n"})
    for arguments in (["search", "paint"], ["explain", "colors.py:4"], ["plan", "rename paint to draw"], ["show"]):
        ran = magray(*arguments, cwd=root)
        assert ran.code == 0, ran.err
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err)
    assert "\\x1b[31m" in magray("search", "paint", cwd=root).out
    shown = OnTerminal("show", "--diff", cwd=root, env={"NO_COLOR": "1"})
    assert shown.end() == 0
    assert "\x1b" not in shown.text


def test_an_interrupt_ends_with_130_and_no_traceback(planned: Path) -> None:
    serving = subprocess.Popen(
        [str(SCRIPT), "search", "--serve"], cwd=planned, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(planned), text=True,
    )  # fmt: skip
    assert serving.stdin is not None and serving.stdout is not None
    serving.stdin.write('{"query": "total"}\n')
    serving.stdin.flush()
    assert serving.stdout.readline().startswith('{"hits"')
    serving.send_signal(signal.SIGINT)
    _, err = serving.communicate(timeout=DEADLINE_S)
    assert serving.returncode == 130
    assert err == "magray: interrupted\n"


def test_a_reader_that_leaves_is_no_failure(planned: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [str(SCRIPT), "show"], cwd=planned, stdout=write_end, stderr=subprocess.PIPE,
            env=environment(planned), timeout=DEADLINE_S, check=False, text=True,
        )  # fmt: skip
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


def test_output_that_a_terminal_cannot_encode_is_escaped(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"цена.py": "def цена() -> int:\n    return 1\n"})
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    ran = magray("search", "цена", "--json", cwd=root, env=ascii_only)
    assert ran.code == 0, ran.err
    assert ran.json["hits"][0]["path"] == "цена.py"
    assert magray("search", "цена", cwd=root, env=ascii_only).code == 0
