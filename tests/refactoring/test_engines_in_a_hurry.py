"""What makes rope and jedi quicker does not change what they answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "pkg/__init__.py": "from .core import Window as Window, walk as walk\n",
    "pkg/core.py": '''import functools

# Ключ ключей: what is not ASCII moves columns.
def traced(look): return functools.wraps(look)(lambda self, look=look: look(self))

class Base:
    @traced
    @staticmethod
    def look(self): return [look for look in "ёж" if (lambda look: look)(look)]

    async def later(self, look=1):
        é = {look: look for look in (look, 2)}; return é, self.look()

class Window(Base):
    def look(self) -> "Window": return self

def walk(window, look):
    def inner(): return window.look(), look
    return inner, {w.look() for w in [window]}, f"{window.look()} look"

def apart(thing): return thing.look()

apart(Window())
walk(Window(), look=3)
''',
    "use.py": "import pkg\nfrom pkg import Window\n\ndef test_it(window): assert window.look()\n\n"
    "Window().look().look()\nprint(pkg.walk(pkg.Window(), 1), [w.look for w in (Window(),)])\n",
    "zeta.py": "from pkg.core import apart\n\nclass Other:\n    def look(self): pass\n\napart(Other())\n",
}  # fmt: skip
COMPARE = """
import importlib, json, sys
engine = importlib.import_module("magray_orchestration.refactoring.engines." + sys.argv[1] + "_engine")
request = json.load(sys.stdin)
hurry, engine.hurry = engine.hurry, lambda *_: None
slowly = engine.answer(request)
engine.hurry = hurry
json.dump([slowly, engine.answer(request)], sys.stdout)
"""


def _both(engine: str, request: dict[str, object], tree: Path) -> list[dict[str, list[object]]]:
    for path, text in FILES.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    payload = json.dumps({**request, "tree": str(tree), "roots": [""]})
    done = subprocess.run(
        [sys.executable, "-c", COMPARE, engine], input=payload, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, list[object]]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("nth", [0, 1])
def test_rope_finds_the_same_occurrences(nth: int, tmp_path: Path) -> None:
    text = FILES["pkg/core.py"]
    offset = [at for at in range(len(text)) if text.startswith("def look", at)][nth] + 4
    request = {
        "kind": "occurrences", "path": "pkg/core.py", "offset": offset, "in_hierarchy": True, "search": list(FILES),
    }  # fmt: skip
    slowly, quickly = _both("rope", request, tmp_path.resolve())
    assert quickly == slowly
    assert len(quickly["occurrences"]) > 3


def test_jedi_leads_to_the_same_definitions(tmp_path: Path) -> None:
    places = [
        [path, number, column]
        for path, text in FILES.items()
        for number, line in enumerate(text.splitlines(), 1)
        for column in range(len(line))
        if line.startswith("look", column)
    ]
    slowly, quickly = _both("jedi", {"places": places, "time_s": 60}, tmp_path.resolve())
    assert quickly == slowly
    assert sum(map(bool, quickly["leads"])) > 10
