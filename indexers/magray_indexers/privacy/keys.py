"""The key of an encrypted memory: made once, kept wrapped in a file, unlocked by the system's keyring or a passphrase.

The data key never changes: another passphrase or another machine's keyring only wraps it anew. The file alone opens
nothing, and neither does the keyring's entry. A keyring that writes plain text is no keyring.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from magray_core.errors import IndexFormatTooNew, KeyUnavailable

FORMAT_VERSION = 1
KEY_BYTES = 32
PASSPHRASE_VARIABLE = "MAGRAY_PASSPHRASE"
"""For tests and machines without a person; anybody who can list processes of the same user can read it."""

_SERVICE = "magray"
_NONCE_BYTES, _SALT_BYTES, _LEAST_PASSPHRASE = 12, 16, 8
_MOST_MEMORY_KIB, _MOST_PASSES = 1 << 21, 20
_TRUSTED = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)


class Vault(Protocol):
    """Where one secret for each name is kept, by the system, for this user alone."""

    def get_password(self, service: str, name: str, /) -> str | None:
        """The secret, or None."""

    def set_password(self, service: str, name: str, secret: str, /) -> None:
        """Keep the secret."""

    def delete_password(self, service: str, name: str, /) -> None:
        """Forget the secret."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unlocked key. Its bytes are not in its ``repr``."""

    id: str
    data: bytes = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose: what has one of them learns nothing of another. Source: HKDF-SHA256, RFC 5869."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"magray {self.id} {purpose}".encode()).derive(self.data)


@dataclass(frozen=True, slots=True)
class Stretching:
    """Argon2id's cost: passes over the memory, KiB of it, lanes. By default RFC 9106's second choice."""

    passes: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


def system_vault() -> Vault:
    """The system's keyring. Raises KeyUnavailable where there is none, or only one that does not protect."""
    import keyring
    from keyring.errors import KeyringError

    hint = "use a passphrase instead"
    try:
        backend = keyring.get_keyring()
    except (KeyringError, RuntimeError) as error:
        raise KeyUnavailable("the system's keyring cannot be used", hint=hint) from error
    chosen = getattr(backend, "backends", [backend])  # the chainer tries each: all of them must be fit
    for one in chosen:
        if not type(one).__module__.startswith(_TRUSTED):
            raise KeyUnavailable(f"{type(one).__module__} is no keyring that protects a key", hint=hint)
    if not chosen:
        raise KeyUnavailable("this system has no keyring", hint=hint)
    return _Guarded(backend)


def create_with_vault(file: Path, vault: Vault) -> DataKey:
    """A new key, wrapped by another that the vault keeps. Raises KeyUnavailable if that fails."""
    key = _new_key(file)
    _write(file, _wrapped_by_vault(key, vault))
    return key


def create_with_passphrase(file: Path, passphrase: str, stretching: Stretching | None = None) -> DataKey:
    """A new key, wrapped by a passphrase of at least eight characters. Raises KeyUnavailable as above."""
    key = _new_key(file)
    _write(file, _wrapped_by_passphrase(key, passphrase, stretching or Stretching()))
    return key


def guard(file: Path) -> Literal["vault", "passphrase"]:
    """What opens the key, so that the person can be asked for it. Raises KeyUnavailable, IndexFormatTooNew."""
    by: Literal["vault", "passphrase"] = _read(file)["by"]
    return by


def key_id(file: Path) -> str:
    """Which key the file holds, whatever guards it. Raises as ``guard`` does."""
    number: str = _read(file)["id"]
    return number


def discard(file: Path, vault: Callable[[], Vault] = system_vault) -> None:
    """Delete a key file and what the system's keyring keeps for it; a keyring that is not there is no hindrance."""
    entry = _read(file).get("entry")
    file.unlink()
    if entry is not None:
        with contextlib.suppress(KeyUnavailable):
            vault().delete_password(_SERVICE, entry)


def unlock(file: Path, *, vault: Callable[[], Vault] = system_vault, passphrase: str | None = None) -> DataKey:
    """The key, by whatever guards it; takes a moment for a passphrase, on purpose.

    Without ``passphrase`` the variable ``MAGRAY_PASSPHRASE`` is looked at. Raises KeyUnavailable for a missing or
    damaged file, a wrong passphrase, and a keyring that has no entry; IndexFormatTooNew.
    """
    stored = _read(file)
    if stored["by"] == "vault":
        entry = vault().get_password(_SERVICE, stored["entry"])
        if entry is None:
            raise KeyUnavailable(
                "the system's keyring has no key for this memory",
                hint="unlock it on the account that encrypted it, or start afresh: what was encrypted stays unreadable",
            )
        return _unwrapped(stored, _decoded(entry), "the key in the system's keyring does not open this memory")
    given = passphrase if passphrase is not None else os.environ.get(PASSPHRASE_VARIABLE)
    if given is None:
        raise KeyUnavailable(
            "this memory is locked by a passphrase",
            hint=f"run magray in a terminal, which asks for it, or set {PASSPHRASE_VARIABLE}",
        )
    cost = Stretching(stored["passes"], stored["memory_kib"], stored["lanes"])
    wrapping = _stretched(given, _decoded(stored["salt"]), cost)
    return _unwrapped(stored, wrapping, "the passphrase does not open this memory")


def rewrap_with_passphrase(file: Path, key: DataKey, passphrase: str, stretching: Stretching | None = None) -> None:
    """Guard an unlocked key by this passphrase from now on; nothing that it encrypted changes."""
    _write(file, _wrapped_by_passphrase(key, passphrase, stretching or Stretching()))


