"""Settings from their layers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from magray_configs.layers import LIMITS, PROJECT_SECTIONS, Resolved, resolve
from magray_configs.reference import render_reference
from magray_configs.settings import Settings
from magray_core.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def layered(tmp_path: Path, *, user: str = "", project: str = "", **layers: dict[str, object]) -> Resolved:
    root = tmp_path / "root"
    for file, text in ((tmp_path / "home/config/config.toml", user), (root / ".magray/config.toml", project)):
        file.parent.mkdir(parents=True, exist_ok=True)
        if text:
            file.write_text(text, encoding="utf-8")
    return resolve(root, **layers)


def source(resolved: Resolved, wanted: str) -> str:
    return next(source for key, _, source in resolved.values() if key == wanted)


def test_without_files_every_setting_has_its_default(tmp_path: Path) -> None:
    resolved = layered(tmp_path)
    assert resolved.settings == Settings()
    assert {source for _, _, source in resolved.values()} == {"default"}
    assert resolved.warnings == ()


def test_each_layer_overrides_the_ones_before_it_and_is_named_as_the_source(tmp_path: Path) -> None:
    user, project = "[index]\nworkers = 1\n[hover]\nmax_lines = 7\n", "[index]\nworkers = 2\n"
    resolved = layered(tmp_path, user=user, project=project)
    assert (resolved.settings.index.workers, resolved.settings.hover.max_lines) == (2, 7)
    assert source(resolved, "index.workers") == ".magray/config.toml"
    assert source(resolved, "hover.max_lines") == "~/.magray/config/config.toml"
    resolved = layered(tmp_path, client={"index": {"workers": 3}})
    assert (resolved.settings.index.workers, source(resolved, "index.workers")) == (3, "the editor's settings")
    resolved = layered(tmp_path, client={"index": {"workers": 3}}, flags={"index.workers": 4})
    assert (resolved.settings.index.workers, source(resolved, "index.workers")) == (4, "the command line")


@pytest.mark.parametrize(
    "options",
    [
        {"index": {"max_file_bytes": 9}},
        {"index": {"maxFileBytes": 9}},
        {"index.maxFileBytes": 9},
        {"magray.index.maxFileBytes": 9},
        {"magray": {"index": {"maxFileBytes": 9}}},
    ],
)
def test_editors_may_write_keys_in_every_usual_way(tmp_path: Path, options: dict[str, object]) -> None:
    assert layered(tmp_path, client=options).settings.index.max_file_bytes == 9


def test_an_unknown_key_is_ignored_with_the_nearest_name(tmp_path: Path) -> None:
    resolved = layered(tmp_path, user="[index]\nworker = 2\n[nothing]\nlike = 1\n")
    assert resolved.settings == Settings()
    assert resolved.warnings == (
        "~/.magray/config/config.toml sets index.worker, which does not exist; did you mean index.workers?",
        "~/.magray/config/config.toml sets nothing.like, which does not exist",
    )


def test_a_workspace_sets_only_its_own_sections(tmp_path: Path) -> None:
    resolved = layered(tmp_path, project="[policy]\ndefault = 'allow'\n[providers]\nurl = 'http://evil'\n")
    assert resolved.settings == Settings()
    assert len(resolved.warnings) == 2
    assert "may not set policy.default" in resolved.warnings[0]
    assert {"index", "hover", "plans"} == PROJECT_SECTIONS


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("[index]\nworkers = 'two'", "index.workers in .magray/config.toml is 'two'", "a whole number from 0 to 64"),
        ("[index]\nworkers = true", "index.workers in .magray/config.toml is True", "a whole number from 0 to 64"),
        ("[index]\nworkers = -1", "index.workers in .magray/config.toml is -1", "a whole number from 0 to 64"),
        ("[hover]\nenabled = 1", "hover.enabled in .magray/config.toml is 1", "true or false"),
        ("[plans]\neditor_timeout_s = nan", "plans.editor_timeout_s", "a number from 0 to 600"),
        ("index = 3", "index in .magray/config.toml must be a group of settings, not 3", ""),
        ("[index", ".magray/config.toml is not valid TOML", "correct the file"),
    ],
)
def test_a_wrong_value_names_the_key_the_file_and_what_is_allowed(
    tmp_path: Path, text: str, words: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        layered(tmp_path, project=text)
    assert words in raised.value.message
    assert hint in raised.value.hint


def test_a_whole_number_is_taken_where_a_fraction_is_allowed(tmp_path: Path) -> None:
    assert layered(tmp_path, user="[plans]\neditor_timeout_s = 2\n").settings.plans.editor_timeout_s == 2.0


def test_a_workspace_file_that_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    folder = tmp_path / "root" / ".magray"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "config.toml")
    with pytest.raises(SettingsError, match="not a regular file"):
        resolve(tmp_path / "root")
    (folder / "config.toml").unlink()
    (folder / "config.toml").symlink_to("/etc/passwd")
    with pytest.raises(SettingsError, match="cannot read"):
        resolve(tmp_path / "root")
    (folder / "config.toml").unlink()
    (folder / "config.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(SettingsError, match="larger than"):
        resolve(tmp_path / "root")
    (folder / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not valid TOML"):
        resolve(tmp_path / "root")


def test_a_users_file_may_be_a_link(tmp_path: Path, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (tmp_path / "dotfiles.toml").write_text("[hover]\nenabled = false\n", encoding="utf-8")
    (home / "config/config.toml").symlink_to(tmp_path / "dotfiles.toml")
    assert resolve(None).settings.hover.enabled is False


def test_every_number_has_its_limits() -> None:
    keys = {key for key, value, _ in resolve(None).values() if type(value) in (int, float)}
    assert keys == set(LIMITS)


def test_a_workspace_cannot_say_that_secrets_are_none(tmp_path: Path) -> None:
    resolved = layered(tmp_path, project="[index]\nsecret_allowlist = ['*']\n")
    assert resolved.settings.index.secret_allowlist == ()
    assert "may not set index.secret_allowlist" in resolved.warnings[0]
    resolved = layered(tmp_path, user="[index]\nsecret_allowlist = ['demo-*']\n")
    assert resolved.settings.index.secret_allowlist == ("demo-*",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[index]\nsecret_allowlist = 'demo'\n", "a list of strings"),
        ("[index]\nsecret_allowlist = [1]\n", "a list of strings"),
        ("[memory]\npii = 'perhaps'\n", "one of: redact, report, off"),
        ("[memory]\npii = 3\n", "one of: redact, report, off"),
    ],
)
def test_words_and_lists_are_checked(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        layered(tmp_path, user=text)
    assert expected in caught.value.hint


def test_only_the_persons_own_file_says_where_the_shared_index_is(tmp_path: Path) -> None:
    line = "shared_dsn = 'host=evil'"
    resolved = layered(tmp_path, project=f"[memory]\n{line}\n", client={"memory.sharedDsn": "host=evil"})
    assert resolved.settings.memory.shared_dsn == ""
    assert len(resolved.warnings) == 2
    assert layered(tmp_path, user=f"[memory]\n{line}\n").settings.memory.shared_dsn == "host=evil"


@pytest.mark.parametrize(
    "dsn", ["host=h password=hunter2", "postgresql://me:hunter2@h/db", "host=h PASSWORD = hunter2"]
)
def test_a_password_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, dsn: str) -> None:
    with pytest.raises(SettingsError, match="holds a password in plain text") as raised:
        layered(tmp_path, user=f"[memory]\nshared_dsn = '{dsn}'\n")
    assert "hunter2" not in raised.value.message + raised.value.hint
    assert "pgpass" in raised.value.hint


def test_the_example_file_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    example = (ROOT / "configs/config.example.toml").read_text(encoding="utf-8")
    resolved = layered(tmp_path, user=example)
    assert resolved.settings == Settings()
    assert {source for _, _, source in resolved.values()} == {"~/.magray/config/config.toml"}


def test_the_reference_page_is_the_one_the_settings_make() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert page == render_reference(), "run: python -m magray_configs.reference > docs/reference/settings.md"
