"""The rows of ``magray memory`` and ``magray tasks`` in the table of commands."""

from __future__ import annotations

from magray_server.cli.entries import Argument, Command, Group

_RECORD = (
    '{"id", "kind", "name", "text", "source", "holder", "created", "changed", "tags": [], "due", "done", "overdue",'
    ' "tainted", "path", "start_line", "end_line", "symbol", "state", "was"}'
)
_PLACE = Argument(("--at",), "what it is about", "PATH[:LINE[:COL]]", required=False)
_TAG = Argument(("--tag",), "a word to find it by; may stand several times", "TAG", "repeated", required=False)
_YES = Argument(("--yes", "-y"), "do not ask", kind="flag")
_TEXT = Argument(("text",), "what to remember; - reads it from standard input", "TEXT", "words")
_EVERYWHERE = Argument(("--everywhere",), "keep it for every project", kind="flag")

_PASSPHRASE = Argument(("--passphrase",), "guard the key by a passphrase, not by the keyring", kind="flag")
_OWN = Argument(("--everywhere",), "your own memory, for every project, not the workspace's", kind="flag")

MEMORY_GROUPS = (
    Group("memory", "what is remembered beside the code: notes, conversations, the graph"),
    Group("tasks", "todos, your own and those in comments"),
)

MEMORY_COMMANDS = (
    Command(
        "memory list",
        "list what is remembered, or search it",
        "memory:list_records",
        (
            Argument(("query",), "words that it has", "QUERY", "words", required=False),
            Argument(("--kind",), "note, todo, link, project or recipe", "KIND", "repeated", required=False),
            Argument(("--path",), "only what is about files that match, as in .gitignore", "GLOB", "repeated",
                     required=False),
            Argument(("--tag",), "only what has this tag", "TAG", "repeated", required=False),
        ),
        details=(
            "A record follows what it is about: the state says whether that is still there, moved to another file,"
            " changed or gone. Times are seconds since 1970."
        ),
        json=f'{{"records": [{_RECORD}]}}',
        examples=("magray memory list", "magray memory list --kind note --path src/ rounding"),
    ),
    Command(
        "memory note",
        "remember something, about a place or about nothing in particular",
        "memory:note",
        (
            _TEXT,
            _PLACE,
            _TAG,
            Argument(("--kind",), "note (the default), link or recipe", "KIND", required=False),
            Argument(("--name",), "a name for it; a recipe needs one", "NAME", required=False),
            _EVERYWHERE,
        ),
        details="Secrets are masked before anything is stored.",
        json=_RECORD,
        examples=('magray memory note "rounds to cents, ask Ada" --at src/prices.py:7 --tag money',),
    ),
    Command(
        "memory forget",
        "forget records, or everything about files, a text or a time",
        "memory:forget",
        (
            Argument(("ids",), "ids of records, or session:NAME", "ID", "words", required=False),
            Argument(("--path",), "what was made of these files, as in .gitignore; they stay out of the index",
                     "GLOB", "repeated", required=False),
            Argument(("--text",), "whatever holds this text", "TEXT", required=False),
            Argument(("--since",), "what was noted or changed from this day on", "DATE", required=False),
            Argument(("--until",), "and up to this day, which counts too", "DATE", required=False),
            Argument(("--project",), "the whole memory of this workspace, plans and index too", kind="flag"),
            _YES,
        ),
        details=(
            "Your files stay as they are. Asks first; where nobody can be asked it needs --yes. What is left is"
            " compacted, and then every byte of it is searched for what was forgotten."
        ),
        json='{"forgotten": [], "files": [], "plans": [], "vectors", "proof": {"files", "bytes", "hits": []}}',
        examples=("magray memory forget 3f2a91c0", "magray memory forget --path secrets/ --yes"),
    ),
    Command(
        "memory forgotten",
        "list the paths that stay out of the index because they were forgotten",
        "memory:forgotten",
        (Argument(("--lift",), "take this path or pattern back in", "PATTERN", required=False),),
        json='{"forgotten": [{"pattern", "since"}]}',
        examples=("magray memory forgotten", "magray memory forgotten --lift secrets/"),
    ),
    Command(
        "memory graph",
        "show what is around a file, a name or a note",
        "memory:graph",
        (
            Argument(("about",), "a path, PATH:LINE, a name, or an id; default: the most linked file", "ABOUT",
                     required=False),
            Argument(("--depth",), "how many steps away, 1 to 3 (1)", "N", "number", required=False),
            Argument(("--limit",), "how many things at most (40)", "N", "number", required=False),
            Argument(("--svg",), "write a picture", "FILE", required=False),
            Argument(("--html",), "write a page with the picture", "FILE", required=False),
            _YES,
        ),
        details="An existing file is replaced only with --yes.",
        json=(
            '{"centre", "nodes": [{"id", "kind", "label", "path", "line", "detail"}],'
            ' "edges": [{"source", "target", "kind", "weight", "origin"}], "notes": []}'
        ),
        examples=("magray memory graph src/prices.py", "magray memory graph Basket --html basket.html"),
    ),
    Command(
        "memory remember",
        "add a message to a session",
        "sessions:remember",
        (
            Argument(("text",), "what was said; - or nothing reads it from standard input", "TEXT", "words",
                     required=False),
            Argument(("--session",), "which session; it begins with its first message", "NAME"),
            Argument(("--role",), "person (the default), assistant or tool", "ROLE", required=False),
            Argument(("--tool",), "which tool said it", "NAME", required=False),
        ),
        details="A session that grows long is folded: the oldest messages are kept under a short summary of them.",
        json='{"session", "n", "role", "text", "tokens", "tainted", "folded"}',
        examples=('magray memory remember --session prices "we round to cents because invoices do"',),
    ),
    Command(
        "memory sessions",
        "list the sessions, the last one first, or show one",
        "sessions:sessions",
        (Argument(("session",), "a session to show with its messages", "NAME", required=False),),
        json='{"sessions": [{"id", "title", "started", "changed", "messages", "folded", "tokens"}]}',
        examples=("magray memory sessions", "magray memory sessions prices"),
    ),
    Command(
        "memory recall",
        "find what was said in sessions",
        "sessions:recall",
        (
            Argument(("query",), "words that it has", "QUERY", "words"),
            Argument(("-k",), "how many (10)", "N", "number", required=False),
        ),
        json=(
            '{"hits": [{"session", "n", "role", "text", "tokens", "source", "tainted", "tool", "created", "folded",'
            ' "score"}]}'
        ),
        examples=("magray memory recall rounding of invoices",),
    ),
    Command(
        "memory export",
        "write everything that is remembered of the workspace into a zip of JSON lines",
        "memory:export",
        (Argument(("file",), "the file to make", "FILE"),),
        details="Vectors and the keyword index are left out: they are made from the rest.",
        json='{"file", "counts": {"records": 0}, "bytes"}',
        examples=("magray memory export memory.zip",),
    ),
    Command(
        "memory scan",
        "look through what is stored for secrets and personal data",
        "memory:scan",
        details="Says what was masked before it was stored, and what today's rules find. Changes nothing.",
        json=(
            '{"masked": {}, "masked_files", "personal": {}, "leaks",'
            ' "places": [{"where", "line", "kind"}]}'
        ),
        examples=("magray memory scan",),
    ),
    Command(
        "memory encrypt",
        "encrypt what is remembered of the workspace",
        "encrypting:encrypt",
        (_PASSPHRASE, _OWN),
        details=(
            "The key is kept by the system's keyring unless you ask for a passphrase. Plans, notes, sessions and"
            " vectors are carried over, their plain files are overwritten and deleted; the index is made again."
            " Documents under .magray/artifacts stay readable, and your files of course. Without the key nothing can"
            " be read again."
        ),
        json='{"carried": [], "dropped": []}',
        examples=("magray memory encrypt", "magray memory encrypt --passphrase"),
    ),
    Command(
        "memory decrypt",
        "keep what is remembered in plain again",
        "encrypting:decrypt",
        (_OWN,),
        json='{"carried": [], "dropped": []}',
        examples=("magray memory decrypt",),
    ),
    Command(
        "memory rekey",
        "guard the key of an encrypted memory by another passphrase, or by the keyring",
        "encrypting:rekey",
        (_PASSPHRASE, _OWN),
        details="Nothing is encrypted anew: copies of the old key file still open with what guarded them.",
        json='{"by"}',
        examples=("magray memory rekey --passphrase",),
    ),
    Command(
        "tasks list",
        "list the open todos, those that are due first",
        "tasks:list_tasks",
        (Argument(("--all",), "the done ones too", kind="flag"),),
        json=f'{{"tasks": [{_RECORD}]}}',
        examples=("magray tasks list", "magray tasks list --all --json"),
    ),
    Command(
        "tasks add",
        "remember something to do",
        "tasks:add",
        (
            _TEXT,
            _PLACE,
            Argument(("--due",), "until when, as 2026-12-31", "DATE", required=False),
            _TAG,
            _EVERYWHERE,
        ),
        json=_RECORD,
        examples=('magray tasks add "round to cents" --at src/prices.py:7 --due 2026-12-31',),
    ),
    Command(
        "tasks done",
        "mark a todo as done",
        "tasks:done",
        (Argument(("id",), "its id, or the beginning of it", "ID"),),
        json=_RECORD,
        examples=("magray tasks done 3f2a",),
    ),
    Command(
        "tasks import",
        "take up the TODO and FIXME comments of the workspace as todos",
        "tasks:import_markers",
        details=(
            "Each comment is taken once. When it is gone from the code its todo is done and tagged gone; when it moves"
            " the todo moves with it."
        ),
        json='{"new", "moved", "gone", "same"}',
        examples=("magray tasks import",),
    ),
)  # fmt: skip
