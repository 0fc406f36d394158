"""Pairs as bags of table rows, cut into batches and turned into questions: everything before the arithmetic."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from magray_models.embedders.static import Vocabulary

Ints = NDArray[np.int64]
_AT_ONCE = 2_048
_TONGUES = 4
OPENINGS = ("how to", "how to", "", "", "", "how do i", "function to", "what is the way to")
SHARES = {
    "documented": 0.7, "name": 0.4, "test": 0.4, "comment": 0.6, "docstring c": 0.3, "docstring java": 0.5,
    "comment cpp": 0.3, "commit": 0.7,
}  # fmt: skip
REPEATS = {"translation": 4}


@dataclass(frozen=True, slots=True)
class Bag:
    """Token rows of several texts, back to back, with damped counts; ``offsets`` has one more entry than texts."""

    rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    offsets: Ints

    @staticmethod
    def of(texts: list[str], vocabulary: Vocabulary) -> Bag:
        """The bag of each text."""
        rows, weights, lengths = [], [], []
        for start in range(0, len(texts), _AT_ONCE):
            found = [vocabulary.rows(text) for text in texts[start : start + _AT_ONCE]]
            keys = np.repeat(np.arange(len(found)) << 32, [len(each) for each in found])
            keys += np.fromiter(chain.from_iterable(found), dtype=np.int64, count=len(keys))
            unique, counts = np.unique(keys, return_counts=True)
            rows.append((unique & 0xFFFFFFFF).astype(np.int32))
            weights.append((1 + np.log(counts)).astype(np.float32))
            lengths.append(np.bincount(unique >> 32, minlength=len(found)))
        return Bag(
            np.concatenate(rows), np.concatenate(weights), np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        )

    def take(self, wanted: Ints) -> Bag:
        """The wanted texts only, in that order."""
        lengths = self.offsets[wanted + 1] - self.offsets[wanted]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[wanted], lengths)
        return Bag(self.rows[at], self.weights[at], offsets)

    def keep(self, chosen: NDArray[np.bool_]) -> Bag:
        """Without the tokens that are not chosen."""
        passed = np.concatenate([[0], np.cumsum(chosen)])
        return Bag(self.rows[chosen], self.weights[chosen], passed[self.offsets])

    def thinned(self, most: int, rng: np.random.Generator) -> Bag:
        """About ``most`` tokens at random of each text that has more."""
        lengths = np.diff(self.offsets)
        return self.keep(rng.random(len(self.rows)) * np.repeat(lengths, lengths) < most)


@dataclass(frozen=True, slots=True)
class Examples:
    """The pairs as numbers: both sides' bags, and for each pair its language, source and what it equals."""

    left: Bag
    right: Bag
    languages: NDArray[np.str_]
    sources: Ints
    same_left: Ints
    same_right: Ints
    translated: NDArray[np.bool_]

    @staticmethod
    def of(pairs: list[dict[str, str]], vocabulary: Vocabulary) -> Examples:
        """Those of the pairs in which both sides have words."""
        left, right = (Bag.of([pair[side] for pair in pairs], vocabulary) for side in "ab")
        full = np.flatnonzero((np.diff(left.offsets) > 0) & (np.diff(right.offsets) > 0))
        pairs = [pairs[i] for i in full]
        return Examples(
            left.take(full),
            right.take(full),
            np.array([pair["l"] for pair in pairs]),
            numbers([pair["s"] for pair in pairs]),
            numbers([pair["a"].lower() for pair in pairs]),
            numbers([pair["b"] for pair in pairs]),
            np.array([pair["k"] in ("translation", "glossary") for pair in pairs]),
        )

    def save(self, out: Path, words: list[str], n_buckets: int) -> None:
        """Write everything that training needs."""
        arrays = {f"{side}.{f}": getattr(getattr(self, side), f) for side in ("left", "right") for f in Bag.__slots__}
        arrays |= {name: getattr(self, name) for name in Examples.__slots__ if name not in ("left", "right")}
        np.savez(out, words=np.array("\n".join(words)), n_buckets=n_buckets, **arrays)

    @staticmethod
    def load(path: Path) -> tuple[Examples, list[str], int]:
        """(examples, words, n_buckets) as they were saved."""
        with np.load(path, allow_pickle=False) as archive:
            bags = [Bag(*(archive[f"{side}.{name}"] for name in Bag.__slots__)) for side in ("left", "right")]
            rest = [archive[name] for name in Examples.__slots__ if name not in ("left", "right")]
            return Examples(*bags, *rest), str(archive["words"]).split("\n"), int(archive["n_buckets"])


