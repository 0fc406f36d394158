"""One pinned wheel from the package registry, through the person's own pip. Nothing is installed or run.

pip asks whichever registry the person configured for it. Programs start with a small environment, so what its
variables say of registries goes along in the requirements file, which nobody else can read.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.errors import ProviderError, ProviderTimeout, ProviderUnreachable
from magray_orchestration.processes import Completed, run

_LIMIT_S = 1_800.0
_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--retries", "2")
_IN_FILE = (
    ("PIP_INDEX_URL", "--index-url"), ("PIP_EXTRA_INDEX_URL", "--extra-index-url"), ("PIP_FIND_LINKS", "--find-links"),
    ("PIP_TRUSTED_HOST", "--trusted-host"),
)  # fmt: skip
_AS_ARGUMENT = (
    ("PIP_CERT", "--cert"), ("PIP_CLIENT_CERT", "--client-cert"), ("PIP_DEFAULT_TIMEOUT", "--timeout"),
    ("PIP_PROXY", "--proxy"), ("HTTPS_PROXY", "--proxy"), ("https_proxy", "--proxy"),
)  # fmt: skip
_TRUE = ("1", "true", "yes", "on", "y", "t")
_UNREACHABLE = ("connection", "max retries", "timed out", "name resolution", "ssl", "proxy", "unreachable")


def download_wheel(requirement: str, sha256: str, folder: Path, *, cancel: CancelToken) -> Path:
    """The wheel of a requirement such as ``name==1.2``, in the folder, which is made. Blocks for up to half an hour.

    Raises ProviderUnreachable, ProviderTimeout, ProviderError for another hash, no such package, no pip or a full
    disk, Cancelled. What was begun stays in the folder then.
    """
    folder.mkdir(mode=0o700)
    file = folder / "requirements.txt"
    file.touch(mode=0o600)
    file.write_text("\n".join([*_registries(), f"{requirement} --hash=sha256:{sha256}", ""]), encoding="utf-8")
    argv = [sys.executable, "-m", "pip", "download", *_OPTIONS, *_arguments(), "--no-deps"]
    argv += ["--only-binary", ":all:", "--require-hashes", "-d", str(folder), "-r", str(file)]
    done = run(argv, timeout_s=_LIMIT_S, cwd=folder, cancel=cancel)
    if done.code != 0:
        raise _failure(requirement, done)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ProviderError(f"pip brought no wheel of {requirement}", hint="nothing was installed")
    return wheels[0]


def registry_words() -> str:
    """Whom pip will ask, as far as the environment says; never with a password."""
    if os.environ.get("PIP_NO_INDEX", "").lower() in _TRUE:
        return "the folders that your pip looks into"
    url = os.environ.get("PIP_INDEX_URL", "")
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return host or "the registry that your pip asks (PyPI unless you configured another)"


def _registries() -> Iterator[str]:
    for variable, option in _IN_FILE:
        for value in os.environ.get(variable, "").split():
            yield f"{option} {shlex.quote(value)}"
    if os.environ.get("PIP_NO_INDEX", "").lower() in _TRUE:
        yield "--no-index"


def _arguments() -> list[str]:
    arguments: list[str] = []
    for variable, option in _AS_ARGUMENT:
        if os.environ.get(variable) and option not in arguments:
            arguments += [option, os.environ[variable]]
    return arguments


def _failure(requirement: str, done: Completed) -> ProviderError:
    """pip's trouble as one sentence."""
    if done.timed_out:
        hint = "nothing was installed; try again"
        return ProviderTimeout(f"pip did not bring {requirement} within half an hour", hint=hint)
    said = done.stderr.decode("utf-8", "replace")
    low = said.lower()
    if "no module named pip" in low:
        hint = f"run {sys.executable} -m ensurepip, or install pip there as you installed Magray"
        return ProviderError("there is no pip beside Magray to bring models", hint=hint)
    if "do not match the hashes" in low:
        hint = "nothing was installed; check which registry your pip asks"
        return ProviderError(f"the registry gave another file than the pinned {requirement}", hint=hint)
    if "no space left" in low or "disk quota" in low:
        return ProviderError("the disk is full", hint="make room and pull again; nothing was installed")
    if any(word in low for word in _UNREACHABLE):
        hint = "check the connection and your pip's settings; nothing was installed"
        return ProviderUnreachable("the package registry cannot be reached", hint=hint)
    if "no matching distribution" in low or "could not find a version" in low:
        hint = "check which registry your pip asks"
        return ProviderError(f"the registry that your pip asks does not have {requirement}", hint=hint)
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    return ProviderError(f"pip failed: {last.strip()[:200]}", hint="nothing was installed")
