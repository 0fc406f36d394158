"""How well search answers the golden set (``tests/golden``): by words alone and with each model, beside plain BM25.

``python -m benchmarks.golden [--model NAME ...] [--rerank] [--project NAME ...] [--failures]`` prints every measure by
project, language and kind of question, a column for each way of searching; ``NAME`` is a model that is installed
(``static``, ``minilm`` …). ``--rerank`` adds a second look by the placed reranker, and what it gains on each kind of
question with an interval: a kind is worth reranking where that excludes zero. ``--failures`` lists the questions that
the last way leaves unanswered. ``run`` gives the bench's rows.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from magray_testkit import golden
from magray_testkit.projects import copied

from benchmarks.corpus import Tree
from benchmarks.table import Row, median
from magray_configs.paths import user_folder
from magray_core.contracts import Embedder
from magray_core.memory import Hit
from magray_indexers.reader import IndexReader
from magray_indexers.store import CHUNK_BITS
from magray_orchestration.reranking import reranked

PLAIN, WORDS, RERANKED = "plain BM25", "words alone", "reranked"
_DRAWS = 2_000

Found = Mapping[str, Sequence[golden.Answer]]
"""Answers by way of searching."""


def run(_: Tree) -> list[Row]:
    """The whole set by words alone, beside plain BM25 over the same chunks."""
    found, ms = ask_all({}, golden.PROJECTS)
    plain, words = golden.means(found[PLAIN]), golden.means(found[WORDS])
    rows = [
        Row(
            f"golden {name}, no model",
            100 * words[name],
            "%",
            "≥ BM25",
            words[name] >= plain[name],
            100 * plain[name],
            PLAIN,
        )
        for name in ("file recall@10", "answered@10", "recall@10", "NDCG@10")
    ]
    rows.append(Row("golden search p50", ms[WORDS], "ms", "< 10 ms", ms[WORDS] < 10, ms[PLAIN], PLAIN))
    return rows


def ask_all(embedders: Mapping[str, Embedder], projects: Sequence[str]) -> tuple[Found, dict[str, float]]:
    """Every question in every way, and each way's median milliseconds for a question."""
    found: dict[str, list[golden.Answer]] = {name: [] for name in (PLAIN, WORDS, *embedders)}
    times: dict[str, list[float]] = {name: [] for name in found}
    with tempfile.TemporaryDirectory(prefix="magray-golden-") as folder:
        for project in projects:
            root = copied(project, Path(folder) / project)
            questions = golden.load(project, root)
            for name, answers in found.items():
                print(f"{project}: {name} …", file=sys.stderr)
                reader = golden.open_index(root, embedders.get(name))
                search = _plain if name == PLAIN else _product
                search(reader, "warm up")
                for question in questions:
                    started = time.perf_counter()
                    hits = search(reader, question.query)
                    times[name].append((time.perf_counter() - started) * 1000)
                    answers.append(golden.Answer(question, hits))
                reader.close()
    return found, {name: median(some) for name, some in times.items()}


def render(found: Found) -> str:
    """One table for each measure: a row for each group of questions, a column for each way of searching."""
    tables = []
    for measure, value_of in golden.MEASURES.items():
        lines = [f"{measure:20s} {'n':>4s}" + "".join(f"{name:>14s}" for name in found)]
        groups = {name: golden.grouped(answers) for name, answers in found.items()}
        for group, some in next(iter(groups.values())).items():
            values = (sum(map(value_of, groups[name][group])) / len(some) for name in found)
            lines.append(f"{group:20s} {len(some):4d}" + "".join(f"{value:14.3f}" for value in values))
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def main() -> None:
    """Print the tables; progress goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.golden", description=__doc__)
    parser.add_argument("--model", action="append", default=[], help="also with the vectors of this installed model")
    parser.add_argument("--rerank", action="store_true", help="also with the placed reranker, after the last model")
    parser.add_argument("--project", action="append", choices=golden.PROJECTS, help="only these projects")
    parser.add_argument("--failures", action="store_true", help="list what the last way of searching does not answer")
    args = parser.parse_args()
    found, ms = ask_all(load_models(args.model), args.project or golden.PROJECTS)
    if args.rerank:
        found = {**found, RERANKED: look_again(load_models(args.model), args.project or golden.PROJECTS)}
    print(render(found))
    if args.rerank:
        print("\n" + gains([*found.values()][-2], found[RERANKED]))
    print(f"\n{'p50, ms':25s}" + "".join(f"{value:14.2f}" for value in ms.values()))
    if args.failures:
        print("\n" + golden.failures(list(found.values())[-1]))


def look_again(embedders: Mapping[str, Embedder], projects: Sequence[str]) -> list[golden.Answer]:
    """Every question with the last embedder's vectors and the reranker, which takes all the time it wants."""
    from magray_models.choosing import load_reranker

    reranker = load_reranker(user_folder() / "models")
    if reranker is None:
        sys.exit("no reranker is placed: see models/qwen3_reranker/README.md")
    answers = []
    with tempfile.TemporaryDirectory(prefix="magray-golden-") as folder:
        for project in projects:
            root = copied(project, Path(folder) / project)
            reader = golden.open_index(root, list(embedders.values())[-1] if embedders else None)
            for question in golden.load(project, root):
                result = reader.search(question.query, 2 * golden.K)
                again = reranked(result, question.query, reranker, budget_s=math.inf)
                answers.append(golden.Answer(question, again.hits[: golden.K]))
            reader.close()
    return answers


def gains(before: Sequence[golden.Answer], after: Sequence[golden.Answer]) -> str:
    """The mean change of NDCG@10 by kind of question, with a 95 % bootstrap interval."""
    chance, lines = random.Random(0), ["gain in NDCG@10 by reranking"]
    changes: dict[str, list[float]] = {}
    for one, other in zip(before, after, strict=True):
        changes.setdefault(one.question.kind, []).append(other.ndcg - one.ndcg)
    for kind, some in sorted(changes.items()):
        means = sorted(sum(chance.choices(some, k=len(some))) / len(some) for _ in range(_DRAWS))
        low, high = means[int(0.025 * _DRAWS)], means[int(0.975 * _DRAWS)]
        lines.append(f"{kind:20s} {len(some):4d}{sum(some) / len(some):+9.3f}  [{low:+.3f}, {high:+.3f}]")
    return "\n".join(lines)


def load_models(names: Sequence[str]) -> dict[str, Embedder]:
    """The installed embedders of these names. Raises ProviderError, which says how to get one."""
    from magray_models.choosing import load_embedder

    return {name: load_embedder(name, user_folder() / "models") for name in names}


def _product(reader: IndexReader, query: str) -> tuple[Hit, ...]:
    return reader.search(query, golden.K).hits


def _plain(reader: IndexReader, query: str) -> tuple[Hit, ...]:
    """The floor's chunks as hits, with the lines that they cover."""
    found = golden.plain(reader, query)
    files = reader.corpus.files(number >> CHUNK_BITS for number, _ in found)
    hits = []
    for number, score in found:
        chunk = reader.corpus.chunk(number)
        if chunk is not None:
            path = files[number >> CHUNK_BITS].path
            hits.append(Hit(path, chunk.start_line, chunk.end_line, chunk.symbol, "", score, {}, ""))
    return tuple(hits)


if __name__ == "__main__":
    main()
