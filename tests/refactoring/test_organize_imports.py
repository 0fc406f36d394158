"""Imports are sorted as the project itself says, where it says, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import indexed
from magray_testkit.renames import compute

from magray_core.errors import RefactoringRefused
from magray_core.plans import Intent, IntentKind
from magray_orchestration.proving.trial import try_changes
from magray_orchestration.refactoring.organize_imports import OrganizeImports


def organize(root: Path, files: dict[str, str], **slots: str) -> tuple[dict[str, str], tuple[str, ...]]:
    workspace = indexed(root, files)
    drafts = compute(workspace, OrganizeImports(), Intent(IntentKind.ORGANIZE_IMPORTS, slots), None)
    return dict(try_changes(workspace, drafts[0].changes).after), drafts[0].problems


def test_own_modules_come_last_and_line_ends_stay(tmp_path: Path) -> None:
    files = {"own/__init__.py": "", "a.py": "from own import x\r\nimport requests, os\r\n\r\nprint('é🎉')\r\n"}
    texts, _ = organize(tmp_path, files, path="a.py")
    assert texts == {"a.py": "import os\r\n\r\nimport requests\r\n\r\nfrom own import x\r\n\r\nprint('é🎉')\r\n"}


def test_the_projects_own_settings_decide(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.ruff.lint.isort]\nforce-single-line = true\n",
        "a.py": "from os import sep, path\n\nprint(sep, path)\n",
    }
    texts, _ = organize(tmp_path, files)
    assert texts == {"a.py": "from os import path\nfrom os import sep\n\nprint(sep, path)\n"}


def test_a_folder_or_the_whole_workspace(tmp_path: Path) -> None:
    files = {"a/x.py": "import sys\nimport os\n", "b/y.py": "import sys\nimport os\n"}
    assert set(organize(tmp_path / "1", files, path="a")[0]) == {"a/x.py"}
    assert set(organize(tmp_path / "2", files)[0]) == {"a/x.py", "b/y.py"}


def test_unused_imports_go_unless_another_file_takes_them_from_there(tmp_path: Path) -> None:
    files = {
        "a.py": "import os\nimport sys\n\nprint(sys)\n",
        "hub.py": "from lib import thing\n",
        "lib.py": "thing = 1\n",
        "use.py": "from hub import thing\n\nprint(thing)\n",
    }
    texts, problems = organize(tmp_path, files, only="unused")
    assert texts == {"a.py": "import sys\n\nprint(sys)\n"}
    assert problems == ("hub.py is left as it is: other files import from it what it does not use",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os\n", "the imports in a.py are in order already"),
        ("import os\ndef f(:\n", "a.py has a syntax error in line 2: invalid syntax"),
    ],
)
def test_nothing_to_do_and_broken_files_are_said(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RefactoringRefused) as refused:
        organize(tmp_path, {"a.py": text}, path="a.py")
    assert refused.value.message == message
