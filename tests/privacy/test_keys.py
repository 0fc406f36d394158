"""Keys of encrypted memories: made, wrapped, unlocked, refused; files that only the key opens."""

from __future__ import annotations

import json
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backends import chainer, fail, null

from magray_core.errors import IndexCorrupt, IndexFormatTooNew, KeyUnavailable
from magray_indexers.privacy import keys
from magray_indexers.privacy.keys import DataKey, Stretching
from magray_indexers.privacy.proof import prove
from magray_indexers.privacy.sealing import Seal, read_sealed, write_sealed

QUICK = Stretching(passes=1, memory_kib=64, lanes=1)
WORDS = "correct horse battery"


class MemoryVault:
    """A keyring of this process; ``forgetful`` takes what it is given and keeps nothing."""

    def __init__(self, *, forgetful: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self._forgetful = forgetful

    def get_password(self, service: str, name: str, /) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str, /) -> None:
        if not self._forgetful:
            self.kept[service, name] = secret

    def delete_password(self, service: str, name: str, /) -> None:
        del self.kept[service, name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "memory.key"


def test_a_passphrase_opens_its_key_in_either_form_of_its_letters_and_no_other_does(file: Path) -> None:
    key = keys.create_with_passphrase(file, "Ёлка-é-word", QUICK)
    assert keys.unlock(file, passphrase="Ёлка-é-word") == key
    assert keys.guard(file) == "passphrase"
    for wrong in ("ёлка-é-word", "Ёлка-e-word", ""):
        with pytest.raises(KeyUnavailable, match="does not open this memory"):
            keys.unlock(file, passphrase=wrong)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert prove(file.parent, [key.data.hex(), "Ёлка-é-word"]).hits == ()
    assert key.data.hex() not in repr(key) and str(key.data) not in repr(key)


def test_the_default_cost_is_the_one_that_is_stored_and_paid(file: Path) -> None:
    keys.create_with_passphrase(file, WORDS)
    stored = json.loads(file.read_text())
    assert (stored["passes"], stored["memory_kib"], stored["lanes"]) == (3, 65_536, 4)
    assert keys.unlock(file, passphrase=WORDS).id == stored["id"]


def test_a_machine_without_a_person_may_give_the_passphrase_by_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys.create_with_passphrase(file, WORDS, QUICK)
    with pytest.raises(KeyUnavailable, match="locked by a passphrase"):
        keys.unlock(file)
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, WORDS)
    assert keys.unlock(file) == key


def test_a_keyring_opens_its_key_and_another_keyring_does_not(file: Path) -> None:
    vault = MemoryVault()
    key = keys.create_with_vault(file, vault)
    assert keys.guard(file) == "vault"
    assert keys.unlock(file, vault=lambda: vault) == key
    with pytest.raises(KeyUnavailable, match="no key for this memory"):
        keys.unlock(file, vault=MemoryVault)
    (entry,) = vault.kept
    vault.kept[entry] = keys._encoded(bytes(32))
    with pytest.raises(KeyUnavailable, match="does not open this memory"):
        keys.unlock(file, vault=lambda: vault)
    with pytest.raises(KeyUnavailable, match="does not keep"):
        keys.create_with_vault(file.with_name("other.key"), MemoryVault(forgetful=True))


def test_a_new_guard_keeps_the_key_and_the_old_one_opens_nothing(file: Path) -> None:
    vault = MemoryVault()
    key = keys.create_with_passphrase(file, WORDS, QUICK)
    keys.rewrap_with_passphrase(file, key, "another passphrase", QUICK)
    assert keys.unlock(file, passphrase="another passphrase") == key
    with pytest.raises(KeyUnavailable):
        keys.unlock(file, passphrase=WORDS)
    keys.rewrap_with_vault(file, key, vault)
    earlier = file.read_bytes()
    keys.rewrap_with_vault(file, key, vault)
    assert keys.unlock(file, vault=lambda: vault) == key
    assert len(vault.kept) == 1
    file.write_bytes(earlier)
    with pytest.raises(KeyUnavailable):
        keys.unlock(file, vault=lambda: vault)


