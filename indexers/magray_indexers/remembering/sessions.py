"""Short-term memory: conversations with their tool passages, folded when they grow long, found again by words.

Folding keeps the originals: they are archived under their summary until they are forgotten.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from magray_core.errors import WorkspaceError
from magray_core.failpoints import failpoint
from magray_indexers.remembering.folding import Said, Summarise, estimate_tokens, extract
from magray_indexers.remembering.schema import MESSAGE_WORDS
from magray_indexers.remembering.store import MemoryStore, fit, row_sum, words_are_damaged
from magray_indexers.remembering.words import coverage, match_of, words_of

Role = Literal["person", "assistant", "tool", "summary"]

BUDGET_TOKENS = 8_000
"""What a session's live messages may have together before the oldest are folded."""
MAX_MESSAGE = 1_000_000
"""Code points of one message; a longer tool passage is cut, with a line that says so."""

_KEEP_SHARE, _SUMMARY_SHARE = 0.5, 0.25
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
_COLUMNS = ("role", "text", "tokens", "source", "tainted", "tool", "arguments", "created")
_SELECT = (
    f"SELECT messages.n, sessions.id, folded, {', '.join(_COLUMNS)}, sum"
    " FROM messages JOIN sessions ON sessions.n = session"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """What is to be remembered of a conversation.

    A tool's passage names its tool and the hash of its arguments; ``tainted`` says that nobody vouches for the text.
    """

    role: Role
    text: str
    source: str = "person"
    tool: str = ""
    arguments: str = ""
    tainted: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is kept. ``n`` orders messages, ``folded`` is the summary that stands for it, or None."""

    n: int
    session: str
    role: Role
    text: str
    tokens: int
    source: str
    tainted: bool
    tool: str
    arguments: str
    created: float
    folded: int | None


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation in short: its messages, how many of them are folded, the tokens of what is live."""

    id: str
    title: str
    started: float
    changed: float
    messages: int
    folded: int
    tokens: int


class MessageHit(NamedTuple):
    """A message or summary that was recalled; ``score`` is the share of the query's words in it."""

    message: Message
    score: float


def remember(
    store: MemoryStore, session: str, passage: Passage, *, budget: int = BUDGET_TOKENS, summarise: Summarise = extract
) -> Message:
    """Add to a session, which begins with its first message; what no longer fits the budget is folded.

    Durable when it returns; secrets are masked. Raises WorkspaceError for an empty text or a name that is none.
    """
    if not _NAME.fullmatch(session.strip()):
        raise WorkspaceError(f"{session[:40]!r} cannot be a session's name", hint="one line of up to 80 characters")
    text = fit(passage.text)
    if not text:
        raise WorkspaceError("the message is empty", hint="say what should be remembered")
    if len(text) > MAX_MESSAGE:
        text = f"{text[:MAX_MESSAGE]}\n[{len(text) - MAX_MESSAGE:,} more characters were not kept]"
    said = replace(passage, text=text)
    try:
        n = _say(store, session.strip(), said)
    except WorkspaceError as error:
        if not words_are_damaged(error):
            raise
        reindex(store)
        n = _say(store, session.strip(), said)
    failpoint("message-acknowledged")
    fold(store, session.strip(), budget=budget, summarise=summarise)
    return _message(store, n)


def fold(store: MemoryStore, session: str, *, budget: int = BUDGET_TOKENS, summarise: Summarise = extract) -> bool:
    """Fold the oldest messages of a session that has more tokens than the budget; whether anything was folded.

    The newest messages stay, up to half of the budget; an earlier summary is folded with them, so that there is one.
    """
    live = context(store, session)
    if sum(message.tokens for message in live) <= budget:
        return False
    kept_tokens, cut = 0, len(live) - 1
    while cut > 0 and live[cut - 1].role != "summary" and kept_tokens + live[cut].tokens <= budget * _KEEP_SHARE:
        kept_tokens += live[cut].tokens
        cut -= 1
    old = live[:cut] or live[:1]
    if len(old) == 1 and old[0].role == "summary":
        return False
    said = [Said(message.role, message.text) for message in old]
    text = summarise(said, max(1, int(budget * _SUMMARY_SHARE))) or "(nothing of this could be put in few words)"
    summary = Passage(
        "summary", text, f"fold:{len(old)} messages", tainted=any(message.tainted for message in old)
    )  # fmt: skip
    with store.transaction() as db:
        marks = ",".join("?" * len(old))
        numbers = [message.n for message in old]
        left = db.execute(f"SELECT count(*) FROM messages WHERE folded IS NULL AND n IN ({marks})", numbers).fetchone()
        if left[0] != len(old):
            return False  # another process folded them meanwhile
        (number,) = db.execute("SELECT session FROM messages WHERE n = ?", (numbers[0],)).fetchone()
        n = _insert(store, db, number, summary)
        db.execute(f"UPDATE messages SET folded = ? WHERE n IN ({marks})", (n, *numbers))
        failpoint("session-folded")
    return True


def context(store: MemoryStore, session: str) -> list[Message]:
    """What a session comes to: its summary, if it was folded, then the live messages in order."""
    found = _read(store, f"{_SELECT} WHERE sessions.id = ? AND folded IS NULL ORDER BY messages.n", session)
    return sorted(found, key=lambda message: message.role != "summary")


def transcript(store: MemoryStore, session: str) -> list[Message]:
    """Every message of a session in the order it was said, folded or not, without summaries."""
    found = _read(store, f"{_SELECT} WHERE sessions.id = ? ORDER BY messages.n", session)
    return [message for message in found if message.role != "summary"]


def sessions(store: MemoryStore) -> list[Session]:
    """Every session, the last changed first."""
    return [
        Session(*row)
        for row in store.rows(
            "SELECT id, title, started, changed, count(m.n) FILTER (WHERE m.role <> 'summary'),"
            " count(m.n) FILTER (WHERE m.role <> 'summary' AND m.folded IS NOT NULL),"
            " coalesce(sum(m.tokens) FILTER (WHERE m.folded IS NULL), 0)"
            " FROM sessions LEFT JOIN messages AS m ON m.session = sessions.n GROUP BY sessions.n"
            " ORDER BY revision DESC"
        )
    ]


def recall(store: MemoryStore, query: str, k: int) -> list[MessageHit]:
    """Up to ``k`` messages and summaries that have words of the query, best first, later ones before earlier."""
    ranks = _ranked(store, query)
    numbers = sorted(ranks, key=lambda n: -ranks[n])[: max(200, k)]
    found = _read(store, f"{_SELECT} WHERE messages.n IN ({','.join('?' * len(numbers))})", *numbers)
    hits = [MessageHit(message, coverage(query, message.text)) for message in found]
    hits.sort(key=lambda hit: (hit.score, ranks[hit.message.n], hit.message.n), reverse=True)
    return hits[:k]


def forget_sessions(store: MemoryStore, ids: Iterable[str]) -> tuple[str, ...]:
    """Delete sessions with everything said in them; the ids that there were."""
    gone = []
    with store.transaction() as db:
        for id_ in dict.fromkeys(ids):
            numbers = db.execute(
                "SELECT messages.n FROM messages JOIN sessions ON sessions.n = session WHERE id = ?", (id_,)
            ).fetchall()
            db.executemany("DELETE FROM message_words WHERE rowid = ?", numbers)
            if db.execute("DELETE FROM sessions WHERE id = ?", (id_,)).rowcount:
                gone.append(id_)
        failpoint("memory-forgotten")
    return tuple(gone)


def forget_messages(store: MemoryStore, numbers: Sequence[int]) -> tuple[int, ...]:
    """Delete messages and every summary that was made of them, whose other messages are live again; what went."""
    with store.transaction() as db:
        doomed: set[int] = set()
        pending = set(numbers)
        while pending:
            doomed |= pending
            marks = ",".join("?" * len(pending))
            rows = db.execute(f"SELECT DISTINCT folded FROM messages WHERE n IN ({marks})", tuple(pending)).fetchall()
            pending = {n for (n,) in rows if n is not None} - doomed
        gone = [n for n in sorted(doomed) if db.execute("DELETE FROM messages WHERE n = ?", (n,)).rowcount]
        db.executemany("DELETE FROM message_words WHERE rowid = ?", [(n,) for n in doomed])
        db.execute("DELETE FROM sessions WHERE n NOT IN (SELECT session FROM messages)")
    return tuple(gone)


def reindex(store: MemoryStore) -> None:
    """Make the words of all messages again; see ``records.reindex``."""
    with store.transaction() as db:
        db.execute("DROP TABLE IF EXISTS message_words")
        db.execute(MESSAGE_WORDS)
        for n, text in db.execute("SELECT n, text FROM messages").fetchall():
            db.execute("INSERT INTO message_words (rowid, words) VALUES (?, ?)", (n, words_of(text)))


def all_messages(store: MemoryStore) -> list[Message]:
    """Every message and summary, in order."""
    return _read(store, f"{_SELECT} ORDER BY messages.n")


def _say(store: MemoryStore, session: str, passage: Passage) -> int:
    with store.transaction() as db:
        n = _insert(store, db, _session_number(store, db, session, passage.text), passage)
        failpoint("message-kept")
    return n


def _session_number(store: MemoryStore, db: sqlite3.Connection, session: str, text: str) -> int:
    now, revision = store.clock(), store.next_revision()
    title = store.cleaned(" ".join(text.split()))[:80]
    return int(
        db.execute(
            "INSERT INTO sessions (id, title, started, changed, revision) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET changed = excluded.changed, revision = excluded.revision RETURNING n",
            (session, title, now, now, revision),
        ).fetchone()[0]
    )


def _insert(store: MemoryStore, db: sqlite3.Connection, session: int, passage: Passage) -> int:
    text = store.cleaned(passage.text)
    row = (
        passage.role, text, estimate_tokens(text), store.cleaned(passage.source), int(passage.tainted),
        store.cleaned(passage.tool), passage.arguments, float(store.clock()),
    )  # fmt: skip
    sql = f"INSERT INTO messages (session, {', '.join(_COLUMNS)}, sum) VALUES (?,?,?,?,?,?,?,?,?,?)"
    n = db.execute(sql, (session, *row, row_sum(row))).lastrowid
    db.execute("INSERT INTO message_words (rowid, words) VALUES (?, ?)", (n, words_of(text)))
    return int(n or 0)


def _message(store: MemoryStore, n: int) -> Message:
    return _read(store, f"{_SELECT} WHERE messages.n = ?", n)[0]


def _read(store: MemoryStore, query: str, *values: object) -> list[Message]:
    rows: list[tuple[Any, ...]] = store.rows(query, *values)
    sound = [row[:-1] for row in rows if row_sum(row[3:-1]) == row[-1]]
    store.damaged = len(rows) - len(sound)
    return [
        Message(n, session, role, text, tokens, source, bool(tainted), tool, arguments, created, folded)
        for n, session, folded, role, text, tokens, source, tainted, tool, arguments, created in sound
    ]


def _ranked(store: MemoryStore, query: str) -> dict[int, float]:
    """BM25 by number of the messages that have a word of the query."""
    match = match_of(query)
    if not match:
        return {}
    sql = "SELECT rowid, -bm25(message_words) FROM message_words WHERE message_words MATCH ?"
    try:
        return dict(store.rows(sql, match))
    except WorkspaceError as error:
        if not words_are_damaged(error):
            raise
    reindex(store)
    return dict(store.rows(sql, match))
