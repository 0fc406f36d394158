"""Records as a person reads them at a terminal."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from magray_core.display import one_line
from magray_server.cli.running import DONE, FAILED

if TYPE_CHECKING:
    from magray_indexers.privacy.proof import Proof
    from magray_orchestration.usecases.memory import Kept
    from magray_server.cli.terminal import Terminal

_TEXT = 500
_HITS_SHOWN = 10


def day_of(seconds: float) -> str:
    """The day, or the time of today; a time that no calendar has is given as the number."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}"
    return f"{moment:%H:%M}" if moment.date() == datetime.date.fromtimestamp(time.time()) else f"{moment:%Y-%m-%d}"


def say_records(out: Terminal, found: Sequence[Kept], *, none: str = "nothing is remembered") -> None:
    """Each record on a line of facts and a line of text."""
    for kept in found:
        say_record(out, kept)
    out.say(f"{len(found)} {'record' if len(found) == 1 else 'records'}" if found else none, "dim")


def say_record(out: Terminal, kept: Kept) -> None:
    """One record."""
    from magray_orchestration.usecases.tasks import overdue

    record = kept.record
    facts = [day_of(record.created), record.source]
    facts += [f"#{tag}" for tag in record.tags]
    if kept.holder == "user":
        facts.append("every project")
    if record.due:
        facts.append(f"due {record.due}")
    done = record.done is not None
    out.say_parts(
        out.styled(record.id, "cyan"),
        out.styled(f"  {'done ' if done else ''}{record.kind}", "dim" if done else "bold"),
        out.styled(f" {record.name}" if record.name else "", "bold"),
        out.styled(f"  {_place(kept)}" if record.path else "", "cyan"),
        out.styled(f"  {' '.join(facts)}", "red" if overdue(record) else "dim"),
    )
    out.say(f"    {one_line(record.text, _TEXT)}")


def say_forgotten(out: Terminal, proof: Proof, went: dict[str, Any]) -> int:
    """What went and the proof; the exit code is a failure where something is left."""

    def view() -> dict[str, Any]:
        from magray_server.memory_views import ForgottenView, proof_view

        return ForgottenView(**went, proof=proof_view(proof)).for_cli()

    def human() -> None:
        parts = [f"{len(went[kind])} {words}" for kind, words in _WENT if went[kind]]
        out.say(f"forgotten: {', '.join(parts) or 'nothing fitted'}", "bold")
        if not proof.hits:
            out.say(f"searched {proof.files:,} files, {proof.bytes:,} bytes: nothing of it is left", "green")
        for path, form in proof.hits[:_HITS_SHOWN]:
            out.say(f"  still in {path} ({form})", "red")

    out.answer(view, human)
    return FAILED if proof.hits else DONE


_WENT = (("forgotten", "records"), ("files", "files"), ("plans", "plans"))


def _place(kept: Kept) -> str:
    anchor = kept.anchor
    where = f"{anchor.path}:{anchor.start_line}" if kept.record.line or kept.record.symbol else anchor.path
    symbol = f" {anchor.symbol}" if anchor.symbol else ""
    how = {"moved": f" (moved from {kept.record.path})", "changed": " (changed since)", "gone": " (gone)"}
    return f"{where}{symbol}{how.get(anchor.state, '')}"