def rewrap_with_vault(file: Path, key: DataKey, vault: Vault) -> None:
    """Guard an unlocked key by the vault from now on, under a new entry; an earlier one is forgotten afterwards."""
    before = _read(file).get("entry")
    _write(file, _wrapped_by_vault(key, vault))
    if before is not None:
        vault.delete_password(_SERVICE, before)


class _Guarded:
    """A keyring whose failures are told in words."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def get_password(self, service: str, name: str, /) -> str | None:
        found: str | None = self._tried(self._backend.get_password, service, name)
        return found

    def set_password(self, service: str, name: str, secret: str, /) -> None:
        self._tried(self._backend.set_password, service, name, secret)

    def delete_password(self, service: str, name: str, /) -> None:
        self._tried(self._backend.delete_password, service, name)

    def _tried(self, call: Callable[..., Any], *arguments: str) -> Any:
        from keyring.errors import KeyringError

        try:
            return call(*arguments)
        except (KeyringError, RuntimeError, OSError) as error:
            raise KeyUnavailable(
                "the system's keyring is locked or does not answer", hint="unlock it, or use a passphrase"
            ) from error


def _new_key(file: Path) -> DataKey:
    if file.exists():
        raise KeyUnavailable(f"{file.name} exists already", hint="unlock it, or move it away")
    return DataKey(secrets.token_hex(8), secrets.token_bytes(KEY_BYTES))


def _wrapped_by_vault(key: DataKey, vault: Vault) -> dict[str, Any]:
    wrapping = secrets.token_bytes(KEY_BYTES)
    # A name of its own each time: until the file is written the earlier entry must go on opening it.
    name, secret = f"{key.id}-{secrets.token_hex(4)}", _encoded(wrapping)
    vault.set_password(_SERVICE, name, secret)
    if vault.get_password(_SERVICE, name) != secret:
        raise KeyUnavailable("the system's keyring does not keep what it is given", hint="use a passphrase instead")
    return _wrapped(key, wrapping, {"by": "vault", "entry": name})


def _wrapped_by_passphrase(key: DataKey, passphrase: str, cost: Stretching) -> dict[str, Any]:
    if len(passphrase) < _LEAST_PASSPHRASE:
        raise KeyUnavailable("the passphrase is too short", hint=f"use at least {_LEAST_PASSPHRASE} characters")
    salt = secrets.token_bytes(_SALT_BYTES)
    about = {"by": "passphrase", "salt": _encoded(salt), "passes": cost.passes}
    return _wrapped(
        key, _stretched(passphrase, salt, cost), {**about, "memory_kib": cost.memory_kib, "lanes": cost.lanes}
    )


def _stretched(passphrase: str, salt: bytes, cost: Stretching) -> bytes:
    import unicodedata

    from argon2.low_level import Type, hash_secret_raw

    # The same passphrase is typed in either form, depending on the keyboard.
    given = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hash_secret_raw(given, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID)


def _wrapped(key: DataKey, wrapping: bytes, about: Mapping[str, Any]) -> dict[str, Any]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    stored = {"format": FORMAT_VERSION, "id": key.id, **about}
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(wrapping).encrypt(nonce, key.data, _bound(stored))
    return {**stored, "nonce": _encoded(nonce), "key": _encoded(sealed)}


def _unwrapped(stored: Mapping[str, Any], wrapping: bytes, refusal: str) -> DataKey:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    about = {name: value for name, value in stored.items() if name not in ("nonce", "key")}
    try:
        data = AESGCM(wrapping).decrypt(_decoded(stored["nonce"]), _decoded(stored["key"]), _bound(about))
    except (InvalidTag, ValueError) as error:
        raise KeyUnavailable(refusal, hint="nothing was changed; try again") from error
    return DataKey(stored["id"], data)


def _bound(about: Mapping[str, Any]) -> bytes:
    """What is authenticated with the key: nobody can lower the cost or swap the file of another memory in."""
    return json.dumps(about, sort_keys=True).encode()


def _read(file: Path) -> dict[str, Any]:
    try:
        stored = json.loads(file.read_text(encoding="ascii"))
        if stored["format"] > FORMAT_VERSION:
            raise IndexFormatTooNew(stored["format"], FORMAT_VERSION, what="key file")
        return _checked(stored)
    except FileNotFoundError as error:
        raise KeyUnavailable("there is no key for this memory", hint="encrypt it first") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyUnavailable(f"{file.name} cannot be read", hint="restore it from a backup") from error


def _checked(stored: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError, KeyError or TypeError for what was never written; keeps a hostile cost from being paid."""
    names = ["id", "nonce", "key", "salt" if stored["by"] == "passphrase" else "entry"]
    if stored["by"] not in ("vault", "passphrase") or not all(isinstance(stored[name], str) for name in names):
        raise ValueError("by")
    if stored["by"] == "passphrase":
        passes, memory, lanes = (int(stored[name]) for name in ("passes", "memory_kib", "lanes"))
        if not (1 <= passes <= _MOST_PASSES and 8 * lanes <= memory <= _MOST_MEMORY_KIB and 1 <= lanes <= 64):
            raise ValueError("cost")
    return stored


def _write(file: Path, stored: Mapping[str, Any]) -> None:
    """Durably, for its owner alone, never half."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as out:
            out.write(json.dumps(stored, indent=1))
            out.flush()
            os.fsync(out.fileno())
        scratch.replace(file)
    except OSError as error:
        raise KeyUnavailable(f"{file.name} cannot be written: {error.strerror}", hint="check the folder") from error


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
