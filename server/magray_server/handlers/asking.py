"""Asking the person for a yes, by the client's own view where it has one, else by a message with buttons."""

from __future__ import annotations

import logging
from typing import NamedTuple

from lsprotocol import types

from magray_server.protocol.client import ClientGone
from magray_server.protocol.messages import ResponseError
from magray_server.session import Session

log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What the person is asked; ``yes`` is the button that agrees, ``plan`` the plan it is about, if any."""

    title: str
    message: str
    yes: str
    plan: str = ""


async def says_yes(session: Session, question: Question) -> bool:
    """Whether the person agrees; no answer, and nobody who could answer, is a no."""
    try:
        if session.profile.speaks("approve"):
            params = {
                "title": question.title, "message": question.message, "actions": [question.yes], "plan": question.plan,
            }  # fmt: skip
            answer = await session.client.ask_plain("magray/client/approve", params, timeout_s=session.patience_s)
            return isinstance(answer, dict) and answer.get("action") == question.yes
        items = [types.MessageActionItem(question.yes), types.MessageActionItem("Cancel")]
        request = types.ShowMessageRequestParams(
            type=types.MessageType.Warning, message=f"Magray: {question.title}\n{question.message}", actions=items
        )
        chosen = await session.client.ask("window/showMessageRequest", request, timeout_s=session.patience_s)
        return bool(chosen) and chosen.title == question.yes
    except (ClientGone, ResponseError) as error:
        log.info("nobody could be asked: %s", error)
        return False
