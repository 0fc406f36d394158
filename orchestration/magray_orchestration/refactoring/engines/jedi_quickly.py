"""Jedi's answers in less time: the same answers, without work that a process for one request does in vain.

Four functions of jedi and parso are replaced inside the engine process:

- parso's parser takes a token in one look-up per step instead of raising and catching an exception at most of them;
- parso stores every tree that it parses as a file; the shadow's paths never come again, so nothing would read them;
- for each parameter without a type jedi reads the whole tree from disk and looks for calls; here the texts are read
  once, in order of their paths, so that what jedi finds does not depend on the order of a folder;
- the name at a position is found by bisection and not by a walk over every leaf.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import parso.cache
import parso.grammar
import parso.parser
from jedi.inference import references
from parso.file_io import FileIO, KnownContentFileIO
from parso.python.tree import Module
from parso.utils import python_bytes_to_unicode

_grammar: Any = parso.grammar
_cache: Any = parso.cache
_StackNode: Any = parso.parser.StackNode


def hurry(tree: Path) -> None:
    """Replace the functions. For the process's whole life."""
    texts = _Texts(tree)
    _replace(parso.parser.BaseParser, "_add_token", _add_token)
    _replace(_grammar, "try_to_save_module", _keep_in_memory)
    _replace(references, "_find_project_modules", texts.modules)
    _replace(references, "_check_fs", texts.module_with(references.load_module_from_path))
    _replace(Module, "get_name_of_position", _name_at)


def _replace(owner: Any, name: str, function: Callable[..., Any]) -> None:
    if hasattr(owner, name):  # a version that has it no more is as quick as it is
        setattr(owner, name, function)


def _add_token(parser: Any, token: Any) -> None:
    """Pop what the token ends, then push what it begins, as the grammar's plan for it says."""
    stack = parser.stack
    kind, value, start, prefix = token
    transition = parser._pgen_grammar.reserved_syntax_strings.get(value, kind) if kind.value.contains_syntax else kind
    top = stack[-1]
    while (plan := top.dfa.transitions.get(transition)) is None:
        if not top.dfa.is_final:
            parser.error_recovery(token)
            return
        nodes = stack.pop().nodes
        node = nodes[0] if len(nodes) == 1 else parser.convert_node(top.dfa.from_rule, nodes)
        top = stack[-1]
        top.nodes.append(node)
    top.dfa = plan.next_dfa
    for push in plan.dfa_pushes:
        stack.append(_StackNode(push))
    stack[-1].nodes.append(parser.convert_leaf(kind, value, prefix, start))


def _keep_in_memory(hashed_grammar: str, file_io: Any, module: Any, lines: list[str], **_: Any) -> None:
    try:
        modified = None if file_io.path is None else file_io.get_last_modified()
    except OSError:
        modified = None
    _cache._set_cache_item(hashed_grammar, file_io.path, _cache._NodeCacheItem(module, lines, modified))


class _Texts:
    """The Python files of the tree, listed and read when first needed."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._paths: list[Path] | None = None
        self._texts: dict[Path, str | None] = {}

    def modules(self, _state: Any, contexts: Sequence[Any]) -> Iterator[FileIO]:
        """As jedi asks: every file but those of the contexts."""
        if self._paths is None:
            self._paths = sorted(path for path in self._tree.rglob("*.py*") if path.suffix in (".py", ".pyi"))
        left_out = {context.py__file__() for context in contexts}
        made: Any = FileIO
        return (made(path) for path in self._paths if path not in left_out)

    def module_with(self, load: Callable[[Any, Any], Any]) -> Callable[[Any, Any, re.Pattern[str]], Any]:
        """As jedi asks: the module of a file where the pattern, a whole word, is in its text."""

        known: Any = KnownContentFileIO

        def check(state: Any, file_io: Any, pattern: re.Pattern[str]) -> Any:
            text = self._text(file_io)
            word = pattern.pattern.removeprefix(r"\b").removesuffix(r"\b")
            # A plain search is quicker than a pattern by far, and nearly always enough.
            if text is None or (word.isidentifier() and word not in text) or not pattern.search(text):
                return None
            module = load(state, known(file_io.path, text))
            return None if module.is_compiled() else module.as_context()

        return check

    def _text(self, file_io: Any) -> str | None:
        if file_io.path not in self._texts:
            try:
                self._texts[file_io.path] = python_bytes_to_unicode(file_io.read(), errors="replace")
            except FileNotFoundError:
                self._texts[file_io.path] = None
        return self._texts[file_io.path]


def _name_at(module: Any, position: tuple[int, int]) -> Any:
    """The name that begins at, holds or ends at a position, or None."""
    try:
        leaf = module.get_leaf_for_position(position)
    except ValueError:
        return None
    if leaf is not None and leaf.type != "name":
        following = leaf.get_next_leaf()
        leaf = following if following is not None and following.start_pos == position else None
    return leaf if leaf is not None and leaf.type == "name" else None
