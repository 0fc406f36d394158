"""The JSON answers about what is remembered; see ``views`` for what both faces do with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from magray_server.views import View
from magray_server.why import STATES, reasons

if TYPE_CHECKING:
    from magray_indexers.graph.model import Graph
    from magray_indexers.privacy.proof import Proof
    from magray_indexers.remembering.sessions import Message, Session
    from magray_orchestration.usecases.memory import Kept
    from magray_orchestration.usecases.recollecting import Found
    from magray_orchestration.usecases.tasks import Taken


class RecordView(View):
    """A record and where it stands. ``holder`` is ``project`` or ``user``; lines from 1, 0 for a record about no place.

    ``path`` and lines are those of now, ``was`` the path it was noted at where that is another. ``state`` is ``there``,
    ``moved``, ``changed``, ``gone``, or "" without a place. Times are seconds since 1970.
    """

    id: str
    kind: str
    name: str
    text: str
    source: str
    holder: str
    created: float
    changed: float
    tags: list[str]
    due: str
    done: float | None
    overdue: bool
    tainted: bool
    path: str
    start_line: int
    end_line: int
    symbol: str
    state: str
    was: str


class RecordsView(View):
    """The answer of ``memory list``."""

    records: list[RecordView]


class TasksView(View):
    """The answer of ``tasks list``."""

    tasks: list[RecordView]


class TakenView(View):
    """The answer of ``tasks import``."""

    new: int
    moved: int
    gone: int
    same: int


class ProofView(View):
    """What was searched after forgetting; ``hits`` names the files in which something of it still is."""

    files: int
    bytes: int
    hits: list[str]


class ForgottenView(View):
    """The answer of ``memory forget``: ids of records and messages, files, plans."""

    forgotten: list[str]
    files: list[str]
    plans: list[str]
    vectors: int
    proof: ProofView


class SessionView(View):
    """A session in short."""

    id: str
    title: str
    started: float
    changed: float
    messages: int
    folded: int
    tokens: int


class SessionsView(View):
    """The answer of ``memory sessions``."""

    sessions: list[SessionView]


class MessageView(View):
    """A message; ``folded`` is the number of the summary that stands for it, or None."""

    session: str
    n: int
    role: str
    text: str
    tokens: int
    source: str
    tainted: bool
    tool: str
    created: float
    folded: int | None


class MessageHitView(MessageView):
    """A message that was recalled."""

    score: float


class RecallView(View):
    """The answer of ``memory recall``."""

    hits: list[MessageHitView]


class NodeView(View):
    """A thing in the graph; ``line`` from 1, 0 for none."""

    id: str
    kind: str
    label: str
    path: str
    line: int
    detail: str


class EdgeView(View):
    """A link in the graph."""

    source: str
    target: str
    kind: str
    weight: float
    origin: str


class GraphView(View):
    """The answer of ``memory graph``."""

    centre: str
    nodes: list[NodeView]
    edges: list[EdgeView]
    notes: list[str]


def record_view(kept: Kept) -> RecordView:
    """A record with its place."""
    from magray_orchestration.usecases.tasks import overdue

    record, anchor = kept.record, kept.anchor
    return RecordView(
        id=record.id, kind=record.kind, name=record.name, text=record.text, source=record.source, holder=kept.holder,
        created=round(record.created, 3), changed=round(record.changed, 3), tags=list(record.tags), due=record.due,
        done=record.done, overdue=overdue(record), tainted=record.tainted, path=anchor.path,
        start_line=anchor.start_line, end_line=anchor.end_line, symbol=anchor.symbol, state=anchor.state,
        was=record.path if record.path != anchor.path else "",
    )  # fmt: skip


def record_views(found: Iterable[Kept]) -> list[RecordView]:
    """Records in the order given."""
    return [record_view(one) for one in found]


def taken_view(taken: Taken) -> TakenView:
    """What an import did."""
    return TakenView(new=taken.new, moved=taken.moved, gone=taken.gone, same=taken.same)


def proof_view(proof: Proof) -> ProofView:
    """A proof; each file is named once for each form in which something was found."""
    return ProofView(files=proof.files, bytes=proof.bytes, hits=[f"{path} ({form})" for path, form in proof.hits])


def session_view(session: Session) -> SessionView:
    """A session in short."""
    return SessionView(
        id=session.id, title=session.title, started=round(session.started, 3), changed=round(session.changed, 3),
        messages=session.messages, folded=session.folded, tokens=session.tokens,
    )  # fmt: skip


def message_view(message: Message) -> MessageView:
    """A message."""
    return MessageView(
        session=message.session, n=message.n, role=message.role, text=message.text, tokens=message.tokens,
        source=message.source, tainted=message.tainted, tool=message.tool, created=round(message.created, 3),
        folded=message.folded,
    )  # fmt: skip


def message_hit_view(message: Message, score: float) -> MessageHitView:
    """A recalled message."""
    return MessageHitView(**message_view(message).model_dump(), score=round(score, 3))


def graph_view(graph: Graph) -> GraphView:
    """A part of the graph."""
    return GraphView(
        centre=graph.centre,
        nodes=[
            NodeView(id=node.id, kind=node.kind.value, label=node.label, path=node.path, line=node.line,
                     detail=node.detail)
            for node in graph.nodes
        ],
        edges=[
            EdgeView(source=edge.source, target=edge.target, kind=edge.kind.value, weight=round(edge.weight, 4),
                     origin=edge.origin)
            for edge in graph.edges
        ],
        notes=list(graph.notes),
    )  # fmt: skip


class FoundView(View):
    """A hit of ``magray/memory/search``. ``source`` is ``code``, ``records`` or ``sessions``; lines from 1, or 0.

    ``id`` is the record's, or ``session:<name>`` for what was said; "" for code. ``scores`` explains hits in code,
    ``why`` says it in words, ``also`` names the places, as ``path:line``, with the same text but for details.
    """

    source: str
    id: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float
    scores: dict[str, float]
    snippet: str
    tags: list[str]
    state: str
    tainted: bool
    also: list[str]
    why: list[str]


def found_view(found: Found) -> FoundView:
    """A hit of any source."""
    from magray_core.memory import Hit
    from magray_orchestration.usecases.memory import Kept

    hit, score = found.hit, round(found.score, 6)
    if isinstance(hit, Hit):
        return FoundView(
            source="code", id="", path=hit.path, start_line=hit.start_line, end_line=hit.end_line, symbol=hit.symbol,
            kind=hit.kind, score=score, scores={name: round(part, 6) for name, part in hit.scores.items()},
            snippet=hit.snippet, tags=[], state="there", tainted=False, also=list(hit.also), why=reasons(hit.scores),
        )  # fmt: skip
    if isinstance(hit, Kept):
        record, anchor = hit.record, hit.anchor
        return FoundView(
            source="records", id=record.id, path=anchor.path, start_line=anchor.start_line, end_line=anchor.end_line,
            symbol=anchor.symbol, kind=record.kind, score=score, scores={}, snippet=record.text,
            tags=list(record.tags), state=anchor.state, tainted=record.tainted, also=[],
            why=[f"a {record.kind} with words of the question", *_doubts(record.tainted, anchor.state)],
        )  # fmt: skip
    return FoundView(
        source="sessions", id=f"session:{hit.session}", path="", start_line=0, end_line=0, symbol="", kind=hit.role,
        score=score, scores={}, snippet=hit.text, tags=[], state="", tainted=hit.tainted, also=[],
        why=["said with words of the question", *_doubts(hit.tainted, "")],
    )  # fmt: skip


def _doubts(tainted: bool, state: str) -> list[str]:
    """Why a record or message may not be what it was."""
    doubts = ["it came from a tool or a page, not from you"] if tainted else []
    return doubts + ([STATES[state]] if state in STATES else [])
