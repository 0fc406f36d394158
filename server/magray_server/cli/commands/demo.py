"""``magray demo``: the main job on a temporary copy of a real project, with the very commands that a person types."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magray_core.errors import ToolFailed
from magray_server.cli.demo.project import (
    Project,
    Tested,
    copy_own_sources,
    count_lines,
    definition_line,
    fetch_click,
    run_tests,
    tree_hash,
)  # fmt: skip
from magray_server.cli.running import DONE, FAILED, Invocation  # fmt: skip
from magray_server.cli.running import run as run_command
from magray_server.cli.terminal import Terminal

_OUTPUT_LINES = 14
_DIFF_LINES = 24


def run(call: Invocation) -> int:
    """Show the main job; 1 if any step fails. The temporary folder is removed whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="magray-demo-")).resolve()
    started = time.monotonic()
    show = _Show(call.out)
    try:
        project = _project(call, show, folder)
        _perform(show, project)
    except ToolFailed as error:
        show.failed(error.message)
        return FAILED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - started
    call.out.answer(lambda: show.view(project.title, call.args.offline, seconds), lambda: _say_end(show, seconds))
    return DONE if show.ok else FAILED


def _project(call: Invocation, show: _Show, folder: Path) -> Project:
    if not call.args.offline:
        try:
            with call.out.progress() as bar:
                bar.report("fetching click 8.3.1 and pytest from the package registry into a temporary folder")
                return fetch_click(folder)
        except ToolFailed as error:
            show.say(f"click cannot be had ({error.message}); Magray's own sources take its place.", "yellow")
    return copy_own_sources(folder)


def _perform(show: _Show, project: Project) -> None:
    files, lines = count_lines(project.root)
    show.say(f"{project.title}: {files} Python files, {lines:,} lines, in a temporary folder.", "bold")
    if project.note:
        show.say(project.note, "dim")
    root = ("--root", str(project.root))
    original = tree_hash(project.root)
    before = show.tests("before anything", project)
    show.command("index it", "index", *root)
    show.command("search it", "search", "-k", "3", project.query, *root)
    show.command("explain a name", "explain", definition_line(project.root, project.symbol), *root)
    show.command("plan a rename", "plan", f"rename {project.symbol} to {project.new_name}", *root, limit=30)
    plan = json.loads(_captured(["show", *root], as_json=True))["id"]
    show.command("look at the diff", "show", plan, "--diff", *root, limit=_DIFF_LINES)
    show.command("apply it", "apply", plan, "--yes", *root)
    show.fact("the tree has changed", tree_hash(project.root) != original, "its hash differs")
    after = show.tests("after the rename", project)
    same = before is None or after is None or before.summary == after.summary
    show.fact("the tests agree", same, "the same result before and after")
    show.command("take it back", "undo", plan, "--yes", *root)
    digest = tree_hash(project.root)
    show.fact("every byte is as before", digest == original, f"one sha256 over all files: {digest[:16]}…")


@dataclass
class _Show:
    """Narrates the steps and keeps what came of them."""

    out: Terminal
    steps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(step["ok"] for step in self.steps)

    def say(self, text: str, style: str = "") -> None:
        self.out.say(text, style)

    def failed(self, text: str) -> None:
        self.out.note(f"magray: {text}", "red")

    def command(self, title: str, *arguments: str, limit: int = _OUTPUT_LINES) -> str:
        """Run a magray command in this process and show the beginning of what it says."""
        self._headline(title, "magray " + " ".join(_shown(arguments)))
        text, seconds = self._timed(lambda: _captured(list(arguments), as_json=False))
        lines = text.rstrip("\n").split("\n")
        for line in lines[:limit]:
            self.out.say(f"   {line[:150]}")
        if len(lines) > limit:
            self.out.say(f"   … {len(lines) - limit} more lines", "dim")
        self._record(title, True, seconds, lines[0])
        return text

    def tests(self, when: str, project: Project) -> Tested | None:
        """Run the project's own tests."""
        if not project.test:
            return None
        title = f"{project.test_title}, {when}"
        self._headline(title, "")
        with self.out.progress() as bar:
            bar.report("running the project's tests")
            tested = run_tests(project)
        self.out.say(f"   {tested.summary}", "" if tested.ok else "red")
        self._record(title, tested.ok, tested.seconds, tested.summary)
        return tested

    def fact(self, title: str, holds: bool, text: str) -> None:
        """Something that must be true."""
        self.out.say(f"   {'yes' if holds else 'NO'}: {title} ({text})", "green" if holds else "red")
        self.steps.append({"title": title, "ok": holds, "seconds": 0.0, "text": text})

    def view(self, project: str, offline: bool, seconds: float) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "ok": self.ok, "project": project, "offline": offline, "steps": self.steps, "seconds": round(seconds, 1),
        }  # fmt: skip

    def _headline(self, title: str, command: str) -> None:
        number = 1 + sum(1 for step in self.steps if step["seconds"])
        self.out.say()
        self.out.say_parts(
            self.out.styled(f"{number}. {title[0].upper()}{title[1:]}", "bold"),
            self.out.styled(f"   $ {command}" if command else "", "cyan"),
        )

    def _timed(self, work: Callable[[], str]) -> tuple[str, float]:
        started = time.monotonic()
        return work(), time.monotonic() - started

    def _record(self, title: str, ok: bool, seconds: float, text: str) -> None:
        self.out.say(f"   {seconds:.2f} s", "dim")
        self.steps.append({"title": title, "ok": ok, "seconds": round(seconds, 2), "text": text})


def _captured(arguments: list[str], *, as_json: bool) -> str:
    """What a command says on stdout. Raises ToolFailed with its own words if it fails."""
    out, err = io.StringIO(), io.StringIO()
    arguments = [*arguments, "--json"] if as_json else arguments
    code = run_command(arguments, Terminal(as_json=as_json, stdin=io.StringIO(), stdout=out, stderr=err))
    if code != DONE:
        raise ToolFailed(f"magray {arguments[0]} ended with {code}: {(err.getvalue() or out.getvalue()).strip()}")
    return out.getvalue()


def _shown(arguments: tuple[str, ...]) -> list[str]:
    """The arguments as a person types them inside the project."""
    kept = [word for i, word in enumerate(arguments) if word != "--root" and (not i or arguments[i - 1] != "--root")]
    return [f'"{word}"' if " " in word else word for word in kept]


def _say_end(show: _Show, seconds: float) -> None:
    show.say("")
    verdict = "Everything held" if show.ok else "Something failed, see above"
    show.say(f"{verdict}, in {seconds:.0f} s. The temporary folder is gone.", "green" if show.ok else "red")
