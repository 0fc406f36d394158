"""Renames in small workspaces: each row is a pitfall of some engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import indexed, opened
from magray_testkit.renames import Renamed, Silent, compute, files_of, rename

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_core.plans import EditFile, Grade, Intent, IntentKind, RenameFile
from magray_orchestration.planning import check_disjoint
from magray_orchestration.proving import prove
from magray_orchestration.refactoring.python_rename import PythonRename

# What, the workspace with the cursor at $0, and the files that change: the new name is always ``new``.
CASES = {
    "a re-export under the same alias": (
        """
        #- pkg/utils.py
        def o$0ld(): ...
        #- pkg/__init__.py
        from .utils import old as old
        __all__ = ["old", "other"]
        #- app.py
        import pkg
        from pkg import old as kept
        pkg.old(), kept()
        """,
        """
        #- pkg/utils.py
        def new(): ...
        #- pkg/__init__.py
        from .utils import new as new
        __all__ = ["new", "other"]
        #- app.py
        import pkg
        from pkg import new as kept
        pkg.new(), kept()
        """,
    ),
    "overriding and overridden methods, with super and unrelated classes": (
        """
        #- base.py
        class Base:
            def old(self): return 1
        class Other:
            def old(self): return 2
        #- sub.py
        from base import Base, Other
        class Middle(Base): ...
        class Sub(Middle):
            def o$0ld(self): return super().old()
        def use(one: Sub, two: Other, three: "Base | None"):
            one.old(), two.old(), three.old()
            Sub().old(), Other().old()
        """,
        """
        #- base.py
        class Base:
            def new(self): return 1
        class Other:
            def old(self): return 2
        #- sub.py
        from base import Base, Other
        class Middle(Base): ...
        class Sub(Middle):
            def new(self): return super().new()
        def use(one: Sub, two: Other, three: "Base | None"):
            one.new(), two.old(), three.new()
            Sub().new(), Other().old()
        """,
    ),
    "a parameter with its keyword arguments and the override's parameter": (
        """
        #- a.py
        class A:
            def run(self, o$0ld=1):
                return lambda: old
        class B(A):
            def run(self, old=2): return super().run(old=old)
        def run(old): return old
        A().run(old=3), B().run(old=4), run(old=5)
        """,
        """
        #- a.py
        class A:
            def run(self, new=1):
                return lambda: new
        class B(A):
            def run(self, new=2): return super().run(new=new)
        def run(old): return old
        A().run(new=3), B().run(new=4), run(old=5)
        """,
    ),
    "a nested function that shadows it": (
        """
        #- a.py
        def o$0ld(): ...
        def outer():
            def old(): ...
            return old()
        def also(old): return old
        old(), [old for old in ()], (lambda old: old), {old: 1}
        class C:
            old = old
            def m(self): return old
        """,
        """
        #- a.py
        def new(): ...
        def outer():
            def old(): ...
            return old()
        def also(old): return old
        new(), [old for old in ()], (lambda old: old), {new: 1}
        class C:
            old = old
            def m(self): return new
        """,
    ),
    "a property with its setter": (
        """
        #- a.py
        class A:
            @property
            def o$0ld(self) -> int: return self._old
            @old.setter
            def old(self, value): self._old = value
            def __init__(self): self.old = 1
        a = A()
        a.old += 1
        """,
        """
        #- a.py
        class A:
            @property
            def new(self) -> int: return self._old
            @new.setter
            def new(self, value): self._old = value
            def __init__(self): self.new = 1
        a = A()
        a.new += 1
        """,
    ),
    "a dataclass field by keyword and in patterns": (
        """
        #- a.py
        from dataclasses import dataclass
        @dataclass
        class Point:
            o$0ld: int = 0
        match Point(old=1):
            case Point(old=x): print(x)
        def other(old=1): ...
        other(old=2)
        """,
        """
        #- a.py
        from dataclasses import dataclass
        @dataclass
        class Point:
            new: int = 0
        match Point(new=1):
            case Point(new=x): print(x)
        def other(old=1): ...
        other(old=2)
        """,
    ),
    "star imports, conditional imports and string annotations": (
        """
        #- lib.py
        class o$0ld: ...
        #- star.py
        from lib import *
        old()
        #- cond.py
        from __future__ import annotations
        from typing import TYPE_CHECKING, cast
        if TYPE_CHECKING:
            from lib import old
        try:
            from lib import old
        except ImportError:
            old = None
        def f(x: "old", y: "list[old]") -> old: return cast("old", x)
        """,
        """
        #- lib.py
        class new: ...
        #- star.py
        from lib import *
        new()
        #- cond.py
        from __future__ import annotations
        from typing import TYPE_CHECKING, cast
        if TYPE_CHECKING:
            from lib import new
        try:
            from lib import new
        except ImportError:
            new = None
        def f(x: "new", y: "list[new]") -> new: return cast("new", x)
        """,
    ),
    "stubs beside the module": (
        """
        #- m.py
        def o$0ld(): ...
        #- m.pyi
        def old() -> int: ...
        #- use.py
        from m import old
        old()
        """,
        """
        #- m.py
        def new(): ...
        #- m.pyi
        def new() -> int: ...
        #- use.py
        from m import new
        new()
        """,
    ),
    "global, nonlocal, f-strings and emoji": (
        """
        #- a.py
        o$0ld = "🎉"
        def f():
            global old
            old = f"🎉{old!r:>{len(old)}} {'é'} {old}"
        def g():
            old = 1
            def h():
                nonlocal old
                old += 1
            return h, old
        """,
        """
        #- a.py
        new = "🎉"
        def f():
            global new
            new = f"🎉{new!r:>{len(new)}} {'é'} {new}"
        def g():
            old = 1
            def h():
                nonlocal old
                old += 1
            return h, old
        """,
    ),
    "an attribute that only self shows": (
        """
        #- a.py
        class A:
            def __init__(self): self.o$0ld = {}
            def use(self): return self.old["old"]
        class B(A):
            def more(self): return self.old
        class C:
            def __init__(self): self.old = 1
        """,
        """
        #- a.py
        class A:
            def __init__(self): self.new = {}
            def use(self): return self.new["old"]
        class B(A):
            def more(self): return self.new
        class C:
            def __init__(self): self.old = 1
        """,
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda name: name.replace(" ", "-"))
def test_every_use_follows_and_nothing_else(case: str, tmp_path: Path) -> None:
    marked, expected = CASES[case]
    files, place = files_of(marked)
    changed, _ = files_of(expected)
    assert rename(tmp_path, files, {"new": "new"}, place).texts() == {
        path: text for path, text in changed.items() if text != files[path]
    }


def _refused(tmp_path: Path, marked: str, slots: dict[str, str]) -> str:
    files, place = files_of(marked)
    with pytest.raises(RefactoringRefused) as refused:
        rename(tmp_path, files, slots, place)
    return refused.value.message


REFUSALS = [
    ("#- a.py\ndef o$0ld(): ...\ndef new(): ...\n", "new", "new exists already in a.py:2"),
    ("#- a.py\ndef o$0ld(): ...\n#- b.py\nfrom a import old\nnew = 1\n", "new", "new exists already in b.py:2"),
    ("#- a.py\nclass A:\n    def o$0ld(self): ...\nclass B(A):\n    def new(self): ...\n", "new",
     "B (a.py:3) has a member new already"),
    ("#- a.py\ndef o$0ld(): ...\ndef f(new): return old()\n", "new",
     "new means something else where old is used (a.py:2); it is bound in a.py:2"),
    ("#- a.py\ndef o$0ld(): ...\nprint(1)\n", "print",
     "a.py:2 uses print, which would begin to mean the renamed old"),
    ("#- a.py\ndef o$0ld(): ...\n", "class", "class is a keyword of Python"),
    ("#- a.py\ndef o$0ld(): ...\n", "1x", "'1x' is not a Python name"),
    ("#- a.py\ndef o$0ld(): ...\n", "old", "old already has that name"),
    ("#- a.py\nclass A:\n    def __in$0it__(self): ...\n", "new",
     "Python itself looks for __init__; under another name nothing would call it"),
    ("#- a.py\nimport os\nos.pa$0th\n", "new",
     "path at a.py:2 is not defined in this workspace, or nothing shows where"),
    ("#- a.py\nfrom threading import Thread\nclass T(Thread):\n    def r$0un(self): ...\n", "new",
     "a.py:2 derives from threading.Thread, which has run too and is not part of this workspace"),
    ("#- a.py\ndef o$0ld(:\n", "new", "a.py has a syntax error in line 1: invalid syntax"),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "new", "message"), REFUSALS)
def test_a_rename_that_would_break_is_refused_with_the_reason(
    marked: str, new: str, message: str, tmp_path: Path
) -> None:
    assert _refused(tmp_path, marked, {"new": new}) == message


def test_an_ambiguous_name_is_answered_with_the_candidates(tmp_path: Path) -> None:
    marked = "#- a.py\ndef old(): ...\n#- b.py\nclass B:\n    def old(self): ...\n"
    assert _refused(tmp_path, marked, {"old": "old", "new": "new"}) == (
        "old may be any of: a.old (function, a.py:1), b.B.old (method, b.py:2)"
    )


@pytest.mark.parametrize("name", ["B.old", "b.B.old", "b.py:old"])
def test_a_qualified_name_says_which(name: str, tmp_path: Path) -> None:
    files, _ = files_of("#- a.py\ndef old(): ...\n#- b.py\nclass B:\n    def old(self): ...\n")
    assert rename(tmp_path, files, {"old": name, "new": "new"}).texts() == {
        "b.py": "class B:\n    def new(self): ...\n"
    }


def test_bytes_around_the_name_stay_as_they_are(tmp_path: Path) -> None:
    files = {
        "crlf.py": b"\xef\xbb\xbfdef old():\r\n\treturn '\xf0\x9f\x8e\x89' + old.__name__\r\n",
        "latin.py": b"# -*- coding: latin-1 -*-\nfrom crlf import old\ns = '\xe9'; old()\n",
        "tabs.py": b"import crlf\nif crlf:\n\tcrlf.old()\r\ncrlf.old()",
    }
    renamed = rename(tmp_path, files, {"old": "old", "new": "new"})
    assert renamed.texts() == {
        "crlf.py": "def new():\r\n\treturn '🎉' + new.__name__\r\n",
        "latin.py": "# -*- coding: latin-1 -*-\nfrom crlf import new\ns = 'é'; new()\n",
        "tabs.py": "import crlf\nif crlf:\n\tcrlf.new()\r\ncrlf.new()",
    }
    assert renamed.drafts[0].grade is Grade.AGREED


def _strings(tmp_path: Path) -> Renamed:
    files, _ = files_of('''
        #- pkg/__init__.py
        #- pkg/mod.py
        class Old:
            """An Old thing; see :class:`Old`."""
            def old_method(self): ...
        # Old is old, Old() even more.
        def get(thing, name): return getattr(thing, name)
        get(Old(), "old_method")
        getattr(Old(), "old_method")
        #- test_mod.py
        from unittest.mock import patch
        with patch("pkg.mod.Old"), patch("pkg.mod.Old.old_method"): ...
        print("Old")
        #- pyproject.toml
        [project.scripts]
        run = "pkg.mod:Old"
        name = "Old"
        #- docs/index.rst
        Old things: :class:`~pkg.mod.Old` and ``Old``.
        #- app.js
        const Old = 1;
    ''')
    return rename(tmp_path, files, {"old": "Old", "new": "New"})


def test_strings_that_name_it_are_a_step_of_their_own(tmp_path: Path) -> None:
    renamed = _strings(tmp_path)
    named = renamed.step("names in strings")
    assert named is not None and named.accepted
    assert [change.path for change in named.changes] == ["pyproject.toml", "test_mod.py"]
    assert renamed.texts()["pyproject.toml"] == '[project.scripts]\nrun = "pkg.mod:New"\nname = "Old"\n'
    assert 'patch("pkg.mod.New"), patch("pkg.mod.New.old_method")' in renamed.texts()["test_mod.py"]
    loose = renamed.step("strings")
    assert loose is not None and not loose.accepted and loose.problems


def test_words_about_the_code_wait_for_the_person(tmp_path: Path) -> None:
    words = _strings(tmp_path).step("words")
    assert words is not None and not words.accepted and words.depends_on == (1,)
    assert {change.path: len(change.edits) for change in words.changes if isinstance(change, EditFile)} == {
        "docs/index.rst": 2,
        "pkg/mod.py": 2,
    }


def test_every_mention_that_is_left_is_listed_with_what_it_stands_in(tmp_path: Path) -> None:
    residue = _strings(tmp_path).residue()
    assert {"app.js:1 code", "docs/index.rst:1 text", "pkg/mod.py:2 string", "pkg/mod.py:4 comment"} <= set(residue)
    assert "test_mod.py:3 string" in residue


def test_a_use_on_something_unknown_is_accepted_only_where_nothing_else_has_the_name(tmp_path: Path) -> None:
    marked = "#- a.py\nclass A:\n    def fetch_row(self): ...\ndef use(x): return x.fetch_row()\n"
    files, _ = files_of(marked)
    alone = rename(tmp_path / "1", files, {"old": "A.fetch_row", "new": "new"})
    assert alone.texts()["a.py"].endswith("x.new()\n")
    assert "index" in alone.drafts[0].engines
    files["b.py"] = "class B:\n    def fetch_row(self): ...\n"
    shared = rename(tmp_path / "2", files, {"old": "A.fetch_row", "new": "new"})
    assert shared.texts()["a.py"].endswith("x.fetch_row()\n")
    doubtful = shared.step("uses")
    assert doubtful is not None and not doubtful.accepted and doubtful.problems
    assert "a.py:3 code" in shared.residue()


def test_a_name_that_dicts_have_too_is_never_taken_for_unique(tmp_path: Path) -> None:
    files, _ = files_of("#- a.py\nclass A:\n    def get(self): ...\ndef use(x): return x.get(1)\n")
    renamed = rename(tmp_path, files, {"old": "A.get", "new": "new"})
    assert renamed.texts()["a.py"].endswith("x.get(1)\n")


def test_open_documents_override_the_disk(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, {"a.py": "def old(): ...\n", "b.py": "import a\n"})
    workspace = opened(workspace, "b.py", "import a\na.old()\n", version=9)
    drafts = compute(workspace, PythonRename(), Intent(IntentKind.RENAME, {"old": "old", "new": "new"}), None)
    change = next(change for change in drafts[0].changes if change.path == "b.py")
    assert isinstance(change, EditFile) and change.base_version == 9
    assert Renamed(workspace, drafts).texts()["b.py"] == "import a\na.new()\n"


def test_a_module_is_renamed_with_its_file_and_imports(tmp_path: Path) -> None:
    files, _ = files_of("""
        #- pkg/__init__.py
        from . import old
        from .old import f
        #- pkg/old.py
        def f(): ...
        #- use.py
        import pkg.old
        import pkg.old as kept
        from pkg import old
        from pkg.old import f
        pkg.old.f(), kept.f(), old.f(), f()
    """)
    renamed = rename(tmp_path, files, {"old": "pkg/old.py", "target": "module", "new": "new"})
    texts = renamed.texts()
    assert "pkg/old.py" not in texts and texts["pkg/new.py"] == "def f(): ...\n"
    assert texts["pkg/__init__.py"] == "from . import new\nfrom .new import f\n"
    assert texts["use.py"] == (
        "import pkg.new\nimport pkg.new as kept\nfrom pkg import new\nfrom pkg.new import f\n"
        "pkg.new.f(), kept.f(), new.f(), f()\n"
    )
    assert any(isinstance(change, RenameFile) for change in renamed.drafts[0].changes)


def test_a_file_that_moves_is_changed_by_one_step_alone(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from types import ModuleType\nfrom .old import f\n",
        "pkg/types.py": "from .old import f\nx = 1  # `pkg.old` again\n",
        "pkg/old.py": 'from types import CodeType, ModuleType\n# see `pkg.old`\nME = "pkg.old"\ndef f(): ...\n',
    }
    renamed = rename(tmp_path, files, {"old": "pkg/old.py", "target": "module", "new": "new"})
    check_disjoint(renamed.drafts)
    moved = 'from types import CodeType, ModuleType\n# see `pkg.old`\nME = "pkg.new"\ndef f(): ...\n'
    assert renamed.texts()["pkg/new.py"] == moved
    assert "pkg/old.py:2 comment" in renamed.residue()
    assert renamed.step("words") is not None
    proof = prove(renamed.workspace, renamed.drafts, Silent(), CancelToken())[0]
    assert proof.problems == ()  # the standard library's types, not pkg/types.py


def test_a_broken_file_elsewhere_is_said_and_does_not_stop_the_rename(tmp_path: Path) -> None:
    files = {"a.py": "def old(): ...\nold()\n", "broken.py": "from a import old\ndef f(:\n"}
    renamed = rename(tmp_path, files, {"old": "old", "new": "new"})
    assert renamed.texts()["a.py"] == "def new(): ...\nnew()\n"
    assert renamed.drafts[0].problems == ("broken.py has a syntax error: mentions there may be missed",)


def test_nothing_is_written_in_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("open('ran', 'w')\n")
    rename(tmp_path, {"a.py": "def old(): ...\nopen('ran', 'w')\n"}, {"old": "old", "new": "new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".magray", "a.py", "conftest.py"]
