"""What a request sees: the workspace frozen at one moment. Taken on the loop, read anywhere, never refreshed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from magray_configs.settings import Settings
from magray_core.contracts import DocStore
from magray_core.documents import Document
from magray_core.errors import WorkspaceError
from magray_core.spans import PositionEncoding
from magray_orchestration.workspace import Workspace
from magray_server.protocol.handshake import ClientProfile
from magray_server.uris import RootUris

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore
    from magray_server.editor import Ask

OWN_FOLDER = ".magray/"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Documents, index and settings at one version of the session.

    ``texts`` are all open documents by URI, also those outside the workspace; ``documents`` the workspace's by path.
    ``roots`` and ``index`` are None where no folder is open.
    """

    version: int
    profile: ClientProfile
    roots: RootUris | None
    index: DocStore | None
    settings: Settings
    texts: Mapping[str, Document]
    documents: Mapping[str, Document]
    plans: PlanStore | None = None
    ask_editor: Ask | None = None
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def encoding(self) -> PositionEncoding:
        """The unit in which the client counts characters."""
        return self.profile.encoding

    def workspace(self) -> Workspace:
        """The view for the use-cases. Raises WorkspaceError where no folder is open."""
        if self.roots is None or self.index is None:
            raise no_folder()
        from magray_server.embedding import reranker_by

        reranker = reranker_by(self.settings)
        workspace = Workspace(self.roots.root, self.index, self.documents, self.settings, reranker=reranker)
        if self.ask_editor is None:
            return workspace
        from magray_server.editor import EditorServers

        servers = EditorServers(workspace, self.roots, self.encoding, self.ask_editor)
        return replace(workspace, editor=servers)

    def store(self) -> PlanStore:
        """The workspace's plans. Raises WorkspaceError where no folder is open."""
        if self.plans is None:
            raise no_folder()
        return self.plans

    def path_of(self, uri: str) -> str | None:
        """The path of a document of the workspace that Magray may talk about, else None."""
        path = self.roots.path_of(uri) if self.roots else None
        return None if path is None or path.startswith(OWN_FOLDER) else path

    def uri_of(self, path: str) -> str:
        """The URI of a path, as the client spelled it where the document is open."""
        if self.roots is None:
            raise no_folder()
        return next((uri for uri, text in self.texts.items() if text.path == path), self.roots.uri_of(path))


def no_folder() -> WorkspaceError:
    """The error of every request that needs a workspace when none is open."""
    return WorkspaceError("no workspace folder is open", hint="open a folder in the editor")
