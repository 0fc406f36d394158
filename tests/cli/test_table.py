"""The table of commands is the one source: of the help, of the reference page, and of what there is to run."""

from __future__ import annotations

import importlib
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from magray_testkit.console import SCRIPT, environment, magray

from magray_server.cli.parser import parse_arguments
from magray_server.cli.reference import render_reference
from magray_server.cli.table import COMMANDS, GROUPS

ROOT = Path(__file__).resolve().parents[2]
HELP_BUDGET_S = 0.150


def test_the_reference_page_is_the_one_the_table_makes() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert page == render_reference(), "run: python -m magray_server.cli.reference > docs/reference/cli.md"


def test_the_commands_are_the_agreed_ones() -> None:
    alone = [command.name for command in COMMANDS if not command.group]
    assert alone == [
        "serve",
        "index",
        "search",
        "explain",
        "plan",
        "show",
        "apply",
        "undo",
        "redo",
        "do",
        "doctor",
        "demo",
    ]
    assert {command.group for command in COMMANDS} - {""} == {group.name for group in GROUPS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_can_be_loaded_and_its_examples_parse(command: object) -> None:
    module, function = command.run.split(":")  # type: ignore[attr-defined]
    assert callable(getattr(importlib.import_module(f"magray_server.cli.commands.{module}"), function))
    for example in command.examples:  # type: ignore[attr-defined]
        assert parse_arguments(shlex.split(example)[1:]).command == command.name  # type: ignore[attr-defined]


def test_common_options_may_stand_before_or_after_the_command() -> None:
    before = parse_arguments(["--root", "x", "--json", "search", "words"])
    after = parse_arguments(["search", "words", "--root", "x", "--json"])
    assert vars(before) == vars(after)
    assert (before.root, before.json, before.offline) == ("x", True, False)
    assert parse_arguments(["--root", "search", "index"]).command == "index"


def test_every_command_explains_itself(tmp_path: Path) -> None:
    for command in COMMANDS[:4]:
        ran = magray(*command.name.split(), "--help", cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert command.summary[1:] in ran.out.replace("\n", " ")


def test_help_takes_hardly_longer_than_python_itself(tmp_path: Path) -> None:
    def cpu_s(*argv: str) -> float:
        """The least processor time of several runs: other processes of the machine do not count."""
        times = []
        for _ in range(7):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(argv, cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(times)

    assert cpu_s(str(SCRIPT), "--help") - cpu_s(sys.executable, "-c", "pass") < HELP_BUDGET_S
