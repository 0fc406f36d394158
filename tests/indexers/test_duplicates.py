"""Copies of the same text are shown once, with the places of the others."""

from __future__ import annotations

from pathlib import Path

from magray_testkit.indexed import indexed

from magray_indexers.ranking.duplicates import are_alike, sketch

BODY = "".join(f"    total_{i} = add(total_{i - 1}, weights[{i}] * values[{i}])\n" for i in range(30))


def test_a_copied_file_is_one_hit_that_names_its_copies(tmp_path: Path) -> None:
    text = f"def weigh(values, weights):\n{BODY}    return total_29\n"
    files = {f"{name}/weighing.py": text for name in ("a", "b", "vendor")}
    files["other.py"] = "def weigh_nothing():\n    return 0\n"
    hits = indexed(tmp_path, files).index.search("weigh values", 5).hits
    (shown,) = [hit for hit in hits if hit.path.endswith("weighing.py")]
    copies = {f"{name}/weighing.py:1" for name in ("a", "b", "vendor")}
    assert {f"{shown.path}:1", *shown.also} == copies


def test_texts_that_share_half_are_no_copies() -> None:
    half = BODY[: len(BODY) // 2]
    assert are_alike(sketch(BODY), sketch(BODY + "    done()\n"))
    assert not are_alike(sketch(BODY), sketch(half + half.replace("add", "subtract").replace("total", "rest")))


def test_short_and_empty_texts_are_no_copies_of_anything() -> None:
    assert not are_alike(sketch("return 0"), sketch("return 0"))
    assert not are_alike(sketch(""), sketch(""))
