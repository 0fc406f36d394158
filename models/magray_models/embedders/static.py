"""Magray's own embedder: a table of token vectors and two small maps, trained from scratch (see models/static).

A text's vector is the weighted mean of its tokens' vectors, bent by one hidden layer and normalised. Questions and
passages share the table but not the weights. Knows nothing of files, indexes or settings; numpy is imported on use.
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from magray_core.contracts import EmbeddingModel
from magray_core.errors import ProviderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS_FILE = "static-1.npz"
WEIGHTS_SHA256 = "aafa193cb8da789e5037824a97d15e781268b056532bb385fc5a59b605f25875"

MAX_CHARS = 20_000
"""Code points of a text that are read; the rest is cut."""

# Longer runs come in pieces, so that what is remembered stays small whatever is read.
_IDENTIFIER = re.compile(r"\w{1,64}")
_PART = re.compile(
    r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+|[0-9]+"  # the scripts that the table was trained on
    r"|[^\W\d_A-Za-zА-ЯЁа-яё]+|[^\W_A-Za-zА-ЯЁа-яё0-9]+"
)
_ENDING = re.compile(
    r"(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|ется|ются|ится|ятся|ться|аться|ает|яет|ают|яют|ешь|ете|ите"
    r"|ов|ев|ей|ий|ый|ой|ая|яя|ое|ее|ые|ие|ых|их|ую|юю|ом|ем|ам|ям|ах|ях|ия|ии|ию|ть|ся|сь|ет|ит|ут|ют|ат|ят|ил|ал|ла|ли"
    r"|а|я|о|е|ы|и|у|ю|ь|й)$"
)
_MAX_WORD = 40
_MAX_STEM = 8
_MIN_STEM = 3
_REMEMBERED = 60_000
_ROWS_AT_ONCE = 256


def words_of(identifier: str) -> list[str]:
    """The parts of an identifier or word, lower-cased: ``getHTTPUser_id2`` gives get, http, user, id, 2.

    Russian words lose their endings. Other scripts come out as they are.
    """
    return [_stem(part) if "а" <= (part := match.lower())[0] <= "ё" else part for match in _PART.findall(identifier)]


def _stem(word: str) -> str:
    word = word.replace("ё", "е")
    if len(word) <= _MIN_STEM:
        return word
    stem = _ENDING.sub("", word, count=1)
    return (stem if len(stem) >= _MIN_STEM else word)[:_MAX_STEM]


class Vocabulary:
    """From identifiers to rows of the table. The first ``n_buckets`` rows are shared by all unknown words.

    Remembers what it has looked up, because code repeats itself. Thread-safe: a race only looks up twice.
    """

    def __init__(self, words: Sequence[str], n_buckets: int) -> None:
        self.n_buckets = n_buckets
        self._rows = {word: row for row, word in enumerate(words, n_buckets)}
        self._remembered: dict[str, tuple[int, ...]] = {}

    def rows(self, text: str) -> list[int]:
        """Rows of the text's tokens in no particular order, one for each occurrence."""
        remembered = self._remembered
        identifiers = _IDENTIFIER.findall(text[:MAX_CHARS])
        try:
            return list(chain.from_iterable([remembered[identifier] for identifier in identifiers]))
        except KeyError:
            if len(remembered) > _REMEMBERED:
                remembered = self._remembered = {}
            for identifier in identifiers:
                if identifier not in remembered:
                    remembered[identifier] = self._look_up(identifier)
            return list(chain.from_iterable([remembered[identifier] for identifier in identifiers]))

    def _look_up(self, identifier: str) -> tuple[int, ...]:
        if not identifier.isascii():
            identifier = unicodedata.normalize("NFKC", identifier)
        words = words_of(identifier)
        rows = [row for word in words for row in self._known_or_near(word)]
        if len(words) > 1:
            whole = self._rows.get("_".join(words))
            if whole is not None:
                rows.append(whole)
        return tuple(rows)

    def _known_or_near(self, word: str) -> Iterable[int]:
        row = self._rows.get(word)
        if row is not None:
            return (row,)
        if word.isdigit():
            return () if len(word) > 2 else self._buckets((word,))
        for ending in ("s", "es", "ed", "ing", "d", "ly"):
            row = self._rows.get(word.removesuffix(ending)) if word.endswith(ending) else None
            if row is not None:
                return (row,)
        halves = [
            (self._rows.get(word[:cut]), self._rows.get(word[cut:])) for cut in range(3, min(len(word), _MAX_WORD) - 2)
        ]
        pairs = [(left, right) for left, right in halves if left is not None and right is not None]
        if pairs:
            # Rows are ordered by how common the word is: the pair whose rarer half is the most common one.
            return min(pairs, key=max)
        word = word[:_MAX_WORD]
        padded = f"<{word}>"
        return self._buckets((word, *(padded[at : at + 4] for at in range(len(padded) - 3))))

    def _buckets(self, pieces: Iterable[str]) -> tuple[int, ...]:
        return tuple(zlib.crc32(piece.encode("utf-8", "replace")) % self.n_buckets for piece in pieces)


