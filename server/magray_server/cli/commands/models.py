"""``magray models …``: list, pull, verify, use, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_configs.layers import resolve
from magray_core.cancel import CancelToken
from magray_core.errors import ToolDenied
from magray_server.cli.running import DONE, FAILED, Invocation
from magray_server.embedding import models_folder

if TYPE_CHECKING:
    from magray_configs.settings import Settings
    from magray_orchestration.usecases.models import ModelRow, Verified
    from magray_server.cli.terminal import Terminal


def list_models(call: Invocation) -> int:
    """List what there is."""
    from magray_orchestration.usecases.models import listing

    rows = listing(_settings(call), models_folder())

    def view() -> dict[str, Any]:
        from magray_server.model_views import models_view

        return models_view(rows).for_cli()

    call.out.answer(view, lambda: _say_rows(call.out, rows))
    return DONE


def pull(call: Invocation) -> int:
    """Say what is taken from where, and take it."""
    from magray_orchestration.usecases import models

    if not call.args.offline and not models.is_sound(call.args.name, models_folder()):
        call.out.note(models.source_words(call.args.name, models_folder()))
    with call.out.progress() as bar:
        pulled = models.pull(
            call.args.name, models_folder(), offline=call.args.offline, progress=bar, cancel=CancelToken()
        )
    serves = models.serving_row(_settings(call), models_folder()).entry.name

    def human() -> None:
        state = "is there already, and sound" if pulled.already else "is ready"
        call.out.say(f"{pulled.name} {state}: {_size(pulled.n_bytes)}", "bold")
        if serves == pulled.name:
            call.out.say("it serves from now on; magray index makes its vectors", "dim")
        else:
            call.out.say(f"{serves} serves; magray models use {pulled.name} changes that", "dim")

    value = {"name": pulled.name, "already": pulled.already, "bytes": pulled.n_bytes}
    call.out.answer(lambda: value, human)
    return DONE


def verify(call: Invocation) -> int:
    """Hash the files; 1 if something is wrong."""
    from magray_orchestration.usecases.models import verify as verify_files

    found = verify_files([call.args.name] if call.args.name else [], models_folder())

    def view() -> dict[str, Any]:
        from magray_server.model_views import verified_view

        return verified_view(found).for_cli()

    call.out.answer(view, lambda: _say_verified(call.out, found))
    return FAILED if any(one.problems for one in found) else DONE


def use(call: Invocation) -> int:
    """Write the setting."""
    from magray_orchestration.usecases.models import use as use_model

    used = use_model(call.args.name, models_folder())

    def human() -> None:
        serves = "" if used.serves == used.name else f": {used.serves} serves"
        call.out.say(f"memory.model is {used.name} now{serves}", "bold")
        call.out.say(f"written to {used.file}; magray index makes its vectors", "dim")

    call.out.answer(lambda: {"name": used.name, "serves": used.serves, "file": str(used.file)}, human)
    return DONE


def remove(call: Invocation) -> int:
    """Delete a model, after asking where it cannot be pulled again."""
    from magray_models.catalog import entry_named
    from magray_orchestration.usecases import models

    entry = entry_named(call.args.name)
    if entry.wheel is None and not entry.shipped and not call.args.yes:
        if not call.out.can_ask:
            raise ToolDenied(f"the files of {entry.name} were placed by you", hint="say --yes to delete them")
        if not call.out.ask(f"Delete the files that you placed for {entry.name}?"):
            raise ToolDenied("nothing was deleted")
    removed = models.remove(entry.name, models_folder())
    serves = models.serving_row(_settings(call), models_folder()).entry.name

    def human() -> None:
        call.out.say(f"{removed.name} is gone: {_size(removed.n_bytes)} are free", "bold")
        call.out.say(f"{serves} serves", "dim")

    call.out.answer(lambda: {"name": removed.name, "bytes": removed.n_bytes, "serves": serves}, human)
    return DONE


def _settings(call: Invocation) -> Settings:
    """The person's own: which model serves is no matter of the workspace."""
    resolved = resolve(None)
    for warning in resolved.warnings:
        call.out.note(f"warning: {warning}", "yellow")
    return resolved.settings


def _say_rows(out: Terminal, rows: list[ModelRow]) -> None:
    for row in rows:
        entry = row.entry
        mark, style = ("*", "green") if row.in_use else (" ", "")
        state = _size(row.n_bytes) if row.installed else "not installed"
        out.say_parts(
            out.styled(f"{mark} ", style), out.styled(f"{entry.name:<15}", "bold"),
            out.styled(f"{entry.kind.value:<9} {state:<14}", "" if row.installed else "dim"),
            out.styled(entry.summary, ""),
        )  # fmt: skip
        figures = [
            f"{entry.dim} numbers" if entry.dim else "",
            f"{entry.speed:,}/s on one core" if entry.speed else "",
            f"NDCG@10 {entry.quality:.3f}" if entry.quality else "",
            entry.licence,
        ]
        out.say(f"    {', '.join(filter(None, figures))}", "dim")
        out.say(f"    {entry.source}; {entry.provenance}", "dim")
        for problem in row.problems:
            out.say(f"    {problem}", "red")
    out.say("* serves", "dim")


def _say_verified(out: Terminal, found: list[Verified]) -> None:
    for one in found:
        if one.problems:
            out.say(f"{one.name}: {'; '.join(one.problems)}", "red")
        else:
            out.say(f"{one.name}: " + ("recorded, and checked from now on" if one.recorded else "sound"))


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"
