"""Magray in a real VS Code workbench: the packaged extension in code-server, driven in headless Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from magray_testkit.projects import copied

from .conftest import FILES, MAGRAY, ROOT, TOOLS, editor

pytestmark = [pytest.mark.vscode, pytest.mark.timeout(400)]

VSCODE = TOOLS / "vscode"
PLANS, MEMORY = (Path(__file__).parent / name for name in ("workbench.mjs", "memory.mjs"))

SETTINGS = {
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "update.mode": "none",
    "workbench.enableExperiments": False,
    "chat.disableAIFeatures": True,
    "workbench.tips.enabled": False,
    "git.enabled": False,
    "files.autoSave": "off",
    "editor.minimap.enabled": False,
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
}


def scenes_of(driver: Path) -> list[str]:
    return re.findall(r"^  '(.+)': async bench", driver.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def node() -> str:
    if not (VSCODE / ".ready").exists():
        pytest.skip("no code-server: run `make tools`")
    editor("Chromium", "MAGRAY_CHROMIUM", "chromium")
    return editor("Node.js", "MAGRAY_NODE", VSCODE / "node/bin/node")


@pytest.fixture(scope="module")
def vsix(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as `make package` builds it."""
    out = tmp_path_factory.mktemp("vsix")
    env = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
    built = subprocess.run(
        [ROOT / "editors/vscode/package.sh", out], env=env, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.vsix")
    return path


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of a few Python files."""
    root = tmp_path_factory.mktemp("vscode") / "workspace"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def workbench(workspace: Path, vsix: Path, node: str) -> Iterator[str]:
    """code-server on a free loopback port with only our extension; gives its address."""
    data = workspace.parent / "code"
    for kind, settings in (("User", SETTINGS), ("Machine", {"magray.command": command(workspace.parent / "started")})):
        path = data / "user" / kind / "settings.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    (data / "config.yaml").touch()
    code_server = [
        node, str(VSCODE / "node_modules/code-server/out/node/entry.js"), "--user-data-dir", str(data / "user"),
        "--extensions-dir", str(data / "ext"), "--config", str(data / "config.yaml"),
        "--disable-telemetry", "--disable-update-check",
    ]  # fmt: skip
    gallery = '{"serviceUrl":"http://127.0.0.1:9/none"}'
    env = {**os.environ, "EXTENSIONS_GALLERY": gallery, "MAGRAY_HOME": str(workspace.parent / "home")}
    install = [*code_server, "--install-extension", str(vsix), "--force"]
    installed = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (data / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*code_server, "--bind-addr", f"127.0.0.1:{port}", "--auth", "none", "--disable-getting-started-override"],
            env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        await_health(address, server)
        yield address
    finally:
        stop(server)


@pytest.fixture(scope="module")
def played(workbench: str, workspace: Path, node: str) -> dict[str, str | None]:
    """Every scene with plans that was played, with what was wrong."""
    return play(node, PLANS, workbench, workspace)


@pytest.fixture(scope="module")
def remembered(workbench: str, workspace: Path, node: str) -> dict[str, str | None]:
    """Every scene with the memory that was played, on a real project in a window of its own."""
    return play(node, MEMORY, workbench, copied("click", workspace.parent / "click"))


def play(node: str, driver: Path, address: str, folder: Path) -> dict[str, str | None]:
    shots = os.environ.get("MAGRAY_SHOTS", str(folder.parent / "shots"))
    arguments = [node, str(driver), address, str(folder), shots, str(VSCODE)]
    driven = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
    lines = [json.loads(line) for line in driven.stdout.splitlines()]
    assert lines, driven.stderr
    return {line["scene"]: line["problem"] for line in lines}


@pytest.mark.parametrize("scene", scenes_of(PLANS))
def test_in_the_workbench(played: dict[str, str | None], scene: str) -> None:
    assert scene in played, f"not played, because of: {list(played.values())[-1]}"
    assert played[scene] is None, played[scene]


@pytest.mark.parametrize("scene", scenes_of(MEMORY))
def test_the_memory_in_the_workbench(remembered: dict[str, str | None], scene: str) -> None:
    assert scene in remembered, f"not played, because of: {list(remembered.values())[-1]}"
    assert remembered[scene] is None, remembered[scene]


def command(mark: Path) -> list[str]:
    """Starts the server and leaves a mark that it was started."""
    return ["/bin/sh", "-c", f"touch {shlex.quote(str(mark))} && exec {shlex.quote(MAGRAY)} serve"]


def await_health(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("code-server did not start")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End code-server with everything that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
            return
