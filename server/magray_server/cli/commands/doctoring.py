"""``magray doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_server.cli.opening import open_root
from magray_server.cli.running import DONE, FAILED, Invocation
from magray_server.cli.terminal import Terminal

if TYPE_CHECKING:
    from magray_orchestration.usecases.doctor import IndexState, Report

_MARKS = {"ok": ("ok", "green"), "warning": ("!", "yellow"), "problem": ("x", "red"), "off": ("-", "dim")}


def run(call: Invocation) -> int:
    """Check everything; 1 if something is broken."""
    from magray_orchestration.usecases.doctor import examine

    report = examine(open_root(call))
    call.out.answer(lambda: _view(report), lambda: _say(call.out, report))
    return DONE if report.ok else FAILED


def _view(report: Report) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "checks": [
            {"name": check.name, "state": check.state, "text": check.text, "hint": check.hint}
            for check in report.checks
        ],
        "index": {} if report.index is None else _index_view(report.index),
        "settings": [
            {"key": key, "value": value, "source": source}
            for key, value, source in (report.settings.values() if report.settings else ())
        ],
    }


def _index_view(index: IndexState) -> dict[str, Any]:
    return {
        "generation": index.generation, "files": index.files, "chunks": index.chunks, "symbols": index.symbols,
        "languages": dict(index.languages), "skipped": dict(index.skipped), "head": index.head,
        "age_s": round(index.age_s, 1), "complete": index.complete,
    }  # fmt: skip


def _say(out: Terminal, report: Report) -> None:
    for check in report.checks:
        mark, style = _MARKS[check.state]
        out.say_parts(
            out.styled(f"{mark:>2} ", style), out.styled(f"{check.name:<13}", "bold"), out.styled(check.text, "")
        )
        if check.hint:
            out.say(f"                {check.hint}", "dim")
    if report.index is not None:
        _say_index(out, report.index)
    if report.settings is not None:
        out.say()
        out.say("Settings", "bold")
        for key, value, source in report.settings.values():
            out.say(f"  {key:<26} {value!s:<10} {source}", "dim" if source == "default" else "")


def _say_index(out: Terminal, index: IndexState) -> None:
    out.say()
    out.say("Languages", "bold")
    out.say("  " + (", ".join(f"{name} {count}" for name, count in list(index.languages.items())[:12]) or "none"))
    if index.skipped:
        out.say("Skipped", "bold")
        for reason, count in index.skipped.items():
            out.say(f"  {count:>6,} {reason}")
