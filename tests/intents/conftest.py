"""A workspace that goals are about: a small command line library in the manner of many."""

from __future__ import annotations

import pytest
from magray_testkit.indexed import indexed

from magray_orchestration.workspace import Workspace

FILES = {
    "src/click/__init__.py": "from .core import Context, Parameter, Option\nfrom .utils import echo\n",
    "src/click/core.py": '''"""Core."""
import sys
from .utils import echo


class Context:
    """Holds state."""

    def invoke(self, callback):
        local_name = callback
        return local_name()


class Parameter:
    def get_default(self, ctx):
        return None


class Option(Parameter):
    def get_default(self, ctx):
        return super().get_default(ctx)
''',
    "src/click/utils.py": '''"""Utilities."""


def echo(message=None):
    print(message)


def make_default_short_help(text):
    return text


type_ = 1
''',
    "src/click/types.py": "def convert_type(value):\n    return value\n",
    "tests/test_core.py": "from click.core import Context\n\n\ndef test_context():\n    assert Context\n",
    "tests/core.py": "pass\n",
    "web/app.ts": "export function renderPage(x: number) { return log(x); }\nfunction log(x: number) { return x; }\n",
    "README.md": "# click\n\nCall `echo`.\n",
    "папка/модуль.py": "def приветствие():\n    return 1\n",
}


@pytest.fixture(scope="session")
def click(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("click"), FILES)
