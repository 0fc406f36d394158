"""What the static model's training takes from sources: which pairs, in which words, and which sources it may read."""

from __future__ import annotations

import json
import random
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from magray_models.embedders.static import Vocabulary
from static.training import bags, corpus, other_pairs, python_pairs, russian_pairs, sources, vocabulary

STATIC = Path(__file__).resolve().parents[2] / "models" / "static"
BENCHED = {
    "aeson", "aiohttp", "bats-core", "dapper", "ktor", "lazy.nvim", "pandoc", "phoenix", "plug", "requests", "serde",
    "trpc", "vapor", "vitest", "xmonad", "flask", "click", "httpx", "attrs", "rich", "jinja2", "pytest", "django",
    "fastapi", "pydantic", "celery", "scrapy", "sqlalchemy", "axum", "tokio", "gin", "cobra", "express", "react",
    "redux", "vue", "svelte", "curl", "gson", "okhttp", "retrofit", "guava", "rails", "sinatra", "jekyll", "laravel",
    "symfony", "ecto", "alamofire", "kotlinx", "lodash", "zod", "vite", "axios", "nlohmann-json", "fmtlib",
}  # fmt: skip

PYTHON = '''
"""Small things for reading what people keep in files."""

def load_settings(path):
    """Read the settings from a JSON file.

    :returns: the settings as a dictionary
    """
    # an empty file counts as no settings at all
    text = path.read_text() or "{}"
    return json.loads(text)

def save(path, settings):
    path.write_text(json.dumps(settings, indent=2))
'''
GO = """
// Dial connects to the address on the named network.
func Dial(network, address string) (Conn, error) {
\tdialer := newDialer()
\treturn dialer.Dial(network, address)
}

var other = 1
"""
PO = """
msgid "Save the file"
msgstr "Сохранить файл"

#, fuzzy
msgid "Open the file"
msgstr "Закрыть файл"

msgid ""
"Delete %(count)d "
"folders"
msgstr ""
"Удалить %(count)d папок"
"""


def test_python_gives_its_docstrings_returns_names_and_comments_each_with_code() -> None:
    pairs = {kind: (words, code) for kind, words, code in python_pairs.python_pairs(PYTHON)}
    assert pairs["docstring"][0] == "Read the settings from a JSON file"
    assert "Read the settings" not in pairs["docstring"][1]
    assert "json.loads(text)" in pairs["docstring"][1]
    assert pairs["returns"][0] == "returns the settings as a dictionary"
    assert pairs["name"][0] == "load settings"
    assert "load_settings" not in pairs["name"][1]
    assert pairs["comment"][0] == "an empty file counts as no settings at all"
    assert pairs["module"][1] == "load_settings save"


@pytest.mark.parametrize("broken", ["def (", "\x00", "class A:\n  x = '\n", ""])
def test_python_that_does_not_parse_gives_nothing(broken: str) -> None:
    assert list(python_pairs.python_pairs(broken)) == []


def test_other_languages_give_the_comment_above_a_block_and_the_block_alone() -> None:
    ((kind, words, code), *_) = other_pairs.comment_pairs(GO, "go")
    assert (kind, words) == ("comment", "Dial connects to the address on the named network")
    assert code.startswith("func Dial")
    assert code.endswith("}")


@pytest.mark.parametrize(
    "raw", ["// Copyright 2020 The Authors", "// ok", "// eslint-disable-next-line no-console", "//"]
)
def test_noise_is_no_comment(raw: str) -> None:
    assert other_pairs.comment_words(raw) == ""


def test_headings_go_with_their_sections_and_subjects_with_their_changes() -> None:
    document = "# Reading files\n" + "How files are opened and read. " * 6 + "\n## Next step\nshort\n"
    assert [words for _, words, _ in other_pairs.document_pairs(document)] == ["Reading files"]
    log = "\x01fix: close the socket when the peer goes away (#12)\n+    sock.close()\n-    pass\n context\n"
    ((_, words, changed),) = other_pairs.commit_pairs(log)
    assert words == "close the socket when the peer goes away"
    assert changed == "    sock.close()\n    pass"


