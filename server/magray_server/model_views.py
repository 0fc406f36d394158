"""Models as JSON, for the command line and LSP alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from magray_server.views import View

if TYPE_CHECKING:
    from magray_orchestration.usecases.models import ModelRow, Verified


class ModelView(View):
    """A model of the catalog and how it stands on this machine."""

    name: str
    kind: str
    summary: str
    installed: bool
    in_use: bool
    licence: str
    provenance: str
    source: str
    bytes: int
    dim: int
    speed: int
    quality: float
    problems: tuple[str, ...]


class ModelsView(View):
    """All of them."""

    models: tuple[ModelView, ...]


class VerifiedView(View):
    """What was found of one model."""

    name: str
    problems: tuple[str, ...]
    recorded: bool


class VerifiedModelsView(View):
    """What was found of several; ``ok`` says that nothing is wrong."""

    ok: bool
    models: tuple[VerifiedView, ...]


def models_view(rows: Sequence[ModelRow]) -> ModelsView:
    """Every model that Magray knows."""
    return ModelsView(models=tuple(_model_view(row) for row in rows))


def verified_view(found: Sequence[Verified]) -> VerifiedModelsView:
    """What a look at the files gave."""
    views = tuple(VerifiedView(name=one.name, problems=one.problems, recorded=one.recorded) for one in found)
    return VerifiedModelsView(ok=not any(one.problems for one in found), models=views)


def _model_view(row: ModelRow) -> ModelView:
    entry = row.entry
    return ModelView(
        name=entry.name, kind=entry.kind.value, summary=entry.summary, installed=row.installed, in_use=row.in_use,
        licence=entry.licence, provenance=entry.provenance, source=entry.source, bytes=row.n_bytes, dim=entry.dim,
        speed=entry.speed, quality=entry.quality, problems=row.problems,
    )  # fmt: skip
