"""What a file's path says: words of its name and folders, and whether it is tests, examples or generated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from magray_indexers.ranking.terms import stem
from magray_indexers.tokens import code_tokens

_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|e2e|mocks?|__mocks__|fixtures?|testdata|test[-_][^/]*|[^/]*[-_]tests?)/"
    r"|(?:^|/)(?:test_|tests_|conftest\.)[^/]*$"
    r"|[-_.](?:tests?|spec)\.[^/]+$"
    r"|[a-z\d](?:Tests?|Spec|TestCase)\.[^/.]+$"
)
_EXAMPLE = re.compile(
    r"(?:^|/)_?(?:examples?|samples?|demos?|tutorials?|docs?_src|benchmarks?|benches|playground)/", re.I
)
_OLD = re.compile(r"(?:^|/)_?(?:compat|legacy|deprecated|vendor|vendored|third_party|node_modules|obsolete)/")
_GENERATED = re.compile(
    r"(?:^|/)(?:generated|__generated__|gen|stubs?)/|[._](?:generated|gen|g|pb|min)\.[a-z]+$|_pb2(?:_grpc)?\.pyi?$|\.d\.ts$",
    re.I,
)
_GATHERS_NAMES = """
__init__.py index.ts index.js index.tsx index.mjs mod.rs package-info.java doc.go exports.ts prelude.rs
"""
_GATHERS = frozenset(_GATHERS_NAMES.split())
_PROSE_EXTENSIONS = """
md rst txt adoc org tex html css scss json yaml yml toml ini cfg xml svg csv po pot lock pdf
ipynb png jpg jpeg gif webp tif tiff bmp
"""
_PROSE = frozenset(_PROSE_EXTENSIONS.split())
_NEAR_FOLDERS = 3


@dataclass(frozen=True, slots=True)
class PathWords:
    """Stems in a path. ``name`` are those of the file's name without extensions in order, ``whole`` the name's letters.

    A file that gathers others (``__init__.py``) has its folder's name. ``folders`` are those of the nearest three
    folders. ``factor`` multiplies the score of what the path holds; ``is_test`` says that it is lowered further, unless
    tests are asked for.
    """

    name: tuple[str, ...]
    whole: str
    folders: frozenset[str]
    factor: float
    is_test: bool


@lru_cache(maxsize=8192)
def path_words(path: str) -> PathWords:
    """The words of a path."""
    *folders, file_name = path.split("/")
    if file_name.lower() in _GATHERS and folders:
        base = folders.pop()
    else:
        base = file_name.lstrip(".").split(".")[0] or file_name
    tokens = code_tokens(base)
    parts = tokens[1:] if len(tokens) > 1 and tokens[0] not in tokens[1:] else tokens
    near = frozenset(stem(token) for folder in folders[-_NEAR_FOLDERS:] for token in code_tokens(folder))
    whole = "".join(char for char in base.lower() if char.isalnum())
    return PathWords(tuple(dict.fromkeys(map(stem, parts))), whole, near, _factor(path), bool(_TEST.search(path)))


def path_match(wanted: str, path: str) -> float:
    """How well a path is the one asked for: 1 whole, less for its end, its file name, a part of it; 0 otherwise."""
    wanted, path = wanted.lower(), path.lower()
    if path == wanted:
        return 1.0
    if path.endswith("/" + wanted):
        return 0.9
    last, name = wanted.rsplit("/", 1)[-1], path.rsplit("/", 1)[-1]
    if f"/{wanted}." in f"/{path}" or f"/{wanted}/" in f"/{path}":
        return 0.7
    if wanted.endswith("/" + path):
        return 0.6
    return 0.3 if last == name else 0.0


def is_prose(path: str) -> bool:
    """Whether the file holds documentation, data or configuration rather than code."""
    return path.rsplit(".", 1)[-1].lower() in _PROSE


def _factor(path: str) -> float:
    """How much less likely such a file is what a question about the code means."""
    factor = 1.0
    name = path.rsplit("/", 1)[-1]
    if _EXAMPLE.search(path):
        factor *= 0.5
    if _OLD.search(path):
        factor *= 0.5
    if _GENERATED.search(path):
        factor *= 0.6
    if name.lower() in _GATHERS:
        factor *= 0.85
    if is_prose(name):
        factor *= 0.75
    return factor
