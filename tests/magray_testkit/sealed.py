"""Lives of a memory that end by kill -9, each in a process of its own, and what their bytes say afterwards.

``python -m magray_testkit.sealed`` takes one JSON list of lives on stdin and gives one JSON line for each: it imports
everything once and forks, so that a life costs what it does and not what its imports cost.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings, Settings
from magray_core.memory import MemoryRecord
from magray_indexers import connecting
from magray_indexers.building import build, update
from magray_indexers.graph.building import update_graph
from magray_indexers.privacy import converting, keys
from magray_indexers.privacy.keys import Stretching
from magray_indexers.reader import IndexReader
from magray_indexers.remembering import records, sessions
from magray_orchestration.memories import open_memories
from magray_orchestration.plans.applying import recover
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.usecases.plans import Change, change_on_disk
from magray_testkit import plans as made
from magray_testkit.embedders import WordEmbedder, embed_all, serving

CANARY = "zanzibarquux"
WORDS = "correct horse battery"
QUICK = Stretching(passes=1, memory_kib=64, lanes=1)


def plant(root: Path, *, sealed: bool = True) -> WorkspacePaths:
    """A workspace with the canary in its source, its memory encrypted by ``WORDS`` at a low cost."""
    (root / "src").mkdir(parents=True)
    source = f'def {CANARY}(x):\n    """About {CANARY}."""\n    return x  # TODO: {CANARY}\n\n\n'
    (root / "src" / "a.py").write_text(source + f"def use():\n    return {CANARY}(2)\n")
    paths = WorkspacePaths(root)
    paths.create()
    if sealed:
        connecting.hold(keys.create_with_passphrase(paths.memory / connecting.PROFILE, WORDS, QUICK))
        (paths.memory / connecting.MARK).touch()
    return paths


def live(root: Path) -> None:
    """Index, embed, link, search, save, note, talk, plan, apply, undo."""
    paths = WorkspacePaths(root)
    build(root, IndexSettings(workers=1))
    embedder = WordEmbedder()
    embed_all(root, embedder)
    update_graph(root)
    assert found(root, f"where is {CANARY}") == ["src/a.py"]
    (root / "src" / "b.py").write_text(f"{CANARY}_b = 1\n")
    update(root, ["src/b.py"], IndexSettings(workers=1))
    assert len(found(root, CANARY)) == 2
    with open_memories(root, Settings()) as memories:
        records.keep(memories.project, MemoryRecord("", "note", f"ask about {CANARY}", "person", 0.0))
        sessions.remember(memories.project, "s", sessions.Passage("person", f"we said {CANARY}"))
    plan = made.plan(made.step(1, made.edit(root, "src/a.py", "x", "y")), goal=f"rename {CANARY}")
    view = made.workspace(root)
    with closing(PlanStore.open(paths)) as store:
        store.save(plan, view)
        for action in ("apply", "undo"):
            change_on_disk(view, store, Change(plan.id, action), lambda *_: True)


def found(root: Path, query: str) -> list[str]:
    """Paths of the hits."""
    with closing(IndexReader.open(root, embedder_for=serving(WordEmbedder()))) as reader:
        return sorted({hit.path for hit in reader.search(query, 5).hits})


def kept(root: Path) -> dict[str, int]:
    """What is there of the person's own."""
    with open_memories(root, Settings()) as memories:
        notes = len(records.listed(memories.project, records.Wanted(("note",))))
        said = len(sessions.all_messages(memories.project))
        notices = [notice for notice in memories.notices if notice]
    with closing(PlanStore.open(WorkspacePaths(root))) as store:
        recover(root, store)
        notices += [store.notice] if store.notice else []
        plans = len(store.list())
    return {"notes": notes, "said": said, "plans": plans, "notices": len(notices)}


def leaks(*folders: Path) -> list[str]:
    """Files with the canary as UTF-8, UTF-16, hex or base64, in capitals too; what was made to be read is left out."""
    forms = {CANARY.encode(), CANARY.upper().encode(), CANARY.encode("utf-16-le"), CANARY.encode().hex().encode()}
    for shift in range(3):
        forms.add(base64.b64encode(b"\0" * shift + CANARY.encode())[4 if shift else 0 : -4])
    return [
        file.name
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "artifacts" not in file.relative_to(folder).parts
        if any(form in file.read_bytes() for form in forms)
    ]


def ran(lives: Sequence[Mapping[str, Any]], home: Path) -> list[dict[str, Any]]:
    """What became of each life; see ``main``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAGRAY", "PYTEST"))}
    environment |= {"MAGRAY_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "magray_testkit.sealed"], input=json.dumps(lives), env=environment, timeout=250,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """For each life its signal (0: it came to its end), the leaks, and what a new process finds of it."""
    os.environ[connecting.PASSPHRASE_VARIABLE] = WORDS
    for life in json.load(sys.stdin):
        root = Path(life["root"])
        code = _forked(lambda: _one(root, life))  # noqa: B023 - runs before the loop goes on
        before = leaks(root / ".magray")
        after = _forked(lambda: _reopen(root))  # noqa: B023 - the same
        state = json.loads((root.parent / f"{root.name}.json").read_text()) if after == 0 else {"died": after}
        state |= {"sealed": connecting.is_sealed(root / ".magray" / "memory"), "leaks_after": leaks(root / ".magray")}
        print(json.dumps({"signal": code, "leaks": before, **state}), flush=True)


def _one(root: Path, life: Mapping[str, Any]) -> None:
    if life["how"] == "live":
        plant(root)
    else:
        template = root.with_name(f"before-{life['how']}")
        if not template.exists():
            plant(template, sealed=life["how"] == "unseal")
            live(template)
        shutil.copytree(template, root)
    if "after_s" in life:
        signal.setitimer(signal.ITIMER_REAL, life["after_s"])  # unhandled, it ends the process as kill -9 does
    os.environ["MAGRAY_FAIL"] = life.get("fail", "")
    memory = WorkspacePaths(root).memory
    match life["how"]:
        case "live":
            live(root)
        case "seal":
            converting.encrypt(memory, "passphrase")
        case "unseal":
            converting.decrypt(memory)


def _reopen(root: Path) -> None:
    state = kept(root)
    build(root, IndexSettings(workers=1))
    (root.parent / f"{root.name}.json").write_text(json.dumps({**state, "found": found(root, CANARY)}))


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may leave a forked child
        traceback.print_exc()
        code = 1
    os._exit(code)


if __name__ == "__main__":
    main()
