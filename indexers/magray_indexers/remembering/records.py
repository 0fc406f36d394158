"""Notes, todos, links, projects and recipes: kept, found, changed, forgotten. They have provenance, never authority."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from magray_core.errors import WorkspaceError
from magray_core.failpoints import failpoint
from magray_core.memory import MemoryRecord
from magray_indexers.privacy.exclusions import is_matched, rules_of
from magray_indexers.remembering.schema import RECORD_WORDS
from magray_indexers.remembering.store import MemoryStore, checked_text, fit, row_sum, words_are_damaged
from magray_indexers.remembering.words import coverage, match_of, words_of

KINDS = ("note", "todo", "link", "project", "recipe")

_COLUMNS = (
    "id", "kind", "name", "text", "source", "created", "changed", "revision", "path", "symbol", "line", "anchor",
    "tags", "due", "done", "tainted", "key",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)}, sum FROM records"
_PUT = (
    f"INSERT INTO records ({', '.join(_COLUMNS)}, sum) VALUES ({','.join('?' * (len(_COLUMNS) + 1))})"
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in (*_COLUMNS[1:], 'sum'))}"
    " RETURNING n"
)
_MAX_NAME, _MAX_TAG, _MAX_TAGS = 200, 60, 30


class Wanted(NamedTuple):
    """Which records: empty parts admit all. ``paths`` are globs as in ignore files, ``tags`` must all be there."""

    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    open_only: bool = False


EVERYTHING = Wanted()


class RecordHit(NamedTuple):
    """A record that was searched for; ``score`` is the share of the query's words in it, 0 for parts of words."""

    record: MemoryRecord
    score: float


@dataclass(frozen=True, slots=True)
class _Row:
    n: int
    record: MemoryRecord


def keep(store: MemoryStore, record: MemoryRecord) -> MemoryRecord:
    """Remember the record, in place of an earlier one with its id; one without an id gets one. Durable when it returns.

    Secrets in it are masked. Its times and revision are the store's, but for a ``created`` that is not 0.
    Raises WorkspaceError if its kind, text, tags or date are none.
    """
    record = _checked(store, record)
    try:
        return _keep(store, record)
    except WorkspaceError as error:
        if not words_are_damaged(error) or store.in_transaction:
            raise
    reindex(store)
    return _keep(store, record)


def _keep(store: MemoryStore, record: MemoryRecord) -> MemoryRecord:
    with store.transaction() as db:
        now, revision = store.clock(), store.next_revision()
        record = replace(
            record,
            id=record.id or store.new_id("records"),
            created=record.created or now,
            changed=now,
            revision=revision,
        )
        row = _row_of(record)
        (n,) = db.execute(_PUT, (*row, row_sum(row))).fetchone()
        _index(db, _Row(n, record))
        failpoint("memory-kept")
    failpoint("memory-acknowledged")
    return record


def find(store: MemoryStore, reference: str) -> MemoryRecord | None:
    """The record with that id, or the only one whose id begins so (two characters or more)."""
    exact = _read(store, f"{_SELECT} WHERE id = ?", reference)
    if exact:
        return exact[0]
    begun = _read(store, f"{_SELECT} WHERE substr(id, 1, ?) = ?", len(reference), reference) if reference[1:] else []
    return begun[0] if len(begun) == 1 else None


def by_key(store: MemoryStore, prefix: str) -> dict[str, MemoryRecord]:
    """The imported records whose key begins so, by key."""
    found = _read(store, f"{_SELECT} WHERE key <> '' AND substr(key, 1, ?) = ?", len(prefix), prefix)
    return {record.key: record for record in found}


def listed(store: MemoryStore, wanted: Wanted = EVERYTHING) -> list[MemoryRecord]:
    """The records that fit, the last made first, whatever the clock said."""
    rules = rules_of(wanted.paths)
    return [
        record
        for record in _read(store, f"{_SELECT} ORDER BY n DESC")
        if (not wanted.kinds or record.kind in wanted.kinds)
        and (not wanted.paths or (record.path != "" and is_matched(rules, record.path)))
        and set(wanted.tags) <= set(record.tags)
        and not (wanted.open_only and record.done is not None)
    ]


def search(store: MemoryStore, query: str, k: int, wanted: Wanted = EVERYTHING) -> list[RecordHit]:
    """Up to ``k`` records that fit, the best first: by words, then those that hold the query as it is written."""
    ranks = _ranked(store, query)
    whole = fit(query).casefold()
    found: list[tuple[float, float, RecordHit]] = []
    for record in listed(store, wanted):
        text = " ".join((record.name, record.text, *_about(record)))
        if record.id in ranks:
            score = coverage(query, text)
            found.append((score, ranks[record.id], RecordHit(record, score)))
        elif whole and whole in text.casefold():
            found.append((0.0, 0.0, RecordHit(record, 0.0)))
    found.sort(key=lambda entry: (entry[0], entry[1], entry[2].record.revision), reverse=True)
    return [hit for _, _, hit in found[:k]]


