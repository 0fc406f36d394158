"""Settings from their layers: defaults, the user's file, the workspace's file, the editor's options, flags.

Each layer overrides the ones before it. The workspace's file may come with a cloned repository, so it can set only
what is harmless: how its own files are indexed, explained and planned. Every resolved value knows its source.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_configs.paths import user_folder
from magray_configs.settings import Settings
from magray_core.errors import SettingsError

DEFAULT = "default"
CLIENT = "the editor's settings"
FLAGS = "the command line"

PROJECT_SECTIONS = frozenset({"index", "hover", "plans"})
"""What the workspace's own file may set."""

USER_ONLY = frozenset({"index.secret_allowlist"})
"""What the workspace's own file may not set all the same: a cloned repository must not make secrets readable."""

USER_FILE_ONLY = frozenset({"memory.shared_dsn", "memory.encryption"})
"""What only the user's own file may set: an editor's settings may be the workspace's too, and come with a clone."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "memory.model": ("auto", "static", "minilm", "minilm_fp32", "qwen3emb"),
    "memory.encryption": ("off", "keyring", "passphrase"),
    "memory.pii": ("redact", "report", "off"),
}
"""The words that a setting of words may have."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "index.max_file_bytes": (1, 1_000_000_000),
    "index.max_media_bytes": (0, 1_000_000_000),
    "index.workers": (0, 64),
    "hover.max_lines": (3, 200),
    "plans.editor_timeout_s": (0, 600),
    "plans.max_residue": (0, 100_000),
}
"""The smallest and largest value of every number."""

_MAX_FILE_BYTES = 1_000_000
_PASSWORD = re.compile(r"(?i)\b(?:ssl)?password\s*=|://[^/@\s]*:[^/@\s]+@")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings and, for each key like ``index.workers``, where its value comes from.

    ``warnings`` has one sentence per key that was not taken.
    """

    settings: Settings
    sources: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def values(self) -> Iterator[tuple[str, object, str]]:
        """(key, value, source) of every setting, in order."""
        for key, source in self.sources.items():
            section, name = key.split(".")
            yield key, getattr(getattr(self.settings, section), name), source


def resolve(
    root: Path | None, *, client: Mapping[str, Any] | None = None, flags: Mapping[str, Any] | None = None
) -> Resolved:
    """The settings of a workspace (None: outside of one).

    ``client`` is what the editor sent, ``flags`` what the command line says; both nested or with dotted keys, in
    snake_case or camelCase, with or without a leading ``magray``. Raises SettingsError for a value of the wrong type
    or size and for a file that cannot be parsed.
    """
    merging = _Merging()
    merging.take(_read(user_config_file(), "~/.magray/config/config.toml"), "~/.magray/config/config.toml")
    if root is not None:
        name = ".magray/config.toml"
        layer = _read(root / ".magray" / "config.toml", name, flags=os.O_NOFOLLOW)
        merging.take(layer, name, allowed=PROJECT_SECTIONS)
    merging.take(client or {}, CLIENT)
    merging.take(flags or {}, FLAGS)
    return merging.result()


def user_config_file() -> Path:
    """The user's settings file, which need not exist."""
    return user_folder() / "config" / "config.toml"


class _Merging:
    """The layers taken so far."""

    def __init__(self) -> None:
        self._defaults = dict(flat_values(Settings()))
        self._values = dict(self._defaults)
        self._sources = dict.fromkeys(self._defaults, DEFAULT)
        self._warnings: list[str] = []

    def take(self, layer: Mapping[str, Any], source: str, *, allowed: frozenset[str] | None = None) -> None:
        for key, value in _flatten(layer, source):
            project_may_not = allowed is not None and (key.split(".")[0] not in allowed or key in USER_ONLY)
            if project_may_not or (source == CLIENT and key in USER_FILE_ONLY):
                self._warnings.append(f"{source} may not set {key}; it is ignored there, set it in your own settings")
            elif key not in self._defaults:
                self._warnings.append(_unknown(key, source, list(self._defaults)))
            else:
                self._values[key] = _checked(key, value, self._defaults[key], source)
                self._sources[key] = source

    def result(self) -> Resolved:
        sections = {}
        for section in dataclasses.fields(Settings):
            prefix = f"{section.name}."
            values = {key.removeprefix(prefix): self._values[key] for key in self._values if key.startswith(prefix)}
            sections[section.name] = type(getattr(Settings(), section.name))(**values)
        return Resolved(Settings(**sections), self._sources, tuple(self._warnings))


