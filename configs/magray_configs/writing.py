"""Changes one setting in the user's own file and leaves every other byte of it, comments too."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from magray_configs.layers import plain_key, resolve, user_config_file
from magray_core.errors import SettingsError


def write_user_setting(key: str, value: str) -> Path:
    """Set ``key``, such as ``memory.model``, in the user's file, which is made where there is none; the file.

    Where the file spells the key in another way (camelCase, below ``magray``, dotted) that place is changed.
    Raises SettingsError where the file is wrong already or cannot be written.
    """
    import tomlkit

    resolve(None)  # a file that does not hold good settings is left for the person to correct
    file = user_config_file()
    with _explained():
        file = file.resolve()  # a link to where somebody keeps their settings stays one
        text = file.read_bytes().decode("utf-8-sig") if file.exists() else ""
        document = tomlkit.parse(text)
        places = list(_places(document, key))
        for table, name in places:
            table[name] = value
        if not places:
            section, _, name = key.partition(".")
            if section not in document:
                document[section] = tomlkit.table()
            table = document[section]
            assert isinstance(table, MutableMapping)  # ``resolve`` saw to it
            table[name] = value
        _replace(file, tomlkit.dumps(document))
    return user_config_file()


def _places(table: MutableMapping[str, Any], key: str, prefix: str = "") -> Iterator[tuple[Any, str]]:
    """Tables and names in them that mean the key."""
    for name, value in list(table.items()):
        found = plain_key(f"{prefix}{name}")
        if found == key:
            yield table, name
        elif isinstance(value, MutableMapping):
            yield from _places(value, key, "" if found == "magray" else f"{found}.")


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"your settings cannot be written: {(error.strerror or str(error)).lower()}",
            hint=f"check {user_config_file()}",
        ) from error
