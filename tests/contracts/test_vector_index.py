"""What every ``VectorIndex`` does, whoever keeps the rows."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from magray_testkit.postgres import Cluster
from numpy.typing import NDArray

from magray_core.contracts import EmbeddingModel, VectorIndex
from magray_indexers.postgres import schema
from magray_indexers.postgres.connection import SharedDatabase
from magray_indexers.postgres.vector_index import PostgresVectorIndex

Make = Callable[[int], VectorIndex]
Vectors = NDArray[np.float32]
ROUNDING = 0.01
"""What keeping a number in one or two bytes may change of a cosine."""
FAR = (1 << 62) + 5


@pytest.fixture(params=["exact", "usearch", "hnswlib", "postgres", "postgres-hnsw"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    match request.param:
        case "exact":
            from magray_indexers.vectors.exact import ExactIndex

            yield ExactIndex
        case "usearch":
            from magray_indexers.vectors.usearch_index import UsearchIndex

            yield UsearchIndex
        case "hnswlib":
            if importlib.util.find_spec("hnswlib") is None:
                pytest.skip("hnswlib is not installed")
            from magray_indexers.vectors.hnswlib_index import HnswlibIndex

            yield HnswlibIndex
        case name:
            yield from _in_postgres(request.getfixturevalue("cluster"), hnsw=name == "postgres-hnsw")


def _in_postgres(cluster: Cluster, *, hnsw: bool) -> Iterator[Make]:
    """Indexes in a transaction that is never committed."""
    import psycopg

    dsn = cluster.database()
    SharedDatabase(dsn).write(lambda cursor, step: schema.migrate(cursor))
    opened = []

    def make(dim: int) -> VectorIndex:
        from pgvector.psycopg import register_vector

        connection = psycopg.connect(dsn)
        opened.append(connection)
        register_vector(connection)
        cursor = connection.cursor()
        schema.settle_model(cursor, EmbeddingModel("test", dim))
        index = PostgresVectorIndex(cursor, dim, [1])
        if hnsw:
            index.make_hnsw(least=0)
            cursor.execute("SET LOCAL enable_seqscan = off")
        return index

    yield make
    for connection in opened:
        connection.close()


def rows(n: int, dim: int, seed: int = 1) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ids(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def found(index: VectorIndex, vector: Vectors, k: int = 10, **more: object) -> list[int]:
    return [number for number, _ in index.search(vector, k, **more)]  # type: ignore[arg-type]


def test_an_empty_index_finds_nothing(make: Make) -> None:
    index = make(8)
    assert len(index) == 0
    assert index.search(rows(1, 8)[0], 5) == []


def test_what_was_added_is_found_with_its_cosine_best_first(make: Make) -> None:
    index, vectors = make(16), rows(30, 16)
    index.add(np.arange(30, dtype=np.int64), vectors)
    hits = index.search(vectors[7], 30)
    true = vectors @ vectors[7]
    assert len(index) == 30
    assert hits[0][0] == 7
    assert [cosine for _, cosine in hits] == sorted((cosine for _, cosine in hits), reverse=True)
    assert all(abs(cosine - true[number]) < ROUNDING for number, cosine in hits)


def test_no_more_than_k_come_back_and_no_more_than_there_are(make: Make) -> None:
    index, vectors = make(8), rows(5, 8)
    index.add(np.arange(5, dtype=np.int64), vectors)
    assert len(index.search(vectors[0], 3)) == 3
    assert sorted(found(index, vectors[0], 100)) == [0, 1, 2, 3, 4]
    assert index.search(vectors[0], 0) == []


def test_ids_of_63_bits_stay_what_they_are(make: Make) -> None:
    index, vectors = make(8), rows(3, 8)
    index.add(ids(FAR, 0, 1 << 40), vectors)
    assert found(index, vectors[0], 1) == [FAR]
    assert sorted(found(index, vectors[1])) == [0, 1 << 40, FAR]


def test_adding_an_id_again_replaces_its_row(make: Make) -> None:
    index, vectors = make(8), rows(4, 8)
    index.add(ids(1, 2, 3), vectors[:3])
    index.add(ids(2), vectors[3:])
    assert len(index) == 3
    assert found(index, vectors[3], 1) == [2]
    assert index.search(vectors[1], 3)[0][1] < 1 - ROUNDING


def test_of_one_id_given_twice_the_later_row_counts(make: Make) -> None:
    index, vectors = make(8), rows(3, 8)
    index.add(ids(5, 6, 5), vectors)
    assert len(index) == 2
    assert index.search(vectors[2], 1)[0] == (5, pytest.approx(1.0, abs=ROUNDING))


def test_removed_rows_are_gone_and_unknown_ids_are_ignored(make: Make) -> None:
    index, vectors = make(8), rows(6, 8)
    index.add(np.arange(6, dtype=np.int64), vectors)
    index.remove(ids(2, 4, 99))
    index.remove(ids())
    assert len(index) == 4
    assert sorted(found(index, vectors[2])) == [0, 1, 3, 5]
    index.add(ids(2), vectors[2:3])
    assert found(index, vectors[2], 1) == [2]


def test_only_what_keep_admits_is_found(make: Make) -> None:
    index, vectors = make(8), rows(400, 8)
    index.add(np.arange(400, dtype=np.int64), vectors)
    true = vectors @ vectors[0]
    odd = [int(number) for number in np.argsort(-true) if number % 2][:10]
    hits = found(index, vectors[0], 10, keep=lambda numbers: numbers % 2 == 1)
    assert len(hits) == 10
    assert all(number % 2 for number in hits)
    assert len(set(hits) & set(odd)) >= 9
    assert found(index, vectors[0], 10, keep=lambda numbers: np.isin(numbers, [395, 7])) == [
        number for number in np.argsort(-true).tolist() if number in (7, 395)
    ]
    assert found(index, vectors[0], 10, keep=lambda numbers: np.zeros(len(numbers), bool)) == []


def test_equal_rows_come_in_the_order_of_their_ids(make: Make) -> None:
    index, vectors = make(8), rows(1, 8)
    index.add(ids(30, 10, 20), np.repeat(vectors, 3, axis=0))
    assert found(index, vectors[0]) == [10, 20, 30]


def test_another_dimension_is_refused(make: Make) -> None:
    index = make(8)
    with pytest.raises(ValueError, match="8"):
        index.add(ids(1), rows(1, 9))
    with pytest.raises(ValueError, match="8"):
        index.search(rows(1, 9)[0], 1)
    assert len(index) == 0


def test_a_question_without_a_direction_finds_nothing(make: Make) -> None:
    index = make(8)
    index.add(ids(1, 2), rows(2, 8))
    assert index.search(np.zeros(8, np.float32), 5) == []


def test_a_row_without_a_direction_is_no_trouble(make: Make) -> None:
    index, vectors = make(8), rows(3, 8)
    index.add(ids(1, 2, 3, 4), np.vstack([vectors, np.zeros((1, 8), np.float32)]))
    hits = index.search(vectors[0], 2)
    assert hits[0] == (1, pytest.approx(1.0, abs=ROUNDING))
    assert all(np.isfinite(cosine) for _, cosine in hits)


def test_of_the_ten_nearest_among_five_thousand_nearly_all_are_found(make: Make) -> None:
    index, vectors, questions = make(64), rows(5_000, 64), rows(50, 64, seed=2)
    index.add(np.arange(5_000, dtype=np.int64), vectors)
    true = np.argsort(-(questions @ vectors.T), axis=1)[:, :10]
    same = [
        len(set(found(index, question)) & set(best.tolist())) for question, best in zip(questions, true, strict=True)
    ]
    assert sum(same) / (10 * len(questions)) >= 0.95