@dataclass(frozen=True, slots=True)
class Tower:
    """What questions or passages have of their own: a weight for each row and one hidden layer."""

    weights: NDArray[np.float32]
    inner: NDArray[np.float32]
    inner_bias: NDArray[np.float32]
    outer: NDArray[np.float32]
    outer_bias: NDArray[np.float32]

    def bend(self, summed: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n_texts, dim) normalised vectors of sums; zeros stay zeros."""
        import numpy as np

        middle = _normalised(summed)
        bent = _normalised(middle + np.maximum(middle @ self.inner + self.inner_bias, 0) @ self.outer + self.outer_bias)
        bent[~summed.any(axis=1)] = 0
        return bent


class StaticEmbedder:
    """Token vectors added up: thousands of texts a second on one core. Thread-safe and deterministic."""

    def __init__(self, model: EmbeddingModel, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._model = model
        self._vocabulary = Vocabulary(bytes(arrays["words"]).decode("utf-8").split("\n"), int(arrays["n_buckets"]))
        self._table = arrays["table"]
        self._query, self._text = (_tower(arrays, side) for side in ("query", "text"))

    @property
    def model(self) -> EmbeddingModel:
        """The shipped file's identity: it changes with any byte of the file."""
        return self._model

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n_texts, dim) vectors of passages; a text without words is all zeros. Reads the first ``MAX_CHARS``."""
        return self._embed(texts, self._text)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """(dim,) vector of a question."""
        vector: NDArray[np.float32] = self._embed([text], self._query)[0]
        return vector

    def _embed(self, texts: Sequence[str], tower: Tower) -> NDArray[np.float32]:
        import numpy as np

        sums = np.zeros((len(texts), self._model.dim), dtype=np.float32)
        for start in range(0, len(texts), _ROWS_AT_ONCE):
            found = [self._vocabulary.rows(text) for text in texts[start : start + _ROWS_AT_ONCE]]
            lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
            keys = np.repeat(np.arange(len(found)) << 32, lengths)
            keys += np.fromiter(chain.from_iterable(found), dtype=np.int64, count=int(lengths.sum()))
            unique, counts = np.unique(keys, return_counts=True)
            rows = unique & 0xFFFFFFFF
            weights = (1 + np.log(counts, dtype=np.float32)) * tower.weights[rows]
            bounds = np.searchsorted(unique, np.arange(len(found) + 1) << 32)
            for i, (low, high) in enumerate(pairwise(bounds.tolist())):
                if high > low:
                    sums[start + i] = weights[low:high] @ self._table[rows[low:high]].astype(np.float32)
        return tower.bend(sums) if len(texts) else sums


@lru_cache(maxsize=1)
def load_static() -> StaticEmbedder:
    """The shipped embedder, one for the process. Raises ProviderError where the file is damaged or missing."""
    return _shipped()


def verify_static() -> None:
    """Read the shipped file again, whatever is loaded. Raises ProviderError where it is damaged or missing."""
    _shipped()


def _shipped() -> StaticEmbedder:
    try:
        content = resources.files("magray_models.embedders").joinpath(WEIGHTS_FILE).read_bytes()
    except OSError as error:
        raise ProviderError(f"{WEIGHTS_FILE} is missing from the installation", hint="reinstall magray") from error
    return embedder_from(content, WEIGHTS_SHA256)


def embedder_from(content: bytes, sha256: str) -> StaticEmbedder:
    """The embedder in a file's bytes. Raises ProviderError where they are not the ones with this hash."""
    import numpy as np

    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ProviderError(f"{WEIGHTS_FILE} is damaged: its sha256 is {found}", hint="reinstall magray")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return StaticEmbedder(EmbeddingModel(f"static-1-{sha256[:8]}", arrays["table"].shape[1], quick=True), arrays)


def _tower(arrays: Mapping[str, NDArray[np.generic]], side: str) -> Tower:
    import numpy as np

    names = ("weights", "inner", "inner_bias", "outer", "outer_bias")
    return Tower(*(np.ascontiguousarray(arrays[f"{side}.{name}"], dtype=np.float32) for name in names))


def _normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normalised: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return normalised
