"""Every command of ``magray`` in one table: the parser, the help and docs/reference/cli.md are all made from it."""

from __future__ import annotations

from magray_server.cli.entries import Argument, Command, Group
from magray_server.cli.memory_table import MEMORY_COMMANDS, MEMORY_GROUPS
from magray_server.cli.models_table import MODELS_COMMANDS, MODELS_GROUPS

EXIT_CODES = (
    (0, "done"),
    (1, "failed"),
    (2, "wrong usage"),
    (3, "refused by policy or by the person"),
    (130, "interrupted"),
)

COMMON = (
    Argument(
        ("--root",),
        "the workspace; default: the nearest folder with .magray, .git or pyproject.toml",
        "DIR",
        required=False,
    ),
    Argument(("--json",), "print one JSON value on stdout and nothing else", kind="flag"),
    Argument(("--offline",), "never open a network connection", kind="flag"),
)

_PLAN = Argument(("plan",), "a plan's id, the beginning of one, or 'last' (the default)", "PLAN", required=False)
_GOAL = Argument(("goal",), "what should change, in English or Russian", "GOAL", "words")
_AT = Argument(("--at",), "where the cursor is", "PATH:LINE[:COL]", required=False)
_SELECT = Argument(("--select",), "which lines are selected", "PATH:L1-L2", required=False)
_YES = Argument(("--yes", "-y"), "do not ask; applies what is checked", kind="flag")
_STEPS = Argument(("--steps",), "only these steps, whether their boxes are checked or not", "1,3", required=False)
_HITS = (
    '{"hits": [{"path", "start_line", "end_line", "symbol", "kind", "score", "scores": {}, "snippet", "also": []}],'
    ' "took_ms", "freshness": {"generation", "head", "head_now", "dirty", "age_s", "complete"}}'
)
_PLAN_JSON = (
    '{"id", "goal", "intent": {"kind", "slots": {}, "confidence", "by"}, "status", "steps": [{"id", "title", "why",'
    ' "tool", "args": {}, "depends_on": [], "group", "risk": {"level", "score", "reasons": []}, "permissions": [],'
    ' "proof": {"parses", "diagnostics_delta", "engines": [], "residue": [], "residue_counts": {}},'
    ' "needs_confirmation", "status", "diff"}], "summary"}'
)
_OUTCOME_JSON = '{"plan", "status", "applied": [], "refused": [{"step", "path", "reason"}]}'

GROUPS: tuple[Group, ...] = (*MEMORY_GROUPS, *MODELS_GROUPS)
"""The first words that several commands share, in the order of the help."""

