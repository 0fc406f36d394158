"""Pairs of words and Python code, found through the syntax tree."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

Pair = tuple[str, str, str]
"""(kind, words, code)"""

MAX_CODE = 2_000
_FIELD = re.compile(r"^\s*(?::(?:return|returns|rtype|param|type|raises)|Returns?:?\s*$|-{3,}|Args:|Parameters)", re.M)
_RETURNS = re.compile(r"(?::returns?:|Returns?:\s*\n|@return:?)\s*(?P<what>[^\n]{12,160})")
_MARKUP = re.compile(r":\w+:`~?([^`]*)`|[`*|]+")


def python_pairs(source: str) -> Iterator[Pair]:
    """Every pair in the module: docstrings, returned values, names and comments, each with the code it tells of."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function_pairs(node, lines)
        elif isinstance(node, ast.ClassDef):
            words = summary(ast.get_docstring(node))
            if words:
                yield "class", words, f"class {node.name}: " + " ".join(_names_inside(node))
    words = summary(ast.get_docstring(tree))
    if words:
        names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
        if len(names) >= 2:
            yield "module", words, " ".join(names)
    yield from _comment_pairs(source, lines)


def summary(docstring: str | None) -> str:
    """The first sentence of a docstring as plain words; empty where it says too little."""
    if not docstring:
        return ""
    text = _FIELD.split(docstring.strip(), maxsplit=1)[0]
    text = text.split("\n\n")[0].split(">>>")[0]
    text = " ".join(_MARKUP.sub(r"\1", text).split())[:300]
    end = text.find(". ")
    text = text[:end] if end > 20 else text
    return text.rstrip(". ") if len(text.split()) >= 3 else ""


def without_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    """The function's source less its docstring."""
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    text = lines[first:last]
    if ast.get_docstring(node) is not None:
        doc = node.body[0]
        text = lines[first : doc.lineno - 1] + lines[doc.end_lineno or doc.lineno : last]
    return "\n".join(text)[:MAX_CODE]


def _function_pairs(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> Iterator[Pair]:
    code = without_docstring(node, lines)
    if len(code) < 40 or (node.end_lineno or 0) - node.lineno > 150:
        return
    docstring = ast.get_docstring(node)
    words = summary(docstring)
    if words:
        yield "docstring", words, code
        if docstring and len(docstring) > len(words) + 40:
            yield "documented", words, f"{docstring[:400]}\n{code}"
    returned = _RETURNS.search(docstring or "")
    if returned:
        yield "returns", "returns " + " ".join(_MARKUP.sub(r"\1", returned["what"]).split()), code
    if len(node.name.strip("_").split("_")) > 1 and not node.name.startswith("__"):
        name = node.name.strip("_")
        body = re.sub(rf"\b{re.escape(node.name)}\b", "", code)
        yield ("test" if name.startswith("test_") else "name"), name.removeprefix("test_").replace("_", " "), body


def _names_inside(node: ast.ClassDef) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"def {child.name}({', '.join(a.arg for a in child.args.args[1:])})"
        elif isinstance(child, ast.AnnAssign | ast.Assign):
            yield ast.unparse(child)[:80]


def _comment_pairs(source: str, lines: list[str]) -> Iterator[Pair]:
    try:
        found = [
            (t.start[0], t.string.lstrip("# "))
            for t in tokenize.generate_tokens(io.StringIO(source).readline)
            if t.type == tokenize.COMMENT and t.line.lstrip().startswith("#")
        ]
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return
    groups: list[tuple[int, list[str]]] = []
    for line, text in found:
        if groups and groups[-1][0] == line - 1:
            groups[-1] = (line, [*groups[-1][1], text])
        else:
            groups.append((line, [text]))
    for last, texts in groups:
        words = " ".join(texts)
        following = []
        for line in lines[last : last + 14]:
            if not line.strip() and len(following) >= 2:
                break
            following.append(line)
        code = "\n".join(following).strip()
        if 3 <= len(words.split()) <= 40 and len(code) >= 40 and "=" not in words and "(c)" not in words.lower():
            yield "comment", words[:300], code[:MAX_CODE]
