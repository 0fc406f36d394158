"""Moves: the code goes with the imports that it needs, and every import of it follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import indexed
from magray_testkit.renames import Silent, compute, files_of

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_core.plans import Intent, IntentKind
from magray_orchestration.proving import prove
from magray_orchestration.proving.trial import try_changes
from magray_orchestration.refactoring.python_move import PythonMove

PROJECT = """
#- pkg/__init__.py
from .a import f as f
from .a import g

__all__ = ["f", "g"]
#- pkg/a.py
\"\"\"About a.\"\"\"
from __future__ import annotations

import os
import typing as t

from .c import helper

X = 1


# Why f is as it is.
@t.no_type_check
def f(x: t.Any) -> str:
    return helper(os.sep) + str(X)


def g():
    return Shape


class Shape:
    pass
#- pkg/b.py
\"\"\"About b.\"\"\"
import sys


def other():
    return sys.path
#- pkg/c.py
def helper(x):
    return "1"
#- use.py
import pkg
import pkg.a as aa
from pkg.a import Shape, f
from pkg.a import f as ff

print(f(1), ff(2), pkg.f(3), aa.f(3), Shape)
"""


def move(root: Path, marked: str, old: str, destination: str, kind: str = "") -> tuple[dict[str, str], tuple[str, ...]]:
    """What the touched files hold after the move, and what its proof could not show."""
    files, _ = files_of(marked)
    workspace = indexed(root, files)
    slots = {"old": old, "destination": destination, "target": kind}
    drafts = compute(workspace, PythonMove(), Intent(IntentKind.MOVE, slots), None)
    proofs = prove(workspace, drafts, Silent(), CancelToken())
    return dict(try_changes(workspace, drafts[0].changes).after), proofs[0].problems


def test_a_function_goes_to_a_new_module_with_its_imports_and_importers(tmp_path: Path) -> None:
    texts, problems = move(tmp_path, PROJECT, "f", "pkg.fresh")
    assert not problems
    assert texts["pkg/fresh.py"] == (
        "from __future__ import annotations\n\nimport os\nimport typing as t\n\nfrom .a import X\n"
        "from .c import helper\n\n\n# Why f is as it is.\n@t.no_type_check\ndef f(x: t.Any) -> str:\n"
        "    return helper(os.sep) + str(X)\n"
    )
    assert texts["pkg/__init__.py"].startswith("from .fresh import f as f\n") or (
        texts["pkg/__init__.py"] == 'from .a import g\nfrom .fresh import f as f\n\n__all__ = ["f", "g"]\n'
    )
    assert "def f" not in texts["pkg/a.py"] and "import os" not in texts["pkg/a.py"]
    assert "from pkg.fresh import f\n" in texts["use.py"] and "from pkg.fresh import f as ff\n" in texts["use.py"]
    assert "pkg.f(3), fresh.f(3)" in texts["use.py"] and "from pkg.a import Shape\n" in texts["use.py"]


def test_what_the_old_module_still_uses_is_imported_back(tmp_path: Path) -> None:
    texts, problems = move(tmp_path, PROJECT, "Shape", "pkg.b", "class")
    assert not problems
    assert texts["pkg/b.py"].endswith("    return sys.path\n\n\nclass Shape:\n    pass\n")
    assert "from .b import Shape\n" in texts["pkg/a.py"]
    assert "from pkg.b import Shape\n" in texts["use.py"]


def test_a_module_goes_into_another_package(tmp_path: Path) -> None:
    texts, problems = move(tmp_path, PROJECT + "#- sub/__init__.py\n", "pkg/c.py", "sub", "module")
    assert texts["sub/c.py"] == 'def helper(x):\n    return "1"\n' and "pkg/c.py" not in texts
    assert "from sub.c import helper\n" in texts["pkg/a.py"]
    assert problems == ("one engine alone follows the imports of a moved module; run the tests",)


REFUSALS = [
    ("g", "pkg.b", "pkg/a.py", "the two modules would import each other"),
    ("a.f", "pkg.a", "", "f is in pkg/a.py already"),
    ("a.f", "pkg.b.inner", "", "pkg.b (pkg/b.py) is a module, not a package, so nothing can be put into it"),
    ("a.f", "nowhere.at_all", "", "there is no package nowhere in this workspace"),
    ("a.f", "pkg.taken", "", "f exists already in pkg/taken.py:1"),
    ("a.f", "pkg.clash", "", "f uses helper, which means something else in pkg/clash.py:1"),
    ("a.f", "not a module", "", "not a module is not the name of a module"),
    ("c.helper", "pkg.cycle", "", "pkg/cycle.py would need pkg/deep.py, which imports it in turn"),
    ("Shape.area", "pkg.b", "", "only functions and classes at the top of a module are moved; this is a method"),
]


@pytest.mark.parametrize(("old", "destination", "path", "message"), REFUSALS)
def test_a_move_that_would_break_is_refused_with_the_reason(
    old: str, destination: str, path: str, message: str, tmp_path: Path
) -> None:
    used = (
        PROJECT.replace("    return Shape\n", "    return Shape, X\n\n\nY = g()\n")
        .replace("class Shape:\n    pass", "class Shape:\n    def area(self): ...")
        .replace("def helper(x):\n", "from .deep import D\n\n\ndef helper(x, d=D):\n")
    )
    more = (
        "#- pkg/taken.py\ndef f(): ...\n#- pkg/clash.py\nhelper = 1\n"
        "#- pkg/deep.py\nfrom .cycle import C\nD = C\n#- pkg/cycle.py\nC = 1\n"
    )
    with pytest.raises(RefactoringRefused) as refused:
        move(tmp_path, used + more, old, destination)
    assert message in refused.value.message and path in refused.value.message


def test_line_ends_of_every_file_are_kept(tmp_path: Path) -> None:
    files = {
        "a.py": "import os\r\n\r\n\r\ndef f():\r\n    return os.sep\r\n\r\n\r\ndef g(): ...\r\n",
        "b.py": "X = 1\r\n",
    }
    workspace = indexed(tmp_path, files)
    intent = Intent(IntentKind.MOVE, {"old": "f", "destination": "b"})
    drafts = compute(workspace, PythonMove(), intent, None)
    texts = try_changes(workspace, drafts[0].changes).after
    assert all("\n" not in text.replace("\r\n", "") for text in texts.values()), texts
