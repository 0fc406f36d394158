"""Figures of an exported file: ``python -m static.training.evaluate FILE --cosqa DIR --retrieval DIR …``."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import math
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from magray_models.embedders.static import StaticEmbedder, embedder_from, words_of

log = logging.getLogger(__name__)
_CODE = {
    ".py",
    ".hs",
    ".rs",
    ".ts",
    ".tsx",
    ".js",
    ".kt",
    ".php",
    ".lua",
    ".ex",
    ".exs",
    ".swift",
    ".cs",
    ".bash",
    ".sh",
    ".go",
    ".java",
    ".rb",
    ".c",
    ".h",
    ".cpp",
    ".scala",
    ".zig",
}


def ndcg(rank: int) -> float:
    """Of one relevant answer at this rank, which starts at 0."""
    return 1 / math.log2(rank + 2) if rank < 10 else 0.0


class Bm25:
    """Okapi BM25 over code tokens (k1 1.2, b .75), for the fused figures."""

    def __init__(self, texts: list[str]) -> None:
        self.docs = [Counter(self.tokens(text)) for text in texts]
        self.lengths = np.array([sum(doc.values()) for doc in self.docs], dtype=float)
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for i, doc in enumerate(self.docs):
            for token, n in doc.items():
                self.postings[token].append((i, n))

    @staticmethod
    def tokens(text: str) -> list[str]:
        """Identifier parts, lower-cased."""
        return [word for name in re.findall(r"\w+", text) for word in words_of(name)]

    def scores(self, query: str) -> np.ndarray:
        """(n_texts,) scores."""
        out = np.zeros(len(self.docs))
        mean = self.lengths.mean()
        for token in set(self.tokens(query)):
            postings = self.postings.get(token, [])
            idf = math.log(1 + (len(self.docs) - len(postings) + 0.5) / (len(postings) + 0.5))
            for i, n in postings:
                out[i] += idf * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * self.lengths[i] / mean))
        return out


def cosqa(embedder: StaticEmbedder, folder: Path, russian: Path | None) -> dict[str, float]:
    """NDCG@10 and MRR of the model alone, of BM25 and of weighted sums."""
    functions = [json.loads(line) for line in (folder / "functions.jsonl").open()]
    queries = [json.loads(line) for line in (folder / "queries-dev.jsonl").open()]
    place = {f["id"]: i for i, f in enumerate(functions)}
    vectors = embedder.embed([f["code"] for f in functions])
    keyword = Bm25([f["code"] for f in functions])
    totals: dict[str, float] = defaultdict(float)
    for query in queries:
        target = place[query["relevant"]]
        cosine = vectors @ embedder.embed_query(query["query"])
        bm25 = keyword.scores(query["query"])
        bm25 = bm25 / (bm25.max() or 1)
        for name, score in [
            ("alone", cosine),
            ("bm25", bm25),
            *((f"z{z}", z * cosine + (1 - z) * bm25) for z in (0.5, 0.7, 0.8)),
        ]:
            rank = int((score > score[target]).sum())
            totals[name] += ndcg(rank) / len(queries)
            if name == "alone":
                totals["mrr"] += 1 / (rank + 1) / len(queries)
    if russian is not None:
        asked = [json.loads(line) for line in russian.open()]
        ranks = []
        for query in asked:
            cosine = vectors @ embedder.embed_query(query["query"])
            ranks.append(int((cosine > cosine[place[query["relevant"]]]).sum()))
        totals["russian_top10"] = sum(r < 10 for r in ranks) / len(ranks)
        log.info("russian ranks %s", ranks)
    return {name: round(value, 4) for name, value in totals.items()}


def windows(path: str, text: str) -> list[str]:
    """Overlapping pieces of about a screen, each headed by the path's words."""
    lines = text.splitlines()
    return [path + "\n" + "\n".join(lines[at : at + 40]) for at in range(0, max(1, len(lines) - 10), 30)]


def retrieval(embedder: StaticEmbedder, folder: Path, checkouts: Path) -> dict[str, float]:
    """Mean over repositories of NDCG@10 by file, of the vectors alone (best window of each file)."""
    repos = {r["name"]: r for r in json.loads((folder / "repos.json").read_text())}
    queries = defaultdict(list)
    for line in (folder / "queries.jsonl").open():
        query = json.loads(line)
        queries[query["repo"]].append(query)
    scores = {}
    n_chunks, seconds = 0, 0.0
    for name, repo in sorted(repos.items()):
        root = checkouts / name / repo["root"]
        files = [p for p in sorted(root.rglob("*")) if p.suffix in _CODE and p.is_file()]
        chunks, owners = [], []
        for i, path in enumerate(files):
            pieces = windows(path.relative_to(root).as_posix(), path.read_text("utf-8", "replace"))
            chunks += pieces
            owners += [i] * len(pieces)
        began = time.perf_counter()
        vectors = embedder.embed(chunks)
        seconds += time.perf_counter() - began
        n_chunks += len(chunks)
        total = 0.0
        for query in queries[name]:
            best = np.full(len(files), -2.0)
            np.maximum.at(best, owners, vectors @ embedder.embed_query(query["query"]))
            order = [(Path(repo["root"]) / files[i].relative_to(root)).as_posix() for i in np.argsort(-best)[:10]]
            targets = [t["path"] for t in query["relevant"] + query["secondary"]]
            found = {
                next((r for r, p in enumerate(order) if p == t or p.endswith("/" + t) or t.endswith("/" + p)), None)
                for t in targets
            } - {None}
            ideal = sum(1 / math.log2(i + 2) for i in range(min(10, len(targets))))
            total += sum(1 / math.log2(r + 2) for r in found if r is not None) / ideal
        scores[name] = total / len(queries[name])
    log.info("%s", {k: round(v, 3) for k, v in scores.items()})
    return {"retrieval": round(float(np.mean(list(scores.values()))), 4), "chunks_per_s": round(n_chunks / seconds)}


def main() -> None:
    """Reads the command line and logs one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--cosqa", type=Path)
    parser.add_argument("--russian", type=Path)
    parser.add_argument("--retrieval", type=Path)
    parser.add_argument("--checkouts", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    content = arguments.file.read_bytes()
    embedder = embedder_from(content, hashlib.sha256(content).hexdigest())
    figures: dict[str, float] = {"bytes": len(content)}
    if arguments.cosqa:
        figures |= cosqa(embedder, arguments.cosqa, arguments.russian)
    if arguments.retrieval:
        figures |= retrieval(embedder, arguments.retrieval, arguments.checkouts)
    log.info("%s", json.dumps(figures))


if __name__ == "__main__":
    main()
