"""Makes the shipped file of a trained one: ``python -m static.training.export trained.npz static-1.npz``.

The table becomes int8 with one scale for each row, folded into both sides' weights; the maps become float16.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)


def export(trained: Path, out: Path) -> str:
    """Write the file; its sha256."""
    with np.load(trained, allow_pickle=False) as archive:
        table = archive["table"]
        scale = np.abs(table).max(axis=1) / 127
        scale[scale == 0] = 1
        arrays = {
            "words": np.frombuffer(str(archive["words"]).encode("utf-8"), dtype=np.uint8),
            "n_buckets": archive["n_buckets"],
            "table": np.rint(table / scale[:, None]).astype(np.int8),
        }
        for side in ("query", "text"):
            arrays[f"{side}.weights"] = (scale * np.exp(archive[f"{side}.gain"])).astype(np.float32)
            for layer in ("inner", "outer"):
                arrays[f"{side}.{layer}"] = archive[f"{side}.{layer}.weight"].T.astype(np.float16)
                arrays[f"{side}.{layer}_bias"] = archive[f"{side}.{layer}.bias"].astype(np.float16)
    with out.open("wb") as stream:
        np.savez(stream, **arrays)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("%s  %s", export(arguments.trained, arguments.out), arguments.out)


if __name__ == "__main__":
    main()
