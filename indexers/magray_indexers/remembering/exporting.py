"""What is remembered as plain values, for export."""

from __future__ import annotations

from dataclasses import asdict

from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.store import MemoryStore


def written(store: MemoryStore) -> dict[str, list[dict[str, object]]]:
    """Records, sessions and messages, the oldest first, each with everything that is known of it."""
    return {
        "records": [asdict(record) for record in reversed(records.listed(store))],
        "sessions": [asdict(session) for session in reversed(sessions.sessions(store))],
        "messages": [asdict(message) for message in sessions.all_messages(store)],
    }
