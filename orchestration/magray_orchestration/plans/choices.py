"""What a plan document's check boxes say, and where its headings are. Reads text that anybody may have edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from magray_orchestration.plans.transitions import Choices

_FENCE = re.compile(r"(`{3,})(.*)")
_TITLE = re.compile(r"# Plan ([0-9a-z-]+)")
_HEADING = re.compile(r"## Step ([0-9]{1,6}):")
_STEP = re.compile(r"- \[([ xX])\] \*\*Step ([0-9]{1,6})\*\*")
_FILE = re.compile(r"- \[([ xX])\] \[.*?\]\(\.\./\.\./\.\./([^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Landmark:
    """A line (from 0) of the document where actions belong: its title, a step's heading or tick, a file's tick.

    ``ticked`` is None for headings.
    """

    line: int
    kind: Literal["plan", "step", "step choice", "file choice"]
    step_id: int | None = None
    path: str = ""
    ticked: bool | None = None


def parse_choices(text: str) -> Choices:
    """The ticks of a document, whatever became of the rest of it.

    Only whole, known lines count; what is inside a fence does not, and a tick that the document has twice with
    different answers says nothing. What is missing stays as it was.
    """
    steps: dict[int, set[bool]] = {}
    files: dict[tuple[int, str], set[bool]] = {}
    for mark in landmarks(text):
        if mark.ticked is None or mark.step_id is None:
            continue
        if mark.kind == "step choice":
            steps.setdefault(mark.step_id, set()).add(mark.ticked)
        else:
            files.setdefault((mark.step_id, mark.path), set()).add(mark.ticked)
    return Choices(
        steps={key: answers.pop() for key, answers in steps.items() if len(answers) == 1},
        files={key: answers.pop() for key, answers in files.items() if len(answers) == 1},
    )


def landmarks(text: str) -> tuple[Landmark, ...]:
    """The lines of a document where actions belong, in order."""
    return tuple(_landmarks(text))


def _landmarks(text: str) -> Iterator[Landmark]:
    fence, step_id = "", None
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text)):
        if found := _FENCE.match(line):
            ticks, rest = found.groups()
            if not fence:
                fence = ticks
                continue
            if len(ticks) >= len(fence) and not rest.strip():
                fence = ""
            continue
        if fence:
            continue
        if _TITLE.match(line) and step_id is None:
            yield Landmark(number, "plan")
        elif found := _HEADING.match(line):
            step_id = int(found[1])
            yield Landmark(number, "step", step_id)
        elif found := _STEP.match(line):
            yield Landmark(number, "step choice", int(found[2]), "", found[1] != " ")
        elif (found := _FILE.match(line)) and step_id is not None:
            path = unquote_to_bytes(found[2]).decode("utf-8", "surrogateescape")
            yield Landmark(number, "file choice", step_id, path, found[1] != " ")
