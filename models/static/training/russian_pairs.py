"""Pairs of English and Russian: translation catalogues and the hand-made glossary."""

from __future__ import annotations

import ast
import configparser
import json
import re
from collections.abc import Iterator

from static.training.python_pairs import Pair

_CYRILLIC = re.compile(r"[а-яё]{2}", re.I)
_LATIN = re.compile(r"[a-z]{2}", re.I)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[-\d.]*l?[sdufxcz]|\{\{?[^}]*\}?\}|<[^>]*>|&\w+;|\\[nt]")


def catalogue_pairs(text: str) -> Iterator[Pair]:
    """(translation, English, Russian) of every translated entry of a gettext ``.po`` file."""
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        current = ""
        for line in block.splitlines():
            match = re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) "(.*)"$', line)
            if match:
                current = match[1]
                fields[current] = _unquote(match[2])
            elif line.startswith('"') and current:
                fields[current] += _unquote(line.strip()[1:-1])
        if ", fuzzy" in block:
            continue
        for key, value in fields.items():
            if key.startswith("msgstr"):
                source = fields.get("msgid_plural" if key not in ("msgstr", "msgstr[0]") else "msgid", "")
                yield from translation(source, value)


def keyed_pairs(english: object, russian: object) -> Iterator[Pair]:
    """Pairs of two nested tables that hold the same keys."""
    if isinstance(english, dict) and isinstance(russian, dict):
        for key in english.keys() & russian.keys():
            yield from keyed_pairs(english[key], russian[key])
    elif isinstance(english, str) and isinstance(russian, str):
        yield from translation(english, russian)


def translation(english: str, russian: str) -> Iterator[Pair]:
    """The pair itself, cleaned, where both sides are what they should be and neither is too long."""
    english, russian = (
        " ".join(_PLACEHOLDER.sub(" ", side).replace("_", " ").replace("&", "").split()) for side in (english, russian)
    )
    if _CYRILLIC.search(russian) and _LATIN.search(english) and not _CYRILLIC.search(english) and len(english) < 600:
        yield "translation", english, russian


def parsed(name: str, text: str) -> object:
    """A ``.json`` or ``.ini`` catalogue as nested tables; an empty one where it cannot be read."""
    try:
        if name.endswith(".json"):
            return json.loads(text)
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string("[top]\n" + text)
        return {section: dict(parser[section]) for section in parser.sections()}
    except (ValueError, configparser.Error):
        return {}


def own_catalogue_pairs(name: str, text: str) -> Iterator[Pair]:
    """Pairs of Russian JSON catalogues whose keys are the English texts: the TypeScript compiler's and JupyterLab's."""
    if name.endswith("lib/ru/diagnosticMessages.generated.json"):
        for key, russian in json.loads(text).items():
            yield from translation(re.sub(r"_\d+$", "", key), russian)
    elif "ru_RU/LC_MESSAGES/" in name and name.endswith(".json"):
        for key, russian in json.loads(text).items():
            if isinstance(russian, list) and russian:
                yield from translation(key.rsplit("\x04", 1)[-1], str(russian[-1]))


def twin_pairs(name: str, english: str, russian: str) -> Iterator[Pair]:
    """Pairs of two files that say the same: catalogues by key, documents by section where both have as many."""
    if not name.endswith((".md", ".rst", ".markdown")):
        yield from keyed_pairs(parsed(name, english), parsed(name, russian))
        return
    sides = [
        re.split(r"^#{1,4} ", re.sub(r"```.*?```", " ", text, flags=re.S), flags=re.M) for text in (english, russian)
    ]
    if len(sides[0]) != len(sides[1]):
        return
    for section, translated in zip(*sides, strict=True):
        blocks = [re.split(r"\n\s*\n", side) for side in (section, translated)]
        if len(blocks[0]) == len(blocks[1]):
            for block, other in zip(*blocks, strict=True):
                yield from translation(block, other)
        else:
            yield from translation(section[:590], translated[:700])


def _unquote(text: str) -> str:
    try:
        return str(ast.literal_eval(f'"{text}"'))
    except (SyntaxError, ValueError):
        return text
