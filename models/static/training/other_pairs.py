"""Pairs of words and code or text in every other language: comments with what follows, headings with sections."""

from __future__ import annotations

import re
from collections.abc import Iterator

from static.training.python_pairs import MAX_CODE, Pair

_BLOCK = re.compile(
    r"/\*\*?(?P<block>.*?)\*/|(?P<lines>(?:^[ \t]*(?://[/!]?|--\s?\||--|#)[^\n]*\n)+)|@doc \"\"\"(?P<doc>.*?)\"\"\"",
    re.S | re.M,
)
_DASHED = {"lua", "haskell", "sql"}
_HASHED = {"ruby", "bash", "elixir"}
_TAGS = re.compile(r"<[^>]{1,80}>|\{@\w+ ([^}]*)\}|[`*]+|\[\[?|\]\]?|\\\w+")
_NOISE = re.compile(
    r"copyright|licen[sc]e|eslint|@ts-|nolint|prettier|istanbul|generated|TODO|FIXME|-----|=====|shellcheck", re.I
)
_HEADING = re.compile(r"^#{1,4} (?P<md>[^\n]+)\n|^(?P<rst>[^\n]{3,80})\n[=\-~^\"]{3,}\n", re.M)
_NAME = re.compile(
    r"\b(?:function|func|fn|def|fun|void|int|static|const|class|struct|interface|proc|sub)\s+(?:\([^)]*\)\s*)?(?P<name>[A-Za-z_]\w+)"
)


def comment_pairs(source: str, language: str) -> Iterator[Pair]:
    """Comments directly above code, with the block that follows; and the names of what is defined there."""
    for match in _BLOCK.finditer(source):
        raw = match["block"] or match["doc"] or match["lines"] or ""
        if match["lines"]:
            mark = raw.lstrip()[:2]
            if (mark[:1] == "#" and language not in _HASHED) or (mark == "--" and language not in _DASHED):
                continue
        words = comment_words(raw)
        if not words:
            continue
        code = following_block(source, match.end())
        if len(code) < 40:
            continue
        yield "comment" if match["lines"] else "docstring", words, code
        name = _NAME.search(code[:200])
        if name and re.search(r"[a-z][A-Z]|[a-z]_[a-z]", name["name"]):
            yield (
                "name",
                re.sub(r"([a-z])([A-Z])", r"\1 \2", name["name"]).replace("_", " "),
                code.replace(name["name"], ""),
            )


def comment_words(raw: str) -> str:
    """The first sentence of a comment without its markers and tags; empty where it is noise or says too little."""
    lines = []
    for marked in raw.splitlines():
        line = re.sub(r"^\s*(?:\*|//[/!]?|--+\s?\|?|#+)?\s?", "", marked).strip()
        if line.startswith(("@", ":param", "\\param", "- Parameter", "- Returns")):
            break
        if not line and lines:
            break
        lines.append(line)
    text = " ".join(_TAGS.sub(lambda m: m[1] or " ", " ".join(lines)).split())[:300]
    end = text.find(". ")
    text = (text[:end] if end > 20 else text).rstrip(". ")
    n_words = len(text.split())
    if (
        n_words < 3
        or n_words > 45
        or _NOISE.search(text)
        or sum(c.isalpha() or c == " " for c in text) < 0.8 * len(text)
    ):
        return ""
    return text


def following_block(source: str, start: int) -> str:
    """The code after an offset, up to the end of its block as the indents tell it."""
    kept: list[str] = []
    base = -1
    for line in source[start : start + 2 * MAX_CODE].splitlines()[:45]:
        stripped = line.strip()
        if not stripped:
            if kept and base >= 0 and len(kept) > 1 and indent_of(kept[-1]) <= base:
                break
            if not kept:
                if base == -2:
                    break
                base = -2
            continue
        indent = indent_of(line)
        if not kept:
            base = indent
        elif indent < base or (indent == base and len(kept) > 1 and re.match(r"[})\]]|end\b", stripped)):
            kept.append(line if indent == base else "")
            break
        kept.append(line)
    return "\n".join(kept).strip()[:MAX_CODE]


def indent_of(line: str) -> int:
    """Leading white space in characters."""
    return len(line) - len(line.lstrip())


def document_pairs(text: str) -> Iterator[Pair]:
    """Headings with the sections below them."""
    marks = list(_HEADING.finditer(text))
    for this, following in zip(marks, [*marks[1:], None], strict=False):
        heading = _TAGS.sub(" ", this["md"] or this["rst"]).strip(" #")
        body = text[this.end() : following.start() if following else this.end() + 3000].strip()
        foreign = sum(c.isalpha() and not c.isascii() and not "а" <= c.lower() <= "ё" for c in body)
        if 2 <= len(heading.split()) <= 14 and len(body) >= 120 and foreign < 0.02 * len(body):
            yield "section", heading, body[:MAX_CODE]


def commit_pairs(log: str) -> Iterator[Pair]:
    """Subjects of commits with the lines that they changed, from ``git log -p --format=%x01%s``."""
    for commit in log.split("\x01")[1:]:
        subject, _, diff = commit.partition("\n")
        words = re.sub(r"\(?#\d+\)?|\b\w+!?(?:\([\w\s,-]+\))?: ?", "", subject).strip()
        changed = [line[1:] for line in diff.splitlines() if re.match(r"[-+](?![-+])", line)]
        if (
            4 <= len(words.split()) <= 20
            and 2 <= len(changed) <= 80
            and not re.match(r"(?i)bump|merge|release|version|update dep|lint|format|typo", words)
        ):
            yield "commit", words, "\n".join(changed)[:MAX_CODE]
