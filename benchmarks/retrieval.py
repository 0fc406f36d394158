"""How well search finds the right file: NDCG@10 on questions with known answers, without a model.

``python -m benchmarks.retrieval --checkouts DIR --queries FILE [--repo NAME ...]`` scores annotated repositories.
``DIR`` holds one checkout for each repository; each line of ``FILE`` is a question: ``{"repo", "root", "query",
"relevant": [{"path", "start_line"?, "end_line"?}], "secondary": [...]}``; ``root`` is the folder to index.
Without them, ``run`` asks our own questions about Python's standard library.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corpus import Tree
from benchmarks.table import Row, median
from magray_configs.settings import IndexSettings
from magray_core.memory import Hit
from magray_indexers.building import build
from magray_indexers.keyword import FIELDS
from magray_indexers.query import parse_query
from magray_indexers.reader import IndexReader
from magray_indexers.store import CHUNK_BITS

K = 10
LEAST_NDCG = 0.75

QUESTIONS = {
    "parsing of command line options and help messages": ("argparse.py",),
    "how the event loop runs callbacks that are ready": ("asyncio/base_events.py",),
    "splitting comma separated rows and guessing their dialect": ("csv.py",),
    "read ini files with sections and interpolation": ("configparser.py",),
    "generate __init__ and __eq__ from annotated class fields": ("dataclasses.py",),
    "comparing sequences of lines and showing the differences": ("difflib.py",),
    "matching file names against shell patterns": ("fnmatch.py",),
    "least recently used cache decorator": ("functools.py",),
    "priority queue on top of a list": ("heapq.py",),
    "cookies sent and received by an HTTP client": ("http/cookiejar.py",),
    "HTTPConnection": ("http/client.py",),
    "where is the source code of a function found": ("inspect.py",),
    "JSONDecoder": ("json/decoder.py",),
    "how log records are rotated to new files": ("logging/handlers.py",),
    "pool of worker processes": ("multiprocessing/pool.py",),
    "PurePath.relative_to": ("pathlib.py",),
    "Unpickler": ("pickle.py",),
    "thread safe queues": ("queue.py",),
    "removing a whole directory tree": ("shutil.py",),
    "splitting a string like a shell does": ("shlex.py",),
    "send mail with STARTTLS": ("smtplib.py",),
    "mean and standard deviation of numbers": ("statistics.py",),
    "start a child process and talk through pipes": ("subprocess.py",),
    "extract members of a tar archive safely": ("tarfile.py",),
    "create a file that is deleted when closed": ("tempfile.py",),
    "shelve.py": ("shelve.py",),
}
"""Our own questions, written before they were first asked, about modules early in the alphabet: the tree may be cut."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's outcome."""

    repo: str
    ndcg: float
    ms: float


def ndcg(hits: Sequence[Hit], targets: Sequence[Mapping[str, Any]]) -> float:
    """Binary gains; a target is found at the first of ten hits in its file that overlaps its lines, if it has any."""
    ranks = {next((i for i, hit in enumerate(hits[:K], 1) if _is_in(hit, target)), 0) for target in targets} - {0}
    best = sum(1 / math.log2(i + 2) for i in range(min(K, len(targets))))
    return sum(1 / math.log2(rank + 1) for rank in ranks) / best


def run(tree: Tree) -> list[Row]:
    """Our own questions about the standard library, beside plain BM25 over the same chunks."""
    build(tree.root, IndexSettings())
    reader = IndexReader.open(tree.root)
    known = {path for path, _ in reader.paths()}
    scores, plain, times = [], [], []
    reader.search("warm up", K)
    for question, answers in QUESTIONS.items():
        targets = [{"path": path} for path in known for answer in answers if _is_library(path, answer)]
        if not targets:
            continue
        started = time.perf_counter()
        hits = reader.search(question, K).hits
        times.append((time.perf_counter() - started) * 1000)
        scores.append(ndcg(hits, targets))
        plain.append(ndcg(_plain(reader, question), targets))
    reader.close()
    found, floor = statistics.mean(scores), statistics.mean(plain)
    met = found >= max(LEAST_NDCG, floor)
    return [
        Row(
            "search NDCG@10, no model", 100 * found, "%", f"≥ {LEAST_NDCG:.0%}, ≥ BM25", met, 100 * floor, "plain BM25"
        ),
        Row("search p50", median(times), "ms", "< 10 ms", median(times) < 10),
    ]


def score_repository(root: Path, questions: Sequence[Mapping[str, Any]]) -> list[Scored]:
    """Index the folder and ask every question."""
    build(root, IndexSettings())
    reader = IndexReader.open(root)
    reader.search("warm up", K)
    found = []
    for question in questions:
        started = time.perf_counter()
        hits = reader.search(question["query"], K).hits
        ms = (time.perf_counter() - started) * 1000
        found.append(Scored(question["repo"], ndcg(hits, question["relevant"] + question["secondary"]), ms))
    reader.close()
    return found


def main() -> None:
    """Score annotated repositories; one line for each on stderr, a JSON summary on stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--checkouts", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--repo", action="append", help="only these repositories")
    args = parser.parse_args()
    by_repo: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in args.queries.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        by_repo[question["repo"]].append(question)
    scored: list[Scored] = []
    means = []
    for repo, questions in sorted(by_repo.items()):
        root = args.checkouts / repo / questions[0]["root"]
        if (args.repo and repo not in args.repo) or not root.is_dir():
            continue
        found = score_repository(root.resolve(), questions)
        means.append(statistics.mean(one.ndcg for one in found))
        print(f"{repo:24s} {means[-1]:.3f}", file=sys.stderr)
        scored += found
    if not scored:
        sys.exit("no checkout has a repository of the questions")
    p50 = round(median([one.ms for one in scored]), 2)
    ndcg10 = round(statistics.mean(means), 4)
    print(json.dumps({"ndcg10": ndcg10, "queries": len(scored), "repos": len(means), "query_p50_ms": p50}))


def _is_library(path: str, answer: str) -> bool:
    """Whether the path is the answer's module, not a test or a package's module of the same name."""
    return path.split("/", 1)[-1] == answer


def _is_in(hit: Hit, target: Mapping[str, Any]) -> bool:
    ours, theirs = hit.path, target["path"]
    if not (ours == theirs or ours.endswith("/" + theirs) or theirs.endswith("/" + ours)):
        return False
    start, end = target.get("start_line"), target.get("end_line")
    return start is None or end is None or (hit.end_line >= start and hit.start_line <= end)


def _plain(reader: IndexReader, question: str) -> list[Hit]:
    """The floor: chunks by BM25 of their text alone."""
    found = reader.corpus.best(FIELDS[0], parse_query(question).words, K)
    files = reader.corpus.files(number >> CHUNK_BITS for number, _ in found)
    return [Hit(files[number >> CHUNK_BITS].path, 0, 0, "", "", score, {}, "") for number, score in found]


if __name__ == "__main__":
    main()
