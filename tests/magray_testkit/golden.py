"""The golden set: questions as engineers ask them about pinned projects, each with the places that answer it.

``tests/golden/PROJECT.jsonl`` holds one question a line: ``id``, ``lang`` (en, ru), ``kind`` (words, web, symptom,
mixed, symbol, path, docs), ``query``, ``relevant`` (any of them answers) and perhaps ``secondary`` (helps). A target
is ``path#Qualified.name`` in Python, ``path#Heading`` in prose, or ``path`` alone for the whole file; its lines are
looked up in the source when it is asked.
"""

from __future__ import annotations

import ast
import json
import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_configs.settings import IndexSettings
from magray_core.contracts import Embedder
from magray_core.memory import Hit
from magray_indexers.building import build
from magray_indexers.keyword import FIELDS
from magray_indexers.query import parse_query
from magray_indexers.reader import IndexReader
from magray_indexers.vectors.embedding import embed

QUESTIONS = Path(__file__).resolve().parents[1] / "golden"
PROJECTS = tuple(sorted(file.stem for file in QUESTIONS.glob("*.jsonl")))
K = 10
SECONDARY_GAIN = 0.5
_EMBED_SLICE_S = 60.0

_UNDERLINE = re.compile(r"([=~^-])\1{3,}\s*")
_HASHES = re.compile(r"#{1,6} ")


@dataclass(frozen=True, slots=True)
class Target:
    """A place that answers: a file, or the definitions or sections of one name in it (line ranges, inclusive)."""

    path: str
    symbol: str
    ranges: tuple[tuple[int, int], ...]

    def is_in(self, hit: Hit) -> bool:
        """Whether the hit is in the file and shares a line with the definition, if there is one."""
        if hit.path != self.path:
            return False
        return not self.symbol or any(hit.start_line <= end and hit.end_line >= start for start, end in self.ranges)


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``relevant`` has one to three targets."""

    id: str
    project: str
    lang: str
    kind: str
    query: str
    relevant: tuple[Target, ...]
    secondary: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a question, best first."""

    question: Question
    hits: tuple[Hit, ...]

    @property
    def file_recall(self) -> float:
        """The part of the relevant files that is among the hits."""
        wanted = {target.path for target in self.question.relevant}
        return len(wanted & {hit.path for hit in self.hits[:K]}) / len(wanted)

    @property
    def recall(self) -> float:
        """The part of the relevant targets that a hit overlaps."""
        relevant = self.question.relevant
        return sum(_rank(target, self.hits) > 0 for target in relevant) / len(relevant)

    @property
    def answered(self) -> float:
        """1 if a hit overlaps any relevant target."""
        return float(self.recall > 0)

    @property
    def reciprocal_rank(self) -> float:
        """One over the rank of the first hit that overlaps a relevant target, or 0."""
        ranks = [rank for target in self.question.relevant if (rank := _rank(target, self.hits))]
        return 1 / min(ranks) if ranks else 0.0

    @property
    def ndcg(self) -> float:
        """Gain 1 for a relevant target and a half for a secondary one, each at the first hit that overlaps it."""
        gains = [(target, 1.0) for target in self.question.relevant]
        gains += [(target, SECONDARY_GAIN) for target in self.question.secondary]
        ranked = [(rank, gain) for target, gain in gains if (rank := _rank(target, self.hits))]
        best = sum(gain / math.log2(i + 2) for i, (_, gain) in enumerate(gains[:K]))
        return min(1.0, sum(gain / math.log2(rank + 1) for rank, gain in ranked) / best)


def load(project: str, root: Path) -> list[Question]:
    """The project's questions, their targets looked up in the sources under ``root``.

    Raises AssertionError that names the question where a target does not exist.
    """
    found = []
    for line in (QUESTIONS / f"{project}.jsonl").read_text(encoding="utf-8").splitlines():
        row: Mapping[str, Any] = json.loads(line)
        relevant, secondary = (
            tuple(_target(root, str(text), row["id"]) for text in row.get(name, ()))
            for name in ("relevant", "secondary")
        )
        question = Question(row["id"], project, row["lang"], row["kind"], row["query"], relevant, secondary)
        found.append(question)
    return found


def open_index(root: Path, embedder: Embedder | None = None) -> IndexReader:
    """Index the folder and open it, with every chunk embedded if there is an embedder. Close the reader."""
    build(root, IndexSettings())
    if embedder is None:
        return IndexReader.open(root)
    while embed(root, embedder, budget_s=_EMBED_SLICE_S).remaining:
        pass
    return IndexReader.open(root, embedder_for={embedder.model.id: embedder}.get)


