"""A process for the kill tests: changes a tree from a seed, indexes and embeds it, and says what is safe."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from magray_testkit.embedders import WordEmbedder
from magray_testkit.memories import change

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_indexers.building import build, update
from magray_indexers.vectors.cache import VectorCache
from magray_indexers.vectors.embedding import embed

SETTINGS = IndexSettings(workers=1)


def main() -> None:
    root, seed, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance, embedder = random.Random(seed), WordEmbedder()
    for _ in range(steps):
        paths = change(root, chance)
        report = update(root, paths, SETTINGS) if chance.random() < 0.6 else build(root, SETTINGS)
        if chance.random() < 0.7:
            embed(root, embedder, budget_s=chance.choice([0.0, 60.0]))
        cache = VectorCache.open(WorkspacePaths(root).vector_cache)
        print(report.generation, cache.count(), flush=True)
        cache.close()


if __name__ == "__main__":
    main()