def test_catalogues_give_translations_less_placeholders_and_doubtful_ones() -> None:
    pairs = {english: russian for _, english, russian in russian_pairs.catalogue_pairs(PO)}
    assert pairs == {"Save the file": "Сохранить файл", "Delete folders": "Удалить папок"}


def test_a_benched_function_gives_no_pair_and_nothing_is_given_twice(tmp_path: Path) -> None:
    archive = tmp_path / "texts" / "pypi" / "small-1.0-py3-none-any.whl"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("small/a.py", PYTHON)
        zipped.writestr("small/b.py", PYTHON)
    rows = corpus.fresh_rows(archive, set(), set(), random.Random(1))
    assert len(rows) == len({(row["k"], row["a"], row["b"]) for row in rows}) == 6
    bench = tmp_path / "functions.jsonl"
    function = PYTHON[PYTHON.index("def load") : PYTHON.index("def save")].strip()
    bench.write_text(json.dumps({"id": 1, "code": function.replace("    ", "\t")}))
    left = corpus.fresh_rows(archive, corpus.avoided(bench), set(), random.Random(1))
    assert {row["k"] for row in left} == {"module"}


def test_words_of_one_library_get_no_row_and_glossary_words_always_do() -> None:
    rows = [{"a": "read the file", "b": "open_file(path)", "s": f"library{i % 9}"} for i in range(90)]
    rows += [{"a": "frobnicate", "b": "frobnicate()", "s": "library0"} for _ in range(90)]
    words = vocabulary.choose_words(rows, 12, 1, vocabulary.glossary_words("файл, файлы = file\n# note = no\n"))
    assert {"read", "file", "open", "path", "open_file", "файл"} <= set(words)
    assert "frobnicate" not in words


def test_questions_lose_words_gain_openings_and_keep_their_places() -> None:
    words = ["returns", "return", "file", "how", "to", "python", "файл"]
    table = Vocabulary(words, n_buckets=4)
    pairs = [
        {"k": "docstring", "l": "python", "s": "x", "a": "returns file", "b": f"return file {i}"} for i in range(64)
    ]
    examples = bags.Examples.of(pairs, table)
    asking = bags.Asking(table, words, (0.2, 0.5), vocabulary.glossary_pairs("файл = file"))
    everything = np.arange(len(pairs))
    asked = asking.ask(examples.left.take(everything), examples.languages, np.random.default_rng(1))
    assert len(asked.offsets) == len(pairs) + 1
    assert asked.offsets[-1] == len(asked.rows) == len(asked.weights)
    seen = {words[row - 4] for row in asked.rows if row >= 4}
    assert {"returns", "return", "file", "файл", "how", "to", "python"} <= seen


def test_half_of_a_batch_comes_from_few_sources() -> None:
    origin = np.repeat(np.arange(50), 20)
    for batch in bags.batches(origin, 100, 10, np.random.default_rng(1)):
        assert len(set(batch.tolist())) == 100
        assert len(set(origin[batch[:50]].tolist())) <= 18  # of 50; a random half would hold about 32


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True), ("BSD-3-Clause", True), ("Apache Software License", True), ("Expat", True), ("ISC", True),
        ("GPL-3.0-or-later", False), ("LGPL-2.1-only", False), ("MPL-2.0 AND MIT", False), ("", False),
        ("MIT OR GPL-2.0", False), ("CC-BY-4.0", False), ("MIT License; Other/Proprietary License", False),
    ],
)  # fmt: skip
def test_only_permissive_licences_are_listed(licence: str, allowed: bool) -> None:
    assert sources.is_permissive(licence) == allowed


def test_every_listed_source_is_pinned_permissive_and_no_bench() -> None:
    listed = sources.load(STATIC / "sources.toml")
    assert len(listed) > 1_000
    assert [s.name for s in listed if not sources.is_permissive(s.licence)] == []
    assert [s.name for s in listed if s.kind == "git" and len(s.version) != 40] == []
    assert [s.name for s in listed if s.kind != "git" and len(s.sha256) != 64] == []
    assert {s.name.lower().split("/")[-1] for s in listed} & BENCHED == set()
    assert tomllib.loads((STATIC / "sources.toml").read_text("utf-8"))["source"][0].keys() >= {"licence", "sha256"}
