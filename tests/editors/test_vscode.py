"""Magray in a real VS Code workbench: the packaged extension in code-server, driven in headless Chromium."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import MAGRAY, ROOT, TOOLS, editor, snapshot

pytestmark = [pytest.mark.vscode, pytest.mark.timeout(280)]

VSCODE = TOOLS / "vscode"
HERE = Path(__file__).parent

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
}


def node() -> str:
    return editor("Node.js", "MAGRAY_NODE", VSCODE / "node/bin/node")


@pytest.fixture(scope="session")
def vsix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as `make package` builds it."""
    if not (VSCODE / ".ready").exists():
        pytest.skip("no code-server: run `make tools`")
    out = tmp_path_factory.mktemp("vsix")
    env = {**os.environ, "PATH": f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"}
    built = subprocess.run(
        [ROOT / "editors/vscode/package.sh", out], env=env, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.vsix")
    return path


@pytest.fixture
def workbench(shop: Path, vsix: Path) -> Iterator[str]:
    """code-server on a free loopback port with only our extension; gives its address."""
    data = shop.parent / "code"
    (data / "user/User").mkdir(parents=True)
    settings = {**SETTINGS, "security.workspace.trust.enabled": False, "magray.command": [MAGRAY, "serve"]}
    (data / "user/User/settings.json").write_text(json.dumps(settings))
    (data / "config.yaml").write_text("")
    entry = VSCODE / "node_modules/code-server/out/node/entry.js"
    command = [
        node(), str(entry), "--user-data-dir", str(data / "user"), "--extensions-dir", str(data / "ext"),
        "--config", str(data / "config.yaml"), "--disable-telemetry", "--disable-update-check",
    ]  # fmt: skip
    env = {**os.environ, "EXTENSIONS_GALLERY": '{"serviceUrl":"http://127.0.0.1:9/none"}'}
    subprocess.run([*command, "--install-extension", str(vsix), "--force"], env=env, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (data / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--bind-addr", f"127.0.0.1:{port}", "--auth", "none", "--disable-getting-started-override"],
            env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        await_health(address, server)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def await_health(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("code-server did not start")


def test_the_main_job_in_the_workbench(workbench: str, shop: Path) -> None:
    editor("Chromium", "MAGRAY_CHROMIUM", "chromium")
    before = snapshot(shop)
    shots = Path(os.environ.get("MAGRAY_SHOTS", shop.parent / "shots"))
    driven = subprocess.run(
        [node(), str(HERE / "workbench.mjs"), workbench, str(shop), str(shots), str(VSCODE)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert driven.returncode == 0, driven.stdout + driven.stderr
    assert snapshot(shop) == before, "everything was undone, byte for byte"