def forget(store: MemoryStore, ids: Iterable[str]) -> tuple[str, ...]:
    """Delete the records; the ids that there were. ``store.compact`` leaves no copy."""
    gone = []
    with store.transaction() as db:
        for id_ in dict.fromkeys(ids):
            row = db.execute("DELETE FROM records WHERE id = ? RETURNING n", (id_,)).fetchone()
            if row is not None:
                db.execute("DELETE FROM record_words WHERE rowid = ?", row)
                gone.append(id_)
        failpoint("memory-forgotten")
    return tuple(gone)


def reindex(store: MemoryStore) -> None:
    """Make the words of all records again: they are derived, and where damage or forgetting left traces they go."""
    with store.transaction() as db:
        db.execute("DROP TABLE IF EXISTS record_words")
        db.execute(RECORD_WORDS)
        for n, *row in db.execute(f"SELECT n, {', '.join(_COLUMNS)} FROM records").fetchall():
            _index(db, _Row(n, _record(row)))


def parse_due(text: str) -> str:
    """A date as 2026-12-31. Raises WorkspaceError for anything else."""
    try:
        return datetime.date.fromisoformat(text.strip()).isoformat() if text.strip() else ""
    except ValueError as error:
        raise WorkspaceError(f"{text[:40]!r} is not a date", hint="write it as year-month-day: 2026-12-31") from error


def _checked(store: MemoryStore, record: MemoryRecord) -> MemoryRecord:
    if record.kind not in KINDS:
        raise WorkspaceError(f"{record.kind[:40]!r} is no kind of memory", hint=f"one of {', '.join(KINDS)}")
    text = store.cleaned(checked_text(record.text, record.kind))
    tags = tuple(dict.fromkeys(store.cleaned(tag.removeprefix("#")) for tag in record.tags))
    for tag in tags:
        if not tag or len(tag) > _MAX_TAG or any(char.isspace() or char == "," for char in tag):
            raise WorkspaceError(f"{tag[:40]!r} is not a tag", hint="a tag is one word of at most 60 characters")
    if len(tags) > _MAX_TAGS:
        raise WorkspaceError(f"{len(tags)} tags are too many", hint=f"give at most {_MAX_TAGS}")
    return replace(
        record,
        text=text,
        tags=tags,
        name=store.cleaned(record.name)[:_MAX_NAME],
        source=store.cleaned(record.source)[:_MAX_NAME],
        anchor=store.cleaned(record.anchor)[:_MAX_NAME],
        due=parse_due(record.due),
    )


def _row_of(record: MemoryRecord) -> tuple[Any, ...]:
    values = {name: getattr(record, name) for name in _COLUMNS}
    values |= {"tags": json.dumps(record.tags, ensure_ascii=False), "tainted": int(record.tainted)}
    return tuple(float(value) if name in _REALS and value is not None else value for name, value in values.items())


_REALS = frozenset({"created", "changed", "done"})


def _record(row: Iterable[Any]) -> MemoryRecord:
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {"tags": tuple(json.loads(values["tags"])), "tainted": bool(values["tainted"])}
    return MemoryRecord(**values)


def _read(store: MemoryStore, query: str, *values: object) -> list[MemoryRecord]:
    rows = store.rows(query, *values)
    sound = [row[:-1] for row in rows if row_sum(row[:-1]) == row[-1]]
    store.damaged = len(rows) - len(sound)
    return [_record(row) for row in sound]


def _index(db: sqlite3.Connection, row: _Row) -> None:
    record = row.record
    about = words_of(" ".join((record.name, *_about(record))))
    db.execute("DELETE FROM record_words WHERE rowid = ?", (row.n,))
    db.execute("INSERT INTO record_words (rowid, words, about) VALUES (?, ?, ?)", (row.n, words_of(record.text), about))


def _about(record: MemoryRecord) -> tuple[str, ...]:
    return (record.path, record.symbol, *record.tags)


def _ranked(store: MemoryStore, query: str) -> dict[str, float]:
    """BM25 by id of the records that have a word of the query. Damaged words are made again from the records."""
    match = match_of(query)
    if not match:
        return {}
    sql = (
        "SELECT id, -bm25(record_words, 1.0, 0.5) FROM record_words JOIN records ON n = record_words.rowid"
        " WHERE record_words MATCH ?"
    )
    try:
        return dict(store.rows(sql, match))
    except WorkspaceError as error:
        if not words_are_damaged(error):
            raise
    reindex(store)
    return dict(store.rows(sql, match))
