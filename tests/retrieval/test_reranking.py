"""The second look at a search: it orders the best hits again, within its time, and only where words were asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from magray_testkit.indexed import indexed

from magray_orchestration.reranking import reranked
from magray_orchestration.usecases.search import search

FILES = {f"m{i}.py": f"def retry_{i}(times):\n    '''Retries a request {i} times.'''\n" for i in range(9)}


class Judge:
    """A reranker that believes in one word."""

    id = "judge"

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[int] = []

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        self.asked.append(len(passages))
        return [0.9 if self.word in passage else 0.1 for passage in passages]


def test_the_hit_that_the_model_believes_in_comes_first_and_says_why(tmp_path: Path) -> None:
    judge = Judge("retry_7")
    workspace = replace(indexed(tmp_path, FILES), reranker=lambda: judge)
    hits = search(workspace, "how are requests retried", 9).hits
    assert hits[0].path == "m7.py" and hits[0].scores["rerank"] == 0.9
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(hits) == 9 and sum(judge.asked) == 9 and max(judge.asked) <= 4


def test_names_are_not_judged(tmp_path: Path) -> None:
    judge = Judge("retry_7")
    workspace = replace(indexed(tmp_path, FILES), reranker=lambda: judge)
    assert search(workspace, "retry_3", 3).hits[0].path == "m3.py"
    assert judge.asked == []


def test_what_there_is_no_time_for_keeps_its_place_behind(tmp_path: Path) -> None:
    judge = Judge("nobody")
    result = search(indexed(tmp_path, FILES), "how are requests retried", 9)
    again = reranked(result, "how are requests retried", judge, budget_s=0.0)
    assert judge.asked == [4]
    assert {hit.path for hit in again.hits} == {hit.path for hit in result.hits}
    assert [hit.path for hit in again.hits[4:]] == [hit.path for hit in result.hits[4:]]


def test_a_reranker_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    plain = search(workspace, "how are requests retried", 5).hits
    assert search(replace(workspace, reranker=lambda: None), "how are requests retried", 5).hits == plain
