"""``magray memory remember``, ``sessions`` and ``recall``: short-term memory of conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_core.display import one_line
from magray_core.errors import WorkspaceError
from magray_server.cli.commands.memory import say_damage, say_notices
from magray_server.cli.memory_text import day_of
from magray_server.cli.opening import open_root, open_workspace_late
from magray_server.cli.parser import UsageError
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from magray_indexers.remembering.sessions import Message, MessageHit, Role, Session

_ROLES = ("person", "assistant", "tool")


def remember(call: Invocation) -> int:
    """Add a message to a session."""
    from magray_indexers.remembering.sessions import Passage
    from magray_indexers.remembering.sessions import remember as keep
    from magray_orchestration.usecases.memory import memories_of

    tool = call.args.tool or ""
    role: Role = call.args.role or ("tool" if tool else "person")
    if role not in _ROLES:
        raise UsageError(f"{role!r} is no role", f"one of {', '.join(_ROLES)}")
    if tool and role != "tool":
        raise UsageError("--tool goes with --role tool", "leave one of both out")
    words = " ".join(call.args.text)
    text = call.out.read_lines().read() if words in ("", "-") else words
    source = f"tool:{tool}" if tool else role
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        passage = Passage(role, text, source, tool, tainted=role == "tool")
        kept = keep(memories.project, call.args.session, passage)

    def human() -> None:
        call.out.say(f"remembered in {kept.session}: {kept.tokens} tokens" + (", folded" if kept.folded else ""))

    call.out.answer(lambda: _message_view(kept), human)
    return DONE


def sessions(call: Invocation) -> int:
    """List the sessions, or show one."""
    from magray_indexers.remembering import sessions as stored
    from magray_orchestration.usecases.memory import memories_of

    name = call.args.session
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        known = stored.sessions(memories.project)
        chosen = [one for one in known if name in (None, one.id)]
        if name is not None and not chosen:
            raise WorkspaceError(f"there is no session {name[:40]!r}", hint=_near(name, known))
        said = [] if name is None else stored.transcript(memories.project, name)
        summary = [] if name is None else stored.context(memories.project, name)[:1]
        say_damage(call, memories)

    def view() -> dict[str, Any]:
        from magray_server.memory_views import SessionsView, session_view

        answer = SessionsView(sessions=[session_view(one) for one in chosen]).for_cli()
        return answer if name is None else {**answer, "messages": [_message_view(one) for one in said]}

    def human() -> None:
        for one in chosen:
            folded = f", {one.folded} folded" if one.folded else ""
            call.out.say_parts(
                call.out.styled(one.id, "bold"),
                call.out.styled(f"  {one.messages} messages{folded}, {day_of(one.changed)}", "dim"),
                call.out.styled(f"  {one_line(one.title, 70)}", ""),
            )
        for message in [*(found for found in summary if found.role == "summary"), *said]:
            call.out.say(f"{message.tool or message.role}:", "cyan")
            call.out.say(f"  {message.text}".replace("\n", "\n  "))
        if not chosen:
            call.out.say("no sessions yet", "dim")

    call.out.answer(view, human)
    return DONE


def recall(call: Invocation) -> int:
    """Find what was said."""
    from magray_indexers.remembering.sessions import recall as find
    from magray_orchestration.usecases.memory import memories_of

    k = 10 if call.args.k is None else call.args.k
    if k < 1:
        raise UsageError("-k must be 1 or more", "see magray memory recall --help")
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        hits = find(memories.project, " ".join(call.args.query), min(k, 1000))
        say_damage(call, memories)

    def view() -> dict[str, Any]:
        from magray_server.memory_views import RecallView, message_hit_view

        return RecallView(hits=[message_hit_view(hit.message, hit.score) for hit in hits]).for_cli()

    call.out.answer(view, lambda: _say_hits(call, hits))
    return DONE


def _say_hits(call: Invocation, hits: list[MessageHit]) -> None:
    for hit in hits:
        one = hit.message
        call.out.say_parts(
            call.out.styled(f"{one.session} #{one.n}", "cyan"), call.out.styled(f"  {one.tool or one.role}", "bold"),
            call.out.styled(f"  {day_of(one.created)}", "dim"),
        )  # fmt: skip
        call.out.say(f"    {one_line(one.text, 300)}")
    if not hits:
        call.out.say("nothing was found", "dim")


def _near(name: str, known: list[Session]) -> str:
    import difflib

    near = difflib.get_close_matches(name, [one.id for one in known], n=1, cutoff=0.4)
    return f"did you mean {near[0]}?" if near else "see magray memory sessions"


def _message_view(message: Message) -> dict[str, Any]:
    from magray_server.memory_views import message_view

    return message_view(message).for_cli()
