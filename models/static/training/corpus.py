"""Every source to one file of pairs: ``python -m static.training.corpus --sources FILE --texts DIR --out FILE``.

Each line has the kind, the language, the source, the words and the code. Sources are read one at a time; pairs whose
code or words stand in a bench's functions (``--avoid functions.jsonl``) are dropped, and so is every repetition.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import random
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from static.training import other_pairs, python_pairs, russian_pairs, texts
from static.training.sources import load

log = logging.getLogger(__name__)

MAX_PAIRS = 9_000
_ENGLISH_TWIN = (
    ("/guide-ru/", "/guide/"), ("/ru-RU/", "/en-US/"), (".ru-RU.md", ".md"), ("/rust-by-example-ru/", "/"),
    ("/translations/ru.json", "/translations/en.json"), ("/ru-RU.json", "/en.json"),
    ("locale_ru-RU.ini", "locale_en-US.ini"),
)  # fmt: skip
_IN_RUSSIAN = re.compile(r"(?:^|[/._-])ru(?:[/._-]|$)")


def pairs_of(archive: Path) -> Iterator[tuple[str, python_pairs.Pair]]:
    """(language, pair) for everything that one source gives; a ``.log`` is a history."""
    if archive.suffix == ".log":
        log_text = archive.read_text(encoding="utf-8", errors="replace")
        yield from (("text", pair) for pair in other_pairs.commit_pairs(log_text))
        return
    twins: dict[str, str] = {}
    for name, text in texts.files(archive):
        suffix = PurePosixPath(name).suffix.lower()
        language = texts.LANGUAGES.get(suffix)
        if language:
            found = (
                python_pairs.python_pairs(text) if language == "python" else other_pairs.comment_pairs(text, language)
            )
            yield from ((language, pair) for pair in found)
        elif suffix == ".po":
            found = russian_pairs.catalogue_pairs(text) if _IN_RUSSIAN.search(name) else iter(())
            yield from (("russian", pair) for pair in found)
        else:
            twins[name] = text
            documented = suffix in texts.DOCUMENTS
            found = other_pairs.document_pairs(text) if documented else russian_pairs.own_catalogue_pairs(name, text)
            yield from (("text", pair) for pair in found)
    yield from (("russian", pair) for pair in twin_pairs(twins))


def twin_pairs(files: dict[str, str]) -> Iterator[python_pairs.Pair]:
    """Translations found in files that stand beside their English twin."""
    for name, russian in files.items():
        for russian_part, english_part in _ENGLISH_TWIN:
            english = files.get(name.replace(russian_part, english_part)) if russian_part in name else None
            if english is not None:
                yield from russian_pairs.twin_pairs(name, english, russian)


def fingerprint(text: str) -> bytes:
    """The same for texts that differ only in case, white space and quotes."""
    return hashlib.blake2b(re.sub(r"[\s'\"]+", "", text.lower()).encode("utf-8", "replace"), digest_size=8).digest()


def avoided(functions: Path) -> set[bytes]:
    """Fingerprints of a bench's functions: whole, each piece that would be a pair, the docstring's first sentence."""
    found = set()
    for line in functions.read_text(encoding="utf-8").splitlines():
        code = json.loads(line)["code"]
        found.add(fingerprint(code))
        for kind, words, piece in python_pairs.python_pairs(code):
            found.add(fingerprint(piece))
            if kind in ("docstring", "documented"):
                found.add(fingerprint(words))
    return found


def fresh_rows(archive: Path, benched: set[bytes], seen: set[bytes], rng: random.Random) -> list[dict[str, str]]:
    """The source's pairs that are in no bench and were not seen before; every translation and ``MAX_PAIRS`` others."""
    translations, others = [], []
    for language, (kind, words, code) in pairs_of(archive):
        mark = fingerprint(kind + words + code)
        if mark in seen or not benched.isdisjoint((fingerprint(words), fingerprint(code))):
            continue
        seen.add(mark)
        row = {"k": kind, "l": language, "s": archive.name, "a": words, "b": code}
        (translations if kind == "translation" else others).append(row)
    return translations + (others if len(others) <= MAX_PAIRS else rng.sample(others, MAX_PAIRS))


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--avoid", type=Path)
    parser.add_argument("--part", default="0/1", help="this share of the sources: i/n")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    part, n_parts = map(int, arguments.part.split("/"))
    listed = {source.file for source in load(arguments.sources)}
    archives = sorted(p for p in arguments.texts.glob("*/*") if p.name in listed or p.suffix == ".log")
    benched = avoided(arguments.avoid) if arguments.avoid else set()
    seen: set[bytes] = set()
    rng = random.Random(1)
    with arguments.out.open("w", encoding="utf-8") as out:
        for archive in archives[part::n_parts]:
            rows = fresh_rows(archive, benched, seen, rng)
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            log.info("%s: %d pairs", archive.name, len(rows))


if __name__ == "__main__":
    main()
