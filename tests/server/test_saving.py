"""What an editor has changed but not saved is said, and settled by the save."""

from __future__ import annotations

from pathlib import Path

from magray_testkit.console import SHOP, write
from magray_testkit.editor import editing


def test_saving_settles_what_a_plan_left_in_buffers(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", SHOP)
    with editing(root, home=tmp_path / "home") as editor:
        editor.open("shop/prices.py")
        plan = editor.client.request("magray/plan", {"goal": "rename Basket to Cart"}, timeout_s=60)
        outcome = editor.client.request("magray/plan/apply", {"plan": plan["id"], "approved": True}, timeout_s=60)
        assert editor.uri("shop/prices.py") in outcome["pending"]
        document = Path(editor.path(plan["uri"]))
        assert "saved there?" in document.read_text()
        editor.client.notifications.clear()
        editor.save_all()
        editor.client.until(lambda: "saved there?" not in document.read_text(), "a settled plan document")
        editor.client.notification("magray/plan/changed", plan=plan["id"])
