"""``magray explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_server.cli.opening import open_root, open_workspace
from magray_server.cli.places import parse_pointed, path_from_root
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from magray_orchestration.explain.facts import Explanation


def run(call: Invocation) -> int:
    """Say what is known about the name at a place."""
    pointed = parse_pointed(call.args.place)
    root = open_root(call)
    path = path_from_root(pointed.path, root)
    from magray_orchestration.explain.facts import NoLinks, RelativeLinks
    from magray_orchestration.usecases.explain import explain

    links = RelativeLinks() if call.out.as_json else NoLinks()
    with open_workspace(call, root) as workspace:
        explanation = explain(workspace, path, pointed.line, pointed.column, links=links)
    call.out.answer(lambda: _view(explanation), lambda: call.out.say(explanation.markdown.rstrip("\n")))
    return DONE


def _view(explanation: Explanation) -> dict[str, Any]:
    # The JSON models are a tenth of a second to load, which a person at a terminal need not wait for.
    from magray_server.views import explain_view

    return explain_view(explanation).for_cli()
