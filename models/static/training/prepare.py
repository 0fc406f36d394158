"""Pairs to numbers: ``python -m static.training.prepare --pairs FILE… --glossary glossary.txt --out prepared.npz``."""

from __future__ import annotations

import argparse
import logging
import random
from pathlib import Path

from magray_models.embedders.static import Vocabulary
from static.training.bags import Examples, load_pairs
from static.training.vocabulary import choose_words, glossary_pairs, glossary_words

log = logging.getLogger(__name__)

SEED = 7
N_WORDS = 22_800
N_COMPOUNDS = 2_000
N_BUCKETS = 2_048
COUNTED = 300_000
"""Pairs, chosen at random, in which words are counted; every translation is among them."""


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, nargs="+", required=True)
    parser.add_argument("--glossary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the pairs, for a trial")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rng = random.Random(SEED)
    glossary = arguments.glossary.read_text(encoding="utf-8")
    pairs = [*load_pairs(arguments.pairs, rng, arguments.share), *glossary_pairs(glossary)]
    rng.shuffle(pairs)
    counted = [pair for at, pair in enumerate(pairs) if at < COUNTED or pair["k"] == "translation"]
    words = choose_words(counted, N_WORDS, N_COMPOUNDS, glossary_words(glossary))
    log.info("%d pairs, %d words", len(pairs), len(words))
    Examples.of(pairs, Vocabulary(words, N_BUCKETS)).save(arguments.out, words, N_BUCKETS)


if __name__ == "__main__":
    main()
