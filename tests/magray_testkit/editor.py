"""A fake editor on top of the raw client: buffers, capabilities of a kind, and edits applied as editors apply them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from magray_core.spans import LineIndex, Position, PositionEncoding, Span, TextEdit, apply_edits
from magray_testkit.lsp import Client, Message, server

FULL: Message = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
        "codeLens": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "textDocument": {
        "codeAction": {
            "dataSupport": True,
            "disabledSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
        }
    },
}
"""What VS Code and Neovim can do."""

PLAIN: Message = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {"codeAction": {"dataSupport": True, "resolveSupport": {"properties": ["edit", "command"]}}},
}
"""What Emacs with eglot can do: no operations on files."""


@dataclass
class Buffer:
    """An open document."""

    uri: str
    text: str
    version: int = 1


@dataclass
class Editor:
    """Buffers and what the person would answer.

    ``approves``: the answer to every question. ``applies``: whether edits are accepted; ``only`` limits them to some
    files, as a partial tick in a preview does. ``opens_closed_files``: edits of closed files go to new, unsaved
    buffers; otherwise they are written to disk.
    """

    client: Client
    root: Path
    encoding: PositionEncoding = PositionEncoding.UTF16
    approves: bool = True
    applies: bool = True
    only: set[str] | None = None
    opens_closed_files: bool = True
    buffers: dict[str, Buffer] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    questions: list[Message] = field(default_factory=list)
    edits: list[Message] = field(default_factory=list)

    # what the person does

    def open(self, path: str) -> str:
        """Open a file; its URI."""
        uri = self.uri(path)
        self._opened(Buffer(uri, (self.root / path).read_bytes().decode("utf-8-sig")))
        return uri

    def type(self, path: str, old: str, new: str) -> None:
        """Replace the only mention of some text in an open document."""
        buffer = self.buffers[self.uri(path)]
        assert buffer.text.count(old) == 1, buffer.text
        start = buffer.text.index(old)
        lines = LineIndex(buffer.text)
        place = {"start": self._at(lines, start), "end": self._at(lines, start + len(old))}
        buffer.text = buffer.text.replace(old, new)
        self._changed(buffer, [{"range": place, "text": new}])

    def save(self, path: str) -> None:
        """Write an open document to disk."""
        buffer = self.buffers[self.uri(path)]
        (self.root / path).write_bytes(buffer.text.encode())
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": buffer.uri}})

    def save_all(self) -> None:
        """Save every buffer."""
        for uri in self.buffers:
            self.save(str(self.path(uri).relative_to(self.root)))

    def at(self, path: str, text: str) -> Message:
        """Params that point into the first mention of some text."""
        uri = self.uri(path)
        content = self.text(path)
        return {"textDocument": {"uri": uri}, "position": self._at(LineIndex(content), content.index(text) + 1)}

    def code_actions(self, path: str, text: str, only: list[str] | None = None) -> list[Message]:
        """The menu at the first mention of some text."""
        params = self.at(path, text)
        place = {"start": params["position"], "end": params["position"]}
        context: Message = {"diagnostics": []} if only is None else {"diagnostics": [], "only": only}
        params = {"textDocument": params["textDocument"], "range": place, "context": context}
        return self.client.request("textDocument/codeAction", params) or []

    def choose(self, action: Message) -> Any:
        """Choose an action of the menu: resolve, edit, command."""
        if "data" in action:
            action = self.client.request("codeAction/resolve", action)
        if "edit" in action:
            assert self._apply_edit({"edit": action["edit"]})["applied"]
        return self.run(action["command"]) if "command" in action else None

    def lens(self, uri: str, title: str, nth: int = 0) -> Any:
        """Press the nth lens of that title."""
        lenses = self.client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) or []
        return self.run([lens["command"] for lens in lenses if lens["command"]["title"] == title][nth])

    def run(self, command: Message) -> Any:
        """Run a command on the server."""
        params = {"command": command["command"], "arguments": command.get("arguments", [])}
        return self.client.request("workspace/executeCommand", params)

    def close(self, path: str) -> None:
        """Close a document without saving it."""
        del self.buffers[self.uri(path)]
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})

    def reload(self, path: str) -> None:
        """Read an open document again from disk, as editors do when it has no unsaved changes."""
        buffer = self.buffers[self.uri(path)]
        buffer.text = (self.root / path).read_bytes().decode()
        self._changed(buffer, [{"text": buffer.text}])

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        """Tell the server of files that something else changed, created or deleted."""
        changes = [{"uri": self.uri(path), "type": 2 if (self.root / path).exists() else 3} for path in sorted(paths)]
        self.client.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def reset(self) -> None:
        """Close everything and forget what was answered."""
        for uri in list(self.buffers):
            self.close(str(self.path(uri).relative_to(self.root)))
        self.approves = self.applies = self.opens_closed_files = True
        self.only = None
        for seen in (self.shown, self.questions, self.edits, self.client.notifications, self.client.requests):
            seen.clear()
        self.answer()

    # what the editor knows

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def path(self, uri: str) -> Path:
        return Path(unquote(uri.removeprefix("file://")))

    def text(self, path: str) -> str:
        """The buffer, else the file."""
        buffer = self.buffers.get(self.uri(path))
        return (self.root / path).read_bytes().decode() if buffer is None else buffer.text

    # requests of the server

    def answer(self) -> None:
        """Answer the server's requests from now on."""
        self.client.answers |= {
            "workspace/applyEdit": self._apply_edit,
            "window/showDocument": self._show_document,
            "magray/client/approve": self._approve,
            "window/showMessageRequest": self._ask,
        }

    def _apply_edit(self, params: Message) -> Message:
        self.edits.append(params["edit"])
        if not self.applies:
            return {"applied": False, "failureReason": "the person declined"}
        changes = params["edit"].get("documentChanges") or [
            {"textDocument": {"uri": uri, "version": None}, "edits": edits}
            for uri, edits in params["edit"].get("changes", {}).items()
        ]
        for change in changes:
            buffer = self.buffers.get(change.get("textDocument", {}).get("uri", ""))
            expected = change.get("textDocument", {}).get("version")
            if buffer is not None and expected is not None and expected != buffer.version:
                return {"applied": False, "failureReason": f"{buffer.uri} is at version {buffer.version}"}
        for change in changes:
            self._change(change)
        return {"applied": True}

    def _change(self, change: Message) -> None:
        match change.get("kind"):
            case "create":
                self.path(change["uri"]).parent.mkdir(parents=True, exist_ok=True)
                self.path(change["uri"]).touch(exist_ok=False)
            case "rename":
                old, new = self.path(change["oldUri"]), self.path(change["newUri"])
                new.parent.mkdir(parents=True, exist_ok=True)
                old.rename(new)
                if (buffer := self.buffers.get(change["oldUri"])) is not None:
                    self.close(str(old.relative_to(self.root)))
                    self._opened(Buffer(change["newUri"], buffer.text))
            case "delete":
                self.path(change["uri"]).unlink()
                if change["uri"] in self.buffers:
                    self.close(str(self.path(change["uri"]).relative_to(self.root)))
            case None:
                uri = change["textDocument"]["uri"]
                if self.only is None or self.path(uri).name in self.only:
                    self._edit(uri, change["edits"])

    def _edit(self, uri: str, edits: list[Message]) -> None:
        relative = str(self.path(uri).relative_to(self.root))
        text = self.text(relative)
        lines = LineIndex(text)
        new = apply_edits(text, [TextEdit(self._span(lines, edit["range"]), edit["newText"]) for edit in edits])
        if uri not in self.buffers:
            if not self.opens_closed_files:
                self.path(uri).write_bytes(new.encode())
                return
            self.open(relative)
        self.buffers[uri].text = new
        self._changed(self.buffers[uri], [{"text": new}])

    def _opened(self, buffer: Buffer) -> None:
        self.buffers[buffer.uri] = buffer
        document = {"uri": buffer.uri, "languageId": "python", "version": 1, "text": buffer.text}
        self.client.notify("textDocument/didOpen", {"textDocument": document})

    def _changed(self, buffer: Buffer, changes: list[Message]) -> None:
        buffer.version += 1
        document = {"uri": buffer.uri, "version": buffer.version}
        self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def _show_document(self, params: Message) -> Message:
        self.shown.append(params["uri"])
        return {"success": True}

    def _approve(self, params: Message) -> Message:
        self.questions.append(params)
        return {"action": params["actions"][0] if self.approves else None}

    def _ask(self, params: Message) -> Message | None:
        self.questions.append(params)
        return params["actions"][0] if self.approves else None

    def _at(self, lines: LineIndex, offset: int) -> Message:
        position = lines.position_at(offset, self.encoding)
        return {"line": position.line, "character": position.character}

    def _span(self, lines: LineIndex, given: Message) -> Span:
        start, end = (
            lines.offset_at(Position(given[side]["line"], given[side]["character"]), self.encoding)
            for side in ("start", "end")
        )
        return Span(start, end)


@contextmanager
def editing(
    root: Path,
    *,
    capabilities: Message = FULL,
    options: Message | None = None,
    ready: bool = True,
    home: Path | None = None,
) -> Iterator[Editor]:
    """An editor with the workspace open and, unless ``ready`` is false, indexed."""
    with server(env={"MAGRAY_HOME": str(home)} if home else None) as client:
        editor = Editor(client, root)
        editor.answer()
        result = client.initialize(root, capabilities=capabilities, options={"approve": True, **(options or {})})
        editor.encoding = PositionEncoding(result["capabilities"]["positionEncoding"])
        if ready:
            client.notification("magray/index/status", state="ready")
        yield editor
        client.stop()