COMMANDS = (
    Command(
        "serve",
        "run the language server on stdin and stdout",
        "serving:run",
        details="Editors start this. It speaks the Language Server Protocol until the editor says exit.",
    ),
    Command(
        "index",
        "index or refresh the workspace",
        "searching:index",
        (
            Argument(("--full",), "read and parse every file again", kind="flag"),
            Argument(("--recent",), "every workspace that was used lately, so that it is ready", kind="flag"),
            Argument(("--publish",), "put the index into the team's under this name", "REPOSITORY", required=False),
            Argument(("--withdraw",), "take a repository out of the team's index", "REPOSITORY", required=False),
        ),
        details=(
            "Only files whose content changed are parsed again. No code of the workspace is run."
            " The team's index is the database of memory.shared_dsn: see docs/guides/shared-index.md."
        ),
        json=(
            '{"files", "chunks", "skipped": {"reason": 0}, "seconds", "generation"}; with --publish also "published":'
            ' {"repository", "generation", "files", "chunks", "sent", "removed", "vectors", "seconds"}; with --withdraw'
            ' {"repository", "withdrawn"}; with --recent {"workspaces": [{"root", "files", "chunks", "error"}]}'
        ),
        examples=(
            "magray index",
            "magray index --full --json",
            "magray index --recent",
            "magray index --publish billing",
        ),
    ),
    Command(
        "search",
        "find code by words, names or a question",
        "searching:search",
        (
            Argument(("query",), "words, a name or a question", "QUERY", "words", required=False),
            Argument(("-k",), "how many hits (10)", "N", "number", required=False),
            Argument(("--path",), "only files that match, as in .gitignore", "GLOB", "repeated", required=False),
            Argument(("--language",), "only files in this language", "NAME", "repeated", required=False),
            Argument(
                ("--kind",),
                "only code, docs, tests, or a kind of definition: function, class …",
                "KIND",
                "repeated",
                required=False,
            ),
            Argument(("--shared",), "search the team's index instead of the workspace's", kind="flag"),
            Argument(
                ("--repository",), "with --shared: only this repository", "REPOSITORY", "repeated", required=False
            ),
            Argument(
                ("--serve",), 'read {"query", "k"} as one JSON value per line, answer each on one line', kind="flag"
            ),
        ),
        details=(
            "Indexes first when there is no index, and takes up changed files when that is quick."
            " Paths are relative to the root, lines count from 1 and include the last."
        ),
        json=f'{_HITS}; with --shared each hit has its "repository" too',
        examples=(
            "magray search parse config file",
            "magray search -k 3 get_default --json",
            "magray search --path src/ --kind function retry with backoff",
            "magray search --shared --repository billing where invoices are rounded",
        ),
    ),
    Command(
        "explain",
        "say what is known about the name at a place, with citations",
        "explaining:run",
        (Argument(("place",), "a file and a line, from 1, and perhaps a column", "PATH:LINE[:COL]"),),
        details="Without a column the first definition on the line is meant, else its first name.",
        json='{"markdown", "citations": [{"path", "start_line", "end_line", "label"}]}',
        examples=("magray explain src/app.py:12", "magray explain src/app.py:12:9 --json"),
    ),
    Command(
        "plan",
        "make a plan for a goal; changes nothing",
        "planning:plan",
        (_GOAL, _AT, _SELECT),
        json=_PLAN_JSON,
        examples=(
            'magray plan "rename get_default to default_value"',
            'magray plan "rename to total" --at src/app.py:12:9',
            'magray plan "replace print($A) with log.info($A)"',
        ),
    ),
    Command(
        "show",
        "show a plan, or the diff it would make",
        "planning:show",
        (_PLAN, Argument(("--diff",), "the unified diff instead of the plan", kind="flag")),
        json=_PLAN_JSON,
        examples=("magray show", "magray show 3f2a --diff"),
    ),
    Command(
        "apply",
        "apply a plan, whole or some of its steps",
        "changing:apply",
        (_PLAN, _STEPS, _YES),
        details=(
            "Asks what policy wants asked. Where nobody can be asked it changes nothing and exits with 3"
            " unless --yes is given. Files that changed since the plan was made are refused, all together."
        ),
        json=_OUTCOME_JSON,
        examples=("magray apply", "magray apply 3f2a --steps 1,3 --yes"),
    ),
    Command(
        "undo",
        "take an applied plan back, byte for byte",
        "changing:undo",
        (_PLAN, Argument(("--step",), "only this step", "N", "number", required=False), _YES),
        details="Refuses to overwrite what changed since, and says what differs. Needs no git.",
        json=_OUTCOME_JSON,
        examples=("magray undo", "magray undo 3f2a --step 2"),
    ),
    Command(
        "redo",
        "apply again what was undone",
        "changing:redo",
        (_PLAN, _YES),
        json=_OUTCOME_JSON,
        examples=("magray redo",),
    ),
    Command(
        "do",
        "plan, show, ask and apply in one go",
        "changing:do",
        (_GOAL, _AT, _SELECT, _STEPS, _YES),
        json=_OUTCOME_JSON,
        examples=('magray do "rename get_default to default_value"',),
    ),
    *MEMORY_COMMANDS,
    *MODELS_COMMANDS,
    Command(
        "doctor",
        "check the installation, the index, the settings and the stores",
        "doctoring:run",
        json=(
            '{"ok", "checks": [{"name", "state", "text", "hint"}], "index": {}, "settings": [{"key", "value",'
            ' "source"}]}'
        ),
    ),
    Command(
        "demo",
        "show the main job on a temporary copy of a real project",
        "demo:run",
        details=(
            "Works on a source distribution of click, or with --offline on Magray's own sources, in a temporary"
            " folder that is removed at the end. Never touches your files."
        ),
        json='{"ok", "project", "offline", "steps": [{"title", "ok", "seconds", "text"}], "seconds"}',
    ),
)


def command_named(name: str) -> Command:
    """The command of that name. Raises KeyError."""
    return {command.name: command for command in COMMANDS}[name]
