"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on a socket in that folder, gone at the end.

Programs come from ``MAGRAY_PG_BIN``, else from what ``tests/tools/install.sh`` fetched, else from the system. The
system's own cluster is never touched. PostgreSQL refuses to run as root, so root runs it as ``nobody``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")
_START_S = 30.0
_SETTINGS = """
fsync = off
full_page_writes = off
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 12
autovacuum = off
shared_buffers = '128MB'
dynamic_shared_memory_type = mmap
log_min_messages = warning
"""


def programs(*, with_pgvector: bool = True) -> Path | None:
    """The folder of ``initdb`` and ``postgres``, or None where there is none that will do."""
    given = os.environ.get("MAGRAY_PG_BIN")
    found = [Path(given)] if given else []
    for pattern in (".cache/tools/pgsql/usr/lib/postgresql/*/bin", "/usr/lib/postgresql/*/bin"):
        base, pattern_below = (Path("/"), pattern[1:]) if pattern.startswith("/") else (ROOT, pattern)
        found += sorted(base.glob(pattern_below), reverse=True)
    usable = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return next((folder for folder in usable if not with_pgvector or _extension_file(folder).exists()), None)


def _extension_file(binaries: Path) -> Path:
    version = binaries.parent.name
    shared = binaries.parents[3] / "share" / "postgresql" / version / "extension"
    return shared / "vector.control"


@dataclass
class Cluster:
    """A running server. ``folder`` holds its socket; the superuser is ``postgres``.

    Every role is trusted but for one that is called ``guarded``, which needs its password.
    """

    binaries: Path
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    databases: int = 0

    def dsn(self, database: str = "postgres", **more: object) -> str:
        """A connection string without a password."""
        words = {"host": self.folder, "port": 5432, "user": "postgres", "dbname": database, **more}
        return " ".join(f"{name}={value}" for name, value in words.items())

    def database(self) -> str:
        """The connection string of a new, empty database."""
        self.databases += 1
        name = f"test_{self.databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def execute(self, statement: str, dsn: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement as the superuser, outside of a transaction."""
        import psycopg

        with psycopg.connect(dsn or self.dsn(), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = _as_nobody(str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder))
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        import psycopg

        deadline = time.monotonic() + _START_S
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.Error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions, SIGQUIT is a crash. Safe to call twice."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(how)
            self.process.wait(_START_S)
            self.process = None


@contextlib.contextmanager
def running(binaries: Path, settings: str = "") -> Iterator[Cluster]:
    """A new cluster, running, removed at the end with all it holds."""
    folder = Path(tempfile.mkdtemp(prefix="magray-pg-"))
    cluster = Cluster(binaries, folder)
    try:
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        folder.chmod(0o755)
        done = subprocess.run(
            _as_nobody(
                str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "--auth=trust", "--no-sync",
                "--encoding=UTF8", "--locale=C",
            ),
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS + settings)
        access = folder / "data" / "pg_hba.conf"
        access.write_text("local all guarded scram-sha-256\n" + access.read_text())
        cluster.start()
        yield cluster
    finally:
        cluster.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def without_pgvector(binaries: Path, folder: Path) -> Path:
    """The same programs in a place where pgvector is not installed."""
    system = binaries.parents[3]
    for name in ("lib", "share"):
        shutil.copytree(
            system / name / "postgresql" / binaries.parent.name, folder / name / "postgresql" / binaries.parent.name,
            ignore=shutil.ignore_patterns("vector*", "bitcode", "llvmjit*", "pg_dump*", "psql"), symlinks=True,
        )  # fmt: skip
    return folder / "lib" / "postgresql" / binaries.parent.name / "bin"


def _as_nobody(*command: str) -> list[str]:
    if os.geteuid() == 0:
        return ["setpriv", *_NOBODY, "--pdeathsig=QUIT", *command]
    return list(command)
