"""``magray memory encrypt``, ``decrypt`` and ``rekey``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from magray_server.cli.opening import open_root
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from magray_indexers.privacy.converting import Converted


def encrypt(call: Invocation) -> int:
    """Encrypt what is remembered of the workspace."""
    from magray_indexers.privacy.converting import encrypt as encrypt_memory

    by = _by(call)
    return _converted(call, "encrypted", lambda memory: encrypt_memory(memory, by))


def decrypt(call: Invocation) -> int:
    """Keep it in plain again."""
    from magray_indexers.privacy.converting import decrypt as decrypt_memory

    return _converted(call, "in plain", decrypt_memory)


def rekey(call: Invocation) -> int:
    """Guard the key by another passphrase, or by the keyring."""
    from magray_indexers.privacy.converting import rekey as rekey_memory

    by = _by(call)
    rekey_memory(_memory(call), by)
    call.out.answer(lambda: {"by": by}, lambda: call.out.say(f"the key is guarded by {_WORDS[by]} now"))
    return DONE


_WORDS = {"keyring": "the system's keyring", "passphrase": "the new passphrase"}


def _by(call: Invocation) -> Literal["keyring", "passphrase"]:
    return "passphrase" if call.args.passphrase else "keyring"


def _memory(call: Invocation) -> Path:
    from magray_configs.paths import WorkspacePaths, user_memory_db

    root = open_root(call)
    if call.args.everywhere:
        return user_memory_db().parent
    paths = WorkspacePaths(root)
    paths.create()
    return paths.memory


def _converted(call: Invocation, how: str, convert: Callable[[Path], Converted]) -> int:
    done = convert(_memory(call))

    def say() -> None:
        call.out.say(f"the memory is {how} now")
        if done.carried:
            call.out.say(f"carried over: {', '.join(done.carried)}")
        if done.dropped:
            call.out.say(f"made again from the files when it is next needed: {', '.join(done.dropped)}")

    call.out.answer(lambda: {"carried": list(done.carried), "dropped": list(done.dropped)}, say)
    return DONE
