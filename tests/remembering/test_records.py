"""Records: what is kept comes back as it was written, is found by its words, and goes without a trace."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from magray_testkit.clocks import SetClock
from magray_testkit.planted import TOKENS

from magray_core.errors import WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.privacy.forgetting import Forgettable
from magray_indexers.privacy.proof import prove
from magray_indexers.remembering import records
from magray_indexers.remembering.forgetting import forget_matching, scrub
from magray_indexers.remembering.store import MAX_TEXT, MemoryStore


def note(text: str, **fields: object) -> MemoryRecord:
    return replace(MemoryRecord("", "note", text, "person", 0.0), **fields)  # type: ignore[arg-type]


def test_a_record_comes_back_whole(store: MemoryStore, clock: SetClock) -> None:
    given = note(
        "Rounds to cents", path="a.py", symbol="total", line=7, anchor="def total():", tags=("#money", "x"),
        name="Rounding", due="2026-12-31", tainted=True, key="marker:1",
    )  # fmt: skip
    kept = records.keep(store, given)
    assert kept == replace(
        given, id=kept.id, tags=("money", "x"), created=clock.now, changed=clock.now, revision=kept.revision
    )
    assert records.listed(store) == [kept]
    assert records.find(store, kept.id) == records.find(store, kept.id[:4]) == kept
    assert records.by_key(store, "marker:") == {"marker:1": kept}


def test_a_record_with_a_known_id_takes_the_place_of_the_earlier_one(store: MemoryStore, clock: SetClock) -> None:
    first = records.keep(store, note("zebra"))
    clock.now += 60
    second = records.keep(store, replace(first, text="giraffe"))
    assert (second.created, second.changed) == (first.created, clock.now)
    assert records.listed(store) == [second]
    assert records.search(store, "zebra", 5) == []


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_secrets_are_masked_wherever_they_are_typed(store: MemoryStore, file: Path, name: str) -> None:
    secret = TOKENS[name](random.Random(7))
    said = f"token = {secret}"
    records.keep(store, note(said, name=said, anchor=said, tags=(secret[:60],) if len(secret) <= 60 else ()))
    store.compact()
    assert prove(file.parent, [secret]).hits == ()


def test_order_is_kept_when_the_clock_goes_back(store: MemoryStore, clock: SetClock) -> None:
    for n, jump in enumerate((0.0, -3e7, 9e7, -1e9)):
        clock.now += jump
        records.keep(store, note(f"note {n}"))
    listed = records.listed(store)
    assert [record.text for record in listed] == ["note 3", "note 2", "note 1", "note 0"]
    revisions = [record.revision for record in listed]
    assert revisions == sorted(revisions, reverse=True)
    assert len(set(revisions)) == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rounding", "Prices are rounded to cents in parsePriceList"),
        ("parse price", "Prices are rounded to cents in parsePriceList"),
        ("цена", "Цены округляем до копеек"),
        ("ЦЕНЫ", "Цены округляем до копеек"),
        ("笔记", "这是中文笔记"),
        ("shop/release", "bump the version"),
        ("urgent", "bump the version"),
        ("cafe\u0301", "the café model"),
        ('"quoted" OR (', "a quoted thing"),
    ],
)
def test_notes_are_found_by_words_in_any_form_and_script(store: MemoryStore, query: str, found: str) -> None:
    for text in ("Prices are rounded to cents in parsePriceList", "Цены округляем до копеек", "这是中文笔记"):
        records.keep(store, note(text))
    records.keep(store, note("bump the version", path="shop/release.py", tags=("urgent",)))
    records.keep(store, note("the café model"))
    records.keep(store, note("a quoted thing"))
    assert [hit.record.text for hit in records.search(store, query, 1)] == [found]


@pytest.mark.parametrize("query", ["", "   ", "\x00", "the", "x" * 1_000_000, "* NEAR(a b) {c}: -", "\ud800"])
def test_no_query_breaks_the_search(store: MemoryStore, query: str) -> None:
    records.keep(store, note("something else"))
    assert records.search(store, query, 5) == []


def test_a_note_with_more_of_the_words_comes_first(store: MemoryStore) -> None:
    for text in ("parse config", "parse", "config of the parser in the loader"):
        records.keep(store, note(text))
    hits = records.search(store, "parse config loader", 5)
    assert [hit.record.text for hit in hits] == ["config of the parser in the loader", "parse config", "parse"]
    assert hits[0].score == 1.0


def test_lists_are_filtered_by_kind_path_tag_and_state(store: MemoryStore) -> None:
    records.keep(store, note("a", path="src/a.py", tags=("x", "y")))
    records.keep(store, note("b", path="tests/b.py", tags=("x",)))
    records.keep(store, note("c", kind="todo", done=1.0))
    listed = records.listed
    assert [record.text for record in listed(store, records.Wanted(paths=("src/",)))] == ["a"]
    assert [record.text for record in listed(store, records.Wanted(paths=("*.py", "!b.py")))] == ["a"]
    assert [record.text for record in listed(store, records.Wanted(tags=("x", "y")))] == ["a"]
    assert [record.text for record in listed(store, records.Wanted(kinds=("todo",)))] == ["c"]
    assert [record.text for record in listed(store, records.Wanted(open_only=True))] == ["b", "a"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (note(""), "the note is empty"),
        (note(" \n\x00\x1b\t "), "the note is empty"),
        (note("x" * (MAX_TEXT + 1)), "has 100,001 characters, 100,000 are kept"),
        (note("x" * 1_048_576), "has 1,048,576 characters"),
        (note("x", kind="wish"), "'wish' is no kind of memory"),
        (note("x", due="tomorrow"), "'tomorrow' is not a date"),
        (note("x", due="2026-02-30"), "'2026-02-30' is not a date"),
        (note("x", tags=("two words",)), "'two words' is not a tag"),
        (note("x", tags=("",)), "'' is not a tag"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(store: MemoryStore, wrong: MemoryRecord, sentence: str) -> None:
    with pytest.raises(WorkspaceError, match=sentence) as caught:
        records.keep(store, wrong)
    assert caught.value.hint
    assert records.listed(store) == []


def test_control_characters_go_and_every_script_stays(store: MemoryStore) -> None:
    kept = records.keep(store, note("a\x00b\x1b[31m\r\nفارسی\u200cها 👩\u200d👩\u200d👧 \ud800\tend"))
    assert kept.text == "ab[31m\nفارسی\u200cها 👩\u200d👩\u200d👧 \ufffd\tend"


def test_a_forgotten_record_leaves_no_byte(store: MemoryStore, file: Path) -> None:
    doomed = records.keep(store, note("zebra crossing at midnight"))
    records.keep(store, note("giraffe"))
    assert records.forget(store, [doomed.id, "nothing"]) == (doomed.id,)
    scrub(store)
    assert prove(file.parent, ["zebra", "midnight"]).hits == ()
    assert [record.text for record in records.listed(store)] == ["giraffe"]
    assert records.search(store, "giraffe", 1)


def test_forgetting_by_text_path_or_time_reaches_exactly_what_fits(store: MemoryStore, clock: SetClock) -> None:
    for text, path in (("zebra", ""), ("x", "src/a.py"), ("y", "doc/a.md"), ("tagged", "")):
        records.keep(store, note(text, path=path, tags=("zebra",) if text == "tagged" else ()))
    clock.now += 1000
    late = records.keep(store, note("late"))
    assert len(forget_matching(store, Forgettable(text="zebra"))) == 2
    assert len(forget_matching(store, Forgettable(paths=("src/",)))) == 1
    assert forget_matching(store, Forgettable(since=clock.now, until=clock.now)) == (late.id,)
    assert [record.text for record in records.listed(store)] == ["y"]


def test_a_damaged_value_is_left_out_and_counted_and_not_deleted(store: MemoryStore, file: Path) -> None:
    records.keep(store, note("as it was written"))
    records.keep(store, note("sound"))
    other = sqlite3.connect(file)
    other.execute("UPDATE records SET text = 'as it was wrotten' WHERE text LIKE 'as%'")
    other.commit()
    assert [record.text for record in records.listed(store)] == ["sound"]
    assert store.damaged == 1
    assert other.execute("SELECT count(*) FROM records").fetchone() == (2,)
    other.close()


def test_a_damaged_full_text_index_is_made_again(store: MemoryStore, file: Path) -> None:
    kept = records.keep(store, note("zebra"))
    other = sqlite3.connect(file)
    other.execute("UPDATE record_words_data SET block = x'00ff' WHERE id > 1")
    other.commit()
    other.close()
    assert [hit.record for hit in records.search(store, "zebra", 1)] == [kept]
    records.keep(store, note("another zebra"))
    assert len(records.search(store, "zebra", 5)) == 2
