"""Real projects that nobody here wrote: source distributions pinned by hash, unpacked once, with their own tests."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

CACHE = Path(__file__).resolve().parents[2] / ".cache"
_PIP = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "20")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A source distribution by version and hash, and what its own tests need if they are run.

    ``source`` is its import folder.
    """

    name: str
    version: str
    sha256: str
    source: str
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


PROJECTS = {
    "click": Pinned(
        "click", "8.5.1", "9bbfada76703fd1d784b83eea012e3e8c6a001a876543ef104fa56aaaeb072b4", "src",
        ("pytest==8.4.2", "pytest-xdist==3.8.0"), ("-n2",),
    ),
    "httpx": Pinned(
        "httpx", "0.28.1", "75e98c5f16b0f35b567856f597f06ff2270a374470a5c2392242528e3e3e42fc", ".",
        ("pytest==8.4.2", "anyio==4.9.0", "httpcore==1.0.9", "certifi", "idna", "trio==0.30.0", "chardet==5.2.0",
         "trustme==1.2.1", "uvicorn==0.34.3", "brotli", "zstandard", "h2", "socksio", "click==8.1.8", "rich",
         "pygments"),
        # These resolve names of the network or wait for time to pass.
        ("--deselect=tests/client/test_proxies.py", "--ignore=tests/test_timeouts.py", "--ignore=tests/test_main.py"),
    ),
    "flask": Pinned(
        "flask", "3.1.3", "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb", "src",
        ("pytest==8.4.2", "werkzeug==3.1.3", "jinja2", "itsdangerous", "click==8.1.8", "blinker", "markupsafe",
         "asgiref", "greenlet", "python-dotenv"),
    ),
    "jinja2": Pinned(
        "jinja2", "3.1.6", "0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d", "src",
    ),
    "marshmallow": Pinned(
        "marshmallow", "4.4.0", "9e6ffa8511012ca89732324c1c253efd7b4d35632dcbdf80aa793fe01804af3e", "src",
    ),
    "rich": Pinned("rich", "15.0.0", "edd07a4824c6b40189fb7ac9bc4c52536e9780fbbfbddf6f1e2502c31b068c36", "."),
    "structlog": Pinned(
        "structlog", "26.1.0", "f63a716cbd1b1291cf7661de7794b455acfa4c43c5bcf1630e6ad5ddc1adb3b7", "src",
    ),
    "tenacity": Pinned("tenacity", "9.2.1", "a606b5c808d0cded4a359d5b9932d867ff2a6a6b64d37350260fd01bbdf83839", "."),
    "tinydb": Pinned("tinydb", "4.9.0", "6928b1fa785186bda7952a0ba05aaeedc883ede565ca9c7d608de44e5e75de70", "."),
    "tornado": Pinned("tornado", "6.6.1", "28e6311402af59c8b02e3fa0f5e7d8eb465b25081381803b127d97e6a4395d5a", "."),
}  # fmt: skip


@cache
def unpacked(name: str) -> Path:
    """The project's folder as it was published. Copy it before changing anything.

    Raises CalledProcessError where the registry cannot be reached, AssertionError where the hash differs.
    """
    pinned = PROJECTS[name]
    folder = CACHE / "projects" / f"{name}-{pinned.version}"
    with FileLock(_locks() / f"{name}.lock"):
        if not folder.exists():
            downloads = CACHE / "projects" / "downloads"
            archive = downloads / f"{name}-{pinned.version}.tar.gz"
            if not archive.exists():
                wanted = f"{name}=={pinned.version}"
                _pip("download", *_PIP, "--no-deps", "--no-binary", name, "-d", str(downloads), wanted)
            assert hashlib.sha256(archive.read_bytes()).hexdigest() == pinned.sha256, archive
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(partial, filter="data")
            (partial / archive.name.removesuffix(".tar.gz")).rename(folder)
            partial.rmdir()
    return folder


def copied(name: str, to: Path) -> Path:
    """A copy of the project to change."""
    return Path(shutil.copytree(unpacked(name), to, symlinks=True))


@cache
def python_of(name: str) -> Path:
    """An interpreter that has what the project's tests need, and not the project itself."""
    pinned = PROJECTS[name]
    mark = hashlib.sha256(json.dumps([*pinned.needs, sys.version]).encode()).hexdigest()[:12]
    folder = CACHE / "venvs" / f"{name}-{mark}"
    with FileLock(_locks() / f"{name}-venv.lock"):
        if not (folder / ".ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
            _pip("--python", str(folder / "bin" / "python"), "install", *_PIP, *pinned.needs)
            (packages,) = folder.glob("lib/python*/site-packages")
            record = packages / f"{name}-{pinned.version}.dist-info"  # tests ask for the project's own version
            record.mkdir()
            shutil.copy(unpacked(name) / "PKG-INFO", record / "METADATA")
            (folder / ".ready").touch()
    return folder / "bin" / "python"


@dataclass(frozen=True, slots=True)
class TestRun:
    """What the project's own tests said: ``failed`` holds test ids (or files that could not be collected)."""

    __test__ = False

    passed: int
    failed: frozenset[str]
    output: str


def run_tests(name: str, folder: Path, timeout_s: float = 240.0) -> TestRun:
    """Run the project's own tests in a (changed) copy of it."""
    pinned = PROJECTS[name]
    argv = [str(python_of(name)), "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE", "--tb=short",
            *pinned.options]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str((folder / pinned.source).resolve()), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    failed = frozenset(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE))
    passed = re.search(r"(\d+) passed", done.stdout)
    return TestRun(int(passed.group(1)) if passed else 0, failed, done.stdout + done.stderr)


@cache
def failing_before(name: str) -> frozenset[str]:
    """The tests that fail on this machine before anything is changed; found once and kept."""
    pinned = PROJECTS[name]
    python_of(name)
    mark = hashlib.sha256(json.dumps([pinned.sha256, *pinned.needs, *pinned.options, sys.version]).encode()).hexdigest()
    record = CACHE / "projects" / f"{name}-failing-{mark[:12]}.json"
    with FileLock(_locks() / f"{name}-before.lock"):
        if not record.exists():
            run = run_tests(name, unpacked(name))
            assert run.passed, run.output[-3000:]
            record.write_text(json.dumps(sorted(run.failed)))
    return frozenset(json.loads(record.read_text()))


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, capture_output=True, text=True, timeout=300)


def _locks() -> Path:
    folder = CACHE / "projects" / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