def ask(reader: IndexReader, questions: Iterable[Question]) -> list[Answer]:
    """Every question through the product's search."""
    return [Answer(question, reader.search(question.query, K).hits) for question in questions]


def plain(reader: IndexReader, query: str) -> list[tuple[int, float]]:
    """The floor: chunk ids by BM25 of the chunks' text alone, nothing else."""
    return reader.corpus.best(FIELDS[0], parse_query(query).words, K)


MEASURES: Mapping[str, Callable[[Answer], float]] = {
    "file recall@10": lambda answer: answer.file_recall,
    "answered@10": lambda answer: answer.answered,
    "recall@10": lambda answer: answer.recall,
    "MRR": lambda answer: answer.reciprocal_rank,
    "NDCG@10": lambda answer: answer.ndcg,
}


def means(answers: Sequence[Answer]) -> dict[str, float]:
    """Every measure's mean over the answers."""
    return {name: statistics.mean(map(measure, answers)) for name, measure in MEASURES.items()}


def grouped(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The answers under ``all``, their language, their kind and their project."""
    groups: dict[str, list[Answer]] = {"all": []}
    answers = list(answers)
    for name in ("lang", "kind", "project"):
        for key in sorted({getattr(answer.question, name) for answer in answers}):
            groups[key] = [answer for answer in answers if getattr(answer.question, name) == key]
    groups["all"] = answers
    return groups


def table(answers: Sequence[Answer]) -> str:
    """The measures for each group, a line each."""
    lines = [f"{'':12s} {'n':>4s} " + " ".join(f"{name:>14s}" for name in MEASURES)]
    for name, some in grouped(answers).items():
        lines.append(f"{name:12s} {len(some):4d} " + " ".join(f"{value:14.3f}" for value in means(some).values()))
    return "\n".join(lines)


def failures(answers: Iterable[Answer], n_hits: int = 3) -> str:
    """The questions that no hit answers: what was wanted and what came first instead."""
    lines = []
    for answer in answers:
        if answer.recall:
            continue
        question = answer.question
        where = "right file, wrong place" if answer.file_recall else "not found"
        lines.append(f"{question.id} ({question.kind}, {question.lang}; {where}): {question.query}")
        lines += [f"    wanted {target.path}#{target.symbol}" for target in question.relevant]
        lines += [f"    found  {hit.path}:{hit.start_line} {hit.symbol}" for hit in answer.hits[:n_hits]]
    return "\n".join(lines)


def _rank(target: Target, hits: Sequence[Hit]) -> int:
    """The rank of the first hit in the target, from 1, or 0."""
    return next((rank for rank, hit in enumerate(hits[:K], 1) if target.is_in(hit)), 0)


def _target(root: Path, text: str, question: str) -> Target:
    path, _, symbol = text.partition("#")
    assert (root / path).is_file(), f"{question}: there is no {path}"
    if not symbol:
        return Target(path, "", ())
    source = (root / path).read_text(encoding="utf-8")
    found = _definitions(ast.parse(source), symbol.split(".")) if path.endswith(".py") else _sections(source, symbol)
    ranges = tuple(found)
    assert ranges, f"{question}: {path} has no {symbol}"
    return Target(path, symbol, ranges)


def _definitions(node: ast.AST, names: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Lines of every definition of the dotted name: there are several for overloads, setters and platforms."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if child.name == names[0]:
                if len(names) > 1:
                    yield from _definitions(child, names[1:])
                else:
                    first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                    yield first, child.end_lineno or child.lineno
            case ast.Assign(targets=[ast.Name(id=name)]) if [name] == list(names):
                yield child.lineno, child.end_lineno or child.lineno
            case ast.If() | ast.Try():
                yield from _definitions(child, names)
            case _:
                pass


def _sections(text: str, heading: str) -> Iterable[tuple[int, int]]:
    """Lines of every section under the heading, up to the next heading of Markdown or reStructuredText."""
    lines = text.splitlines()
    fenced = False
    headings: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        fenced ^= line.startswith("```")
        underlined = number < len(lines) and line.strip() and _UNDERLINE.fullmatch(lines[number])
        if underlined or (not fenced and _HASHES.match(line)):
            headings.append((number, line.lstrip("#").strip()))
    ends = [number - 1 for number, _ in headings[1:]] + [len(lines)]
    yield from ((first, end) for (first, title), end in zip(headings, ends, strict=True) if title == heading)
