"""The graph keeps up with the index in bounded slices, and survives being killed, damaged, replaced and deleted."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from magray_testkit.graphs import complete, graphed, links, write
from magray_testkit.memories import change, source

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import IndexFormatTooNew, IndexingError, IndexUnavailable
from magray_indexers.building import build, update
from magray_indexers.graph.affinity import load_file_graph
from magray_indexers.graph.around import GraphReader
from magray_indexers.graph.building import update_graph
from magray_indexers.graph.model import GraphReport
from magray_indexers.graph.store import delete_graph, graph_path

SETTINGS = IndexSettings(workers=1)
CHILD = """
import sys
from pathlib import Path
from magray_indexers.graph.building import update_graph
while not update_graph(Path(sys.argv[1]), budget_s=0.01).complete:
    pass
"""


def tree(root: Path, seed: int, files: int = 12) -> dict[str, str]:
    """Files of which some import and call each other."""
    chance = random.Random(seed)
    texts = {f"pkg/m{n}.py": source(chance) for n in range(files)}
    for n in range(files):
        other = chance.randrange(files)
        texts[f"pkg/m{n}.py"] += f"\nfrom pkg.m{other} import *\n\ndef unique_{n}():\n    unique_{other}()\n"
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_a_graph_that_grew_is_the_graph_made_afresh(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    root = tmp_path / "grown"
    graphed(root, tree(root, seed))
    for _ in range(12):
        paths = change(root, chance)
        if chance.random() < 0.3:
            (root / "pkg").mkdir(exist_ok=True)
            (root / "pkg" / "__init__.py").write_text(f"from .m{chance.randrange(12)} import *\n")
            paths.append("pkg/__init__.py")
        update(root, paths, SETTINGS)
        complete(root)
    build(root, SETTINGS)
    complete(root)
    grown = links(root)
    delete_graph(root)
    complete(root)
    assert grown == links(root)


def test_work_comes_in_slices_and_ends(tmp_path: Path) -> None:
    write(tmp_path, {f"m{n}.py": f"def unique_{n}():\n    unique_{n + 1}()\n" for n in range(300)})
    build(tmp_path, SETTINGS)
    reports: list[GraphReport] = []
    while not reports or not reports[-1].complete:
        reports.append(update_graph(tmp_path, budget_s=0.0))
    assert len(reports) > 3
    assert [report.remaining > 0 for report in reports] == [True] * (len(reports) - 1) + [False]
    assert sum(report.read for report in reports) == sum(report.linked for report in reports) == 300
    again = update_graph(tmp_path)
    assert (again.complete, again.read, again.linked) == (True, 0, 0)


def test_one_saved_file_costs_one_file(tmp_path: Path) -> None:
    graphed(tmp_path, {f"m{n}.py": f"def unique_{n}():\n    unique_{n + 1}()\n" for n in range(50)})
    write(tmp_path, {"m7.py": "def unique_7():\n    unique_9()\n"})
    update(tmp_path, ["m7.py"], SETTINGS)
    report = complete(tmp_path)
    assert (report.read, report.linked) == (1, 1)
    assert ("m7.py", "calls", "m9.py") in links(tmp_path)


def test_a_renamed_function_moves_the_links_of_those_who_call_it(tmp_path: Path) -> None:
    graphed(
        tmp_path, {"a.py": "def go():\n    new_name()\n    old_name()\n", "b.py": "def old_name(): ...\n", "c.py": ""}
    )
    assert ("a.py", "calls", "b.py") in links(tmp_path)
    write(tmp_path, {"b.py": "x = 1\n", "c.py": "def new_name(): ...\n"})
    update(tmp_path, ["b.py", "c.py"], SETTINGS)
    complete(tmp_path)
    assert set(links(tmp_path)) == {("a.py", "calls", "c.py")}


def test_nothing_is_done_before_there_is_an_index(tmp_path: Path) -> None:
    assert update_graph(tmp_path) == GraphReport()
    assert not graph_path(tmp_path).exists()


def test_cancelling_leaves_a_graph_that_the_next_update_finishes(tmp_path: Path) -> None:
    write(tmp_path, tree(tmp_path, 1))
    build(tmp_path, SETTINGS)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        update_graph(tmp_path, cancel=cancel)
    assert complete(tmp_path).complete


def test_two_processes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    graphed(tmp_path, tree(tmp_path, 1))
    write(tmp_path, {"new.py": "x = 1\n"})
    update(tmp_path, ["new.py"], SETTINGS)
    other = sqlite3.connect(graph_path(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert update_graph(tmp_path).busy
    other.execute("ROLLBACK")
    other.close()
    assert complete(tmp_path).complete


def test_only_its_owner_can_read_the_graph(tmp_path: Path) -> None:
    graphed(tmp_path, {"a.py": "x = 1\n"})
    assert stat.S_IMODE(graph_path(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["graph-read", "graph-link", "graph-history"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_killed_update_is_finished_by_the_next(tmp_path: Path, where: str, nth: int) -> None:
    write(tmp_path, tree(tmp_path, 3))
    build(tmp_path, SETTINGS)
    environment = {**os.environ, "MAGRAY_FAIL": f"{where}#{nth}:kill"}
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], env=environment, check=False)
    assert done.returncode in (-signal.SIGKILL, 0)
    assert complete(tmp_path).complete
    survived = links(tmp_path)
    delete_graph(tmp_path)
    complete(tmp_path)
    assert survived == links(tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_an_update_killed_at_any_time_is_finished_by_the_next(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    write(tmp_path, tree(tmp_path, seed, files=120))
    build(tmp_path, SETTINGS)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)])
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(chance.uniform(0.1, 0.9))
    child.kill()
    child.wait()
    assert complete(tmp_path).complete
    survived = links(tmp_path)
    delete_graph(tmp_path)
    complete(tmp_path)
    assert survived == links(tmp_path)


def truncate(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 20, 400])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def garbage(path: Path, chance: random.Random) -> None:
    path.write_bytes(chance.randbytes(5000))


def become_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def become_link(path: Path, chance: random.Random) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str, str], float]]:
    root = tmp_path_factory.mktemp("sound")
    found = graphed(root, tree(root, 5))
    db = sqlite3.connect(graph_path(root))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return root, found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("damage", [truncate, flip, garbage, become_folder, become_link], ids=lambda one: one.__name__)
def test_damage_never_breaks_reading_and_is_repaired(
    sound: tuple[Path, dict[tuple[str, str, str], float]],
    tmp_path: Path, damage: Callable[[Path, random.Random], None], seed: int,
) -> None:  # fmt: skip
    chance = random.Random(seed)
    root = tmp_path / "copy"
    shutil.copytree(sound[0], root)
    damage(graph_path(root), chance)
    try:
        load_file_graph(root)
        reader = GraphReader(root)
        node = reader.file_node("pkg/m1.py")
        if node is not None:
            reader.steps_from(node)
        reader.close()
    except IndexingError:
        pass
    write(root, {"new.py": "x = 1\n"})
    update(root, ["new.py"], SETTINGS)
    assert complete(root).complete
    load_file_graph(root)
    if damage is not flip:  # a flipped bit in a number is no damage that can be seen, and does no harm
        assert links(root) == sound[1]


def test_a_damaged_index_leaves_the_graph_as_it_was(tmp_path: Path) -> None:
    before = graphed(tmp_path, tree(tmp_path, 2))
    write(tmp_path, {"new.py": "def brand_new(): ...\n"})
    update(tmp_path, ["new.py"], SETTINGS)
    index = WorkspacePaths(tmp_path).index_db
    db = sqlite3.connect(index)
    db.execute("UPDATE symbols SET name = 'other' WHERE name = 'brand_new'")
    db.commit()
    db.close()
    assert update_graph(tmp_path).busy
    assert links(tmp_path) == before
    index.write_bytes(b"garbage" * 1000)
    assert update_graph(tmp_path).busy
    assert links(tmp_path) == before
    build(tmp_path, SETTINGS)
    assert complete(tmp_path).complete


def test_a_newer_graph_is_left_alone(tmp_path: Path) -> None:
    graphed(tmp_path, {"a.py": "x = 1\n"})
    db = sqlite3.connect(graph_path(tmp_path))
    db.execute("PRAGMA user_version=99")
    db.close()
    write(tmp_path, {"a.py": "x = 2\n"})
    update(tmp_path, ["a.py"], SETTINGS)
    with pytest.raises(IndexFormatTooNew):
        update_graph(tmp_path)
    with pytest.raises(IndexFormatTooNew):
        load_file_graph(tmp_path)


@pytest.mark.parametrize("statement", ["PRAGMA user_version=0", "PRAGMA application_id=1"])
def test_an_older_or_foreign_graph_is_made_anew(tmp_path: Path, statement: str) -> None:
    before = graphed(tmp_path, tree(tmp_path, 2))
    db = sqlite3.connect(graph_path(tmp_path))
    db.execute(statement)
    db.close()
    assert complete(tmp_path).complete
    assert links(tmp_path) == before


def test_a_deleted_graph_is_gone_with_every_name_in_it(tmp_path: Path) -> None:
    graphed(tmp_path, {"a.py": "def canary_name():\n    pass\n"})
    delete_graph(tmp_path)
    assert not list(graph_path(tmp_path).parent.glob("graph.db*"))
    with pytest.raises(IndexUnavailable):
        load_file_graph(tmp_path)


def test_a_file_that_leaves_the_index_leaves_the_graph(tmp_path: Path) -> None:
    graphed(
        tmp_path, {"a.py": "def canary_name():\n    pass\n", "b.py": "from a import canary_name\n\ncanary_name()\n"}
    )
    (tmp_path / "a.py").unlink()
    update(tmp_path, ["a.py"], SETTINGS)
    complete(tmp_path)
    assert not links(tmp_path)
    assert load_file_graph(tmp_path).paths == ["b.py"]