def load_pairs(files: list[Path], rng: random.Random, part: float = 1.0) -> list[dict[str, str]]:
    """All rows, thinned where one kind would drown the others and repeated where one is rare."""
    rows = []
    for file in files:
        for line in file.open(encoding="utf-8"):
            if rng.random() > part and '"translation"' not in line[:24]:
                continue
            row = json.loads(line)
            share = min(SHARES.get(row["k"], 1.0), SHARES.get(f"{row['k']} {row['l']}", 1.0))
            if rng.random() < share:
                rows += [row] * REPEATS.get(row["k"], 1)
    return rows


def batches(sources: Ints, size: int, group: int, rng: np.random.Generator) -> list[Ints]:
    """One epoch: half of each batch is groups from one source, hard to tell apart; the other half is anything."""
    half = len(sources) // 2
    order = rng.permutation(len(sources))
    grouped = order[:half][np.argsort(sources[order[:half]], kind="stable")]
    groups = [grouped[at : at + group] for at in range(0, half, group)]
    mixed = np.concatenate([groups[i] for i in rng.permutation(len(groups))])
    share = size // 2
    return [
        np.concatenate([mixed[at : at + share], order[half + at : half + at + share]])
        for at in range(0, half - share + 1, share)
    ]


def numbers(texts: list[str]) -> Ints:
    """One number for each text, the same for the same text."""
    return np.array([zlib.crc32(text.encode("utf-8", "replace")) for text in texts], dtype=np.int64)


class Asking:
    """Makes questions of statements: drops words, turns ``returns`` into ``return``, adds what people type.

    A few are put half into Russian, word by word from the glossary, so that Russian words meet code.
    ``chances`` are those that a word is dropped and that a statement is put into Russian.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: list[str], chances: tuple[float, float], glossary: list[dict[str, str]]
    ) -> None:
        dropped, in_russian = chances
        known = {word: row for row, word in enumerate(words, vocabulary.n_buckets)}
        self.plain = np.arange(vocabulary.n_buckets + len(words))
        for word, row in known.items():
            if word.endswith("s") and word[:-1] in known:
                self.plain[row] = known[word[:-1]]
        russian: dict[int, list[int]] = {}
        for pair in glossary:
            ours, theirs = vocabulary.rows(pair["a"]), vocabulary.rows(pair["b"])
            if len(ours) == len(theirs) == 1:
                russian.setdefault(ours[0], []).append(theirs[0])
        self.russian = np.tile(np.arange(len(self.plain)), (_TONGUES, 1))
        for row, options in russian.items():
            self.russian[:, row] = [options[i % len(options)] for i in range(_TONGUES)]
        self.openings = [vocabulary.rows(text) for text in OPENINGS]
        self.vocabulary = vocabulary
        self.dropped = dropped
        self.in_russian = in_russian

    def ask(self, bag: Bag, languages: NDArray[np.str_], rng: np.random.Generator) -> Bag:
        """The bag with every second statement opened like a question, some with the language's name."""
        kept = rng.random(len(bag.rows)) >= self.dropped
        kept[bag.offsets[:-1][np.diff(bag.offsets) > 0]] = True
        bag = bag.keep(kept)
        rows = np.where(rng.random(len(bag.rows)) < 0.4, self.plain[bag.rows], bag.rows)
        tongue = np.where(rng.random(len(languages)) < self.in_russian, rng.integers(0, _TONGUES, len(languages)), -1)
        tongue[languages == "russian"] = -1
        tongue = np.repeat(tongue, np.diff(bag.offsets))
        rows = np.where(tongue >= 0, self.russian[tongue, rows], rows)
        extra: list[list[int]] = []
        for language in languages:
            more = list(self.openings[int(rng.integers(len(self.openings)))]) if rng.random() < 0.5 else []
            if language not in ("text", "russian") and rng.random() < (0.4 if language == "python" else 0.2):
                more += self.vocabulary.rows(language)
            extra.append(more)
        lengths = np.array([len(more) for more in extra])
        added = np.array([row for more in extra for row in more], dtype=np.int64)
        at = np.repeat(bag.offsets[1:], lengths)
        offsets = bag.offsets + np.concatenate([[0], np.cumsum(lengths)])
        return Bag(
            np.insert(rows, at, added).astype(np.int32),
            np.insert(bag.weights, at, 1.0).astype(np.float32),
            offsets,
        )
