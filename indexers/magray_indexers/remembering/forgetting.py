"""Forgetting what people and tools wrote: records, messages, and the summaries that were made of them."""

from __future__ import annotations

from magray_indexers.privacy.exclusions import is_matched, rules_of
from magray_indexers.privacy.forgetting import Forgettable
from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.store import MemoryStore


def forget_matching(store: MemoryStore, wish: Forgettable) -> tuple[str, ...]:
    """Delete every record and message that fits any part of the wish, and leave no copy in the file.

    Gives the ids of the records, and ``message:<number>`` for messages and for summaries that were made of them.
    """
    rules = rules_of(wish.paths)
    doomed = [
        record.id
        for record in records.listed(store)
        if (record.path and is_matched(rules, record.path))
        or (
            wish.text and wish.text in "\n".join((record.text, record.name, record.anchor, record.source, *record.tags))
        )
        or wish.within(record.created)
    ]
    said = [
        message.n
        for message in sessions.all_messages(store)
        if (wish.text and wish.text in f"{message.text}\n{message.source}") or wish.within(message.created)
    ]
    with store.transaction() as db:
        gone = records.forget(store, doomed)
        unsaid = sessions.forget_messages(store, said)
        if wish.text:
            db.execute("UPDATE sessions SET title = '' WHERE instr(title, ?)", (wish.text,))
    scrub(store)
    return (*gone, *(f"message:{n}" for n in unsaid))


def scrub(store: MemoryStore) -> None:
    """Leave no trace of what was deleted: full-text indexes are made again, the file is compacted. Blocks."""
    records.reindex(store)
    sessions.reindex(store)
    store.compact()
