"""A process for the kill tests: changes a tree from a seed, indexes it, and says after each step what is safe."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from magray_testkit.memories import change

from magray_configs.settings import IndexSettings
from magray_indexers.building import build, update


def main() -> None:
    root, seed, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    for _ in range(steps):
        paths = change(root, chance)
        if chance.random() < 0.6:
            report = update(root, paths, IndexSettings(workers=2))
        else:
            report = build(root, IndexSettings(workers=2), full=chance.random() < 0.2)
        print(report.generation, flush=True)


if __name__ == "__main__":
    main()