@pytest.mark.parametrize(
    "backend",
    [
        fail.Keyring,
        null.Keyring,
        chainer.ChainerBackend,
        type("Plaintext", (), {"__module__": "keyrings.alt.file"}),
    ],
)
def test_a_keyring_that_does_not_protect_is_refused(
    backend: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", backend)
    with pytest.raises(KeyUnavailable) as caught:
        keys.system_vault()
    assert caught.value.hint == "use a passphrase instead"


def test_bad_input_is_one_clear_sentence(file: Path) -> None:
    with pytest.raises(KeyUnavailable, match="too short"):
        keys.create_with_passphrase(file, "short")
    with pytest.raises(KeyUnavailable, match="there is no key"):
        keys.unlock(file, passphrase=WORDS)
    keys.create_with_passphrase(file, WORDS, QUICK)
    with pytest.raises(KeyUnavailable, match="exists already"):
        keys.create_with_passphrase(file, WORDS, QUICK)
    good = json.loads(file.read_text())
    file.write_text(json.dumps({**good, "format": 9}))
    with pytest.raises(IndexFormatTooNew):
        keys.unlock(file, passphrase=WORDS)
    for change in (
        {"memory_kib": 1 << 40},
        {"passes": 0},
        {"lanes": 9_999},
        {"by": "nobody"},
        {"salt": 3},
        {"key": None},
    ):
        file.write_text(json.dumps({**good, **change}))
        with pytest.raises(KeyUnavailable, match="cannot be read"):
            keys.unlock(file, passphrase=WORDS)
    for change in ({"passes": 2}, {"id": "0" * 16}, {"nonce": good["salt"]}, {"key": good["salt"]}, {"more": 1}):
        file.write_text(json.dumps({**good, **change}))
        with pytest.raises(KeyUnavailable, match="does not open"):
            keys.unlock(file, passphrase=WORDS)
    for data in (b"", b"{", b"[]", b"null", b"\xff", b'{"format": "x"}'):
        file.write_bytes(data)
        with pytest.raises(KeyUnavailable, match="cannot be read"):
            keys.unlock(file, passphrase=WORDS)


KEY = DataKey("0123456789abcdef", bytes(range(32)))
SEAL = Seal("workspace", "rows.npy", 3)


@pytest.mark.parametrize("size", [0, 1, 1_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_sealed_file_gives_its_bytes_back_and_shows_none_of_them(tmp_path: Path, size: int) -> None:
    data = (b"canary marmalade " * (size // 17 + 1))[:size]
    write_sealed(tmp_path / "a.sealed", data, KEY, SEAL)
    assert read_sealed(tmp_path / "a.sealed", KEY, SEAL) == data
    assert prove(tmp_path, ["marmalade"]).hits == ()
    before = (tmp_path / "a.sealed").read_bytes()
    write_sealed(tmp_path / "a.sealed", data, KEY, SEAL)
    assert (tmp_path / "a.sealed").read_bytes() != before


@pytest.mark.parametrize(
    ("key", "seal"),
    [
        (DataKey("0123456789abcdef", bytes(32)), SEAL),
        (DataKey("fedcba9876543210", KEY.data), SEAL),
        (KEY, Seal("another", "rows.npy", 3)),
        (KEY, Seal("workspace", "ids.npy", 3)),
        (KEY, Seal("workspace", "rows.npy", 2)),
        (KEY, Seal("workspacer", "ows.npy", 3)),
    ],
)
def test_it_opens_with_no_other_key_and_as_nothing_else(tmp_path: Path, key: DataKey, seal: Seal) -> None:
    write_sealed(tmp_path / "a", b"data", KEY, SEAL)
    with pytest.raises(IndexCorrupt, match="does not open with this key"):
        read_sealed(tmp_path / "a", key, seal)


def test_every_change_loss_and_exchange_of_pieces_is_noticed(tmp_path: Path) -> None:
    file, chance = tmp_path / "a", random.Random(1)
    write_sealed(file, chance.randbytes((2 << 20) + 5_000), KEY, SEAL)
    good, whole = file.read_bytes(), (1 << 20) + 28
    pieces = [good[8:][at : at + whole] for at in range(0, len(good) - 8, whole)]
    broken = [good[:-1], good[: 8 + whole], good[: 8 + 2 * whole], good[:8], good[:4], b"", good + b"\0"]
    broken += [good[:8] + pieces[1] + pieces[0] + pieces[2], good[:8] + pieces[0] + pieces[2], good + pieces[2]]
    for _ in range(200):
        at = chance.randrange(len(good))
        broken.append(good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1 :])
    for data in broken:
        file.write_bytes(data)
        with pytest.raises(IndexCorrupt):
            read_sealed(file, KEY, SEAL)