def flat_values(settings: Settings) -> Iterator[tuple[str, Any]]:
    """(key, value) of every setting, in order; keys are like ``index.workers``."""
    for section in dataclasses.fields(settings):
        group = getattr(settings, section.name)
        for option in dataclasses.fields(group):
            yield f"{section.name}.{option.name}", getattr(group, option.name)


def plain_key(raw: str) -> str:
    """A key as Magray names it: snake_case, without a leading ``magray.``."""
    return _CAMEL.sub("_", str(raw)).lower().removeprefix("magray.")


def _flatten(layer: Mapping[str, Any], source: str) -> Iterator[tuple[str, Any]]:
    """Dotted snake_case keys with their values, whatever shape the layer has."""
    for raw, value in layer.items():
        key = plain_key(raw)
        if key == "magray" and isinstance(value, Mapping):
            yield from _flatten(value, source)
        elif isinstance(value, Mapping) and "." not in key:
            for inner, nested in _flatten(value, source):
                yield f"{key}.{inner}", nested
        elif "." not in key and key in {section.name for section in dataclasses.fields(Settings)}:
            raise SettingsError(f"{key} in {source} must be a group of settings, not {_words(value)}")
        else:
            yield key, value


def _checked(key: str, value: Any, default: Any, source: str) -> Any:
    kind = type(default)
    if kind is tuple or kind is str:
        return _checked_words(key, value, kind, source)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    low, high = LIMITS.get(key, (0, 0))
    expected = {bool: "true or false", int: f"a whole number from {low:g} to {high:g}"}.get(
        kind, f"a number from {low:g} to {high:g}"
    )
    if type(value) is not kind or (kind is not bool and not low <= value <= high):
        raise SettingsError(f"{key} in {source} is {_words(value)}", hint=f"it must be {expected}")
    return value


def _checked_words(key: str, value: Any, kind: type, source: str) -> Any:
    if kind is tuple:
        if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise SettingsError(f"{key} in {source} is {_words(value)}", hint="it must be a list of strings")
    if key == "memory.shared_dsn" and isinstance(value, str) and _PASSWORD.search(value):
        raise SettingsError(
            f"{key} in {source} holds a password in plain text, which is refused",
            hint="take it out and put it into ~/.pgpass (mode 0600) or PGPASSWORD",
        )
    choices = CHOICES.get(key, ())
    if isinstance(value, str) and (not choices or value in choices):
        return value
    expected = f"one of: {', '.join(choices)}" if choices else "a string"
    raise SettingsError(f"{key} in {source} is {_words(value)}", hint=f"it must be {expected}")


def _unknown(key: str, source: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"{source} sets {key}, which does not exist" + (f"; did you mean {near[0]}?" if near else "")


def _words(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _read(file: Path, name: str, *, flags: int = 0) -> Mapping[str, Any]:
    """A settings file as TOML, or nothing where there is none. Raises SettingsError.

    The workspace's file may be anything, so it is opened without waiting on a pipe and with ``O_NOFOLLOW``.
    """
    hint = "correct the file or move it away"
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | flags)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"cannot read {name}: {(error.strerror or str(error)).lower()}", hint=hint) from error
    with os.fdopen(descriptor, "rb", closefd=True) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise SettingsError(f"{name} is not a regular file", hint=hint)
        data = opened.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise SettingsError(f"{name} is larger than {_MAX_FILE_BYTES:,} bytes", hint=hint)
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{name} is not valid TOML: {error}", hint=hint) from error
