"""How goals are put in English. Data only: the grammar reads it."""

from __future__ import annotations

from magray_core.plans import IntentKind
from magray_orchestration.intents.lexicon import ARROW, NAME, PATHLIKE, TOKEN, Lexicon, Rule, Split, compiled, words

KINDS = {
    "function": "function", "func": "function", "fn": "function", "def": "function", "method": "method",
    "class": "class", "type": "type", "struct": "struct", "interface": "interface", "enum": "enum", "trait": "trait",
    "module": "module", "package": "module", "file": "file", "variable": "variable", "var": "variable",
    "constant": "constant", "const": "constant", "field": "field", "attribute": "field", "attr": "field",
    "property": "property", "parameter": "parameter", "param": "parameter", "argument": "parameter",
    "arg": "parameter", "macro": "macro", "decorator": "function", "test": "function", "exception": "class",
    "dataclass": "class", "symbol": "", "identifier": "", "name": "", "thing": "", "one": "",
}  # fmt: skip
_KIND = words(*KINDS)
_STOP = words(
    "to", "as", "into", "it", "this", "that", "the", "a", "an", "all", "of", "in", "with", "by", "from", "these",
    "those", "them", "here", "everything", "every", "each", "any", "anything", "something", "some", "me", "my",
    "imports",
)  # fmt: skip
_NAME = rf"(?!{_STOP}(?![\w.:#(]))(?!{_KIND} ){NAME}"
_ARTICLE = (
    r"(?:(?:the|a|an|my|our|all(?: the)?|every|each)(?: (?:occurrences?|uses?|usages?|references?|mentions?) (?:of|to)"
    r"(?: the)?)?|(?:occurrences?|uses?|usages?|references?) (?:of|to)(?: the)?)"
)
_THIS = (
    rf"(?P<this>it|this|that|(?:the )?(?:selection|selected (?:code|text|{_KIND})|highlighted {_KIND})"
    rf"|(?:this|that|the|current|the current) (?P<this_kind>{_KIND})|(?P<bare_kind>{_KIND})"
    rf"|(?:the )?(?:{_KIND}|word|code) (?:under|at) (?:the |my )?cursor)"
)
_THING = (
    rf"(?:{_THIS}|(?:{_ARTICLE} )?(?:(?P<kind>{_KIND}) (?:named |called )?)?(?P<old>{_NAME}|{PATHLIKE})"
    rf"(?: (?P<kind2>{_KIND}))?)"
)
_PLACE_NOUN = r"(?:the )?(?:(?:file|module|folder|directory|dir|package|class) )?"
_EVERYWHERE = (
    r"(?:everywhere|globally|project[- ]wide|workspace[- ]wide"
    r"|(?:throughout|across|in|over|within|for)(?: the)?(?: (?:whole|entire|complete|full))?"
    r" (?:workspace|project|code ?base|repo(?:sitory)?)|(?:in|across|for) (?:all|every)(?: the| of the)?"
    r"(?: python| source)? (?:files?|modules?|places?))"
)
_WITHIN = rf"(?: (?:in|inside|within|from|of|at|on) {_PLACE_NOUN}(?P<within>{TOKEN}))?"
_WITHIN2 = rf"(?: (?:in|inside|within|from|of|at|on) {_PLACE_NOUN}(?P<within2>{TOKEN}))?"
_ALL = rf"(?:,? {_EVERYWHERE})?"
_TO = rf"(?:,? (?:to|as|into|to be|to become) |{ARROW})"
_NEW = rf"(?:(?:the )?(?:new )?(?:name |class |function |method )?)?(?P<new>{TOKEN})"
_RENAME = r"(?:rename|re-name|renaming|(?:do|make|perform) (?:a |the )?rename(?: of)?|rename of)"

_IMPORTS = r"imports?(?: (?:statements?|lines?|section|block|order))?"
_SORT_VERB = (
    r"(?:organi[sz]e|organi[sz]ing|sort(?: out)?|sorting|arrange|rearrange|reorder|order|group|isort|alphabeti[sz]e)"
)
_CLEAN_VERB = (
    r"(?:clean(?:[ -]?up)?|cleaning(?: up)?|tidy(?: up)?|tidying(?: up)?|fix(?: up)?|optimi[sz]e|format|reformat"
    r"|straighten(?: out)?|organi[sz]e and clean(?: up)?|sort and clean(?: up)?|clean(?: up)? and sort)"
)
_DROP_VERB = r"(?:remove|delete|drop|prune|strip|get rid of|clean(?: up)?|eliminate)"
_IMPORT_WHERE = (
    rf"(?:,? (?:(?P<everywhere>{_EVERYWHERE})|here|(?:in|of|for|from|inside|at) (?:(?:this|the current|the) "
    rf"(?:file|document|buffer|module|editor)|{_PLACE_NOUN}(?P<path>{TOKEN}))))?"
)


def _rename(pattern: str, confidence: float = 0.95) -> Rule:
    return Rule(IntentKind.RENAME, compiled(pattern), confidence=confidence)


def _imports(pattern: str, only: str) -> Rule:
    return Rule(IntentKind.ORGANIZE_IMPORTS, compiled(pattern), {"only": only} if only else {})


_DESTINATION = (
    r"(?:(?:the|a|an|its own|their own) )?(?P<fresh>(?:brand )?new |separate |own )?"
    r"(?:(?P<dest_kind>file|module|package|folder|directory|dir|class) )?(?:named |called )?"
    rf"(?P<dest>(?!(?:new|a|an|the|another|its|own|file|module|package|folder|up|down|left|right)(?![\w./])){TOKEN})"
)
_MOVE = r"(?:move|moving|relocate|transfer|shift|migrate|put|place|bring)"
_INTO = rf"(?: (?:over )?(?:to|into|in|under|inside|inside of) |{ARROW})"
_OUT_OF = rf"(?: (?:from|out of) {_PLACE_NOUN}(?P<within>{TOKEN}))?"

RULES = (
    _rename(rf"{_RENAME} (?:from )?{_THING}{_WITHIN}{_ALL}{_TO}{_NEW}{_WITHIN2}{_ALL}"),
    _rename(rf"(?P<this>{_RENAME}){_TO}{_NEW}{_WITHIN2}{_ALL}", 0.9),  # what the cursor shows
    _rename(rf"{_RENAME} {_THING} (?P<new>(?-i:(?=\S*(?:_|\d|[a-z][A-Z]|[\ue000-\uf8ff]))){TOKEN})", 0.8),
    _rename(rf"(?:change|set|update|alter|modify) the name of {_THING}{_WITHIN}{_TO}{_NEW}{_WITHIN2}{_ALL}"),
    _rename(rf"(?:change|set|update|alter|modify) {_THING}['’]?s? name{_TO}{_NEW}{_WITHIN2}{_ALL}"),
    _rename(rf"(?:call|name) {_THING}{_WITHIN} {_NEW},? (?:instead|from now on|now|henceforth){_ALL}"),
    _rename(rf"(?:call|name) (?:{_THIS}|(?:the )?(?P<kind>{_KIND}) (?P<old>{_NAME})) (?P<new>{TOKEN}){_ALL}", 0.9),
    _rename(
        rf"{_THING}{_WITHIN} (?:should|must|needs to|need to|has to|ought to|shall|is to) be "
        rf"(?:called|named|renamed(?: to| as| into)?) {_NEW}(?: instead| from now on)?{_ALL}"
    ),
    _rename(rf"give {_THING}{_WITHIN} (?:the|a) (?:new |better )?name(?: of)? {_NEW}"),
    _rename(rf"(?:the )?new name (?:of|for) {_THING}{_WITHIN} (?:is|should be|will be) {_NEW}"),
    Rule(IntentKind.MOVE, compiled(rf"{_MOVE} {_THING}{_OUT_OF}{_INTO}{_DESTINATION}")),
    Rule(IntentKind.MOVE, compiled(rf"{_MOVE} {_THING}{_INTO}{_DESTINATION} from {_PLACE_NOUN}(?P<within>{TOKEN})")),
    Rule(
        IntentKind.MOVE,
        compiled(rf"(?:extract|pull|split|factor|take) {_THING}{_OUT_OF}(?: out)?{_INTO}{_DESTINATION}"),
        {"needs": "dest_kind"},
    ),
    _imports(rf"{_SORT_VERB} (?:the |all (?:the )?|my |these |its |our )?{_IMPORTS}{_IMPORT_WHERE}", ""),
    _imports(rf"{_CLEAN_VERB} (?:the |all (?:the )?|my |these |its |our )?{_IMPORTS}{_IMPORT_WHERE}", ""),
    _imports(rf"(?:make|put|get) (?:the |all |my )?{_IMPORTS} (?:in order|sorted|tidy|clean){_IMPORT_WHERE}", ""),
    _imports(rf"(?:imports?[: ]+(?:organi[sz]e|sort|clean ?up|tidy)|imports? (?:sorting|cleanup)){_IMPORT_WHERE}", ""),
    _imports(
        rf"{_DROP_VERB} (?:the |all (?:the )?|any |my )?(?:unused|dead|redundant|unnecessary|duplicate|extra) "
        rf"{_IMPORTS}{_IMPORT_WHERE}",
        "unused",
    ),
    _imports(
        rf"{_DROP_VERB} (?:the |all (?:the )?|any )?{_IMPORTS} (?:that|which) are (?:unused|not used){_IMPORT_WHERE}",
        "unused",
    ),
    Rule(
        IntentKind.EXPLAIN,
        compiled(
            r"(?:explain|describe|tell me about|what is|what are|what's|explain to me) "
            r"(?:how )?(?:the )?(?P<query>.+?)(?: works?| does| do)?"
        ),
        confidence=0.8,
    ),
    Rule(IntentKind.EXPLAIN, compiled(r"(?:what|how) (?:does|do) (?P<query>.+?) (?:do|work|mean|return)"), {}, 0.85),
    Rule(
        IntentKind.SEARCH,
        compiled(
            r"where (?:is|are) (?P<query>.+?) (?:defined|declared|used|called|implemented|handled|tested|referenced)"
        ),
        confidence=0.9,
    ),
    Rule(
        IntentKind.SEARCH,
        compiled(
            r"(?:search(?: for)?|find|look (?:for|up)|locate|grep(?: for)?|show me|where (?:is|are)|where do we"
            r"|list|who calls|who uses|what calls|what uses) (?P<query>.+)"
        ),
        confidence=0.75,
    ),
)  # fmt: skip

_EACH = (
    r"(?:(?:all|every|each|any)(?: of)?(?: the)? )?(?:(?:the )?(?:occurrences?|uses?|usages?|calls?|instances?|matches"
    r"|appearances?) (?:of|to) )?"
)
SPLITS = (
    Split(
        compiled(rf"(?:(?:search|find)(?: and | ?& ?|[ /-])?)?(?:replace|replacing) {_EACH}"),
        compiled(rf"(?: (?:with|by) |{ARROW})"),
    ),
    Split(compiled(rf"(?:substitute|swap(?: out)?|exchange) {_EACH}"), compiled(rf"(?: (?:with|by) |{ARROW})")),
    Split(compiled(rf"(?:swap|exchange|trade) {_EACH}"), compiled(r" for ")),
    Split(compiled(r"(?:substitute) "), compiled(r" for "), new_first=True),
    Split(
        compiled(rf"(?:find|search for|look for) {_EACH}"),
        compiled(r"(?:,? and|,)(?: then)? replace (?:it|them|that|those|each|all|all of them|every one) (?:with|by) "),
    ),
    Split(compiled(r"instead of "), compiled(r",? (?:use|put|write|call|have) ")),
    Split(
        compiled(r"(?:use|put|write|prefer) "),
        compiled(r" (?:instead of|rather than|in place of) "),
        new_first=True,
        code_only=True,
    ),
    Split(
        compiled(rf"(?:replace|change|convert|rewrite|transform|turn|refactor|make|update|switch) {_EACH}"),
        compiled(rf"(?: (?:to|into|as|with|by) |{ARROW})"),
        code_only=True,
    ),
    Split(compiled(r""), compiled(ARROW), code_only=True),
)

ENGLISH = Lexicon(
    language="en",
    courtesy_before=compiled(
        r"(?:(?:please|pls|plz|kindly|hey|hi|hello|ok|okay|so|now|then|just|also|magray|and|can you|could you"
        r"|would you(?: mind)?|will you|can we|could we|can i|i want(?: you)? to"
        r"|i(?:['’]d| would) like(?: you)? to|i need(?: you)? to"
        r"|we need to|we should|you should|let['’]?s|let us|help me(?: to)?|try to|go ahead and"
        r"|i wanna|you must)(?:, ?| ))"
    ),
    courtesy_after=compiled(
        r"(?:(?:, ?| )(?:please|pls|plz|thanks|thank you|thx|for me|right now|asap|if (?:you can|possible)|ok|okay)"
        r"[ .!?]*)$"
    ),
    rules=RULES,
    splits=SPLITS,
    tail=compiled(
        rf" (?:in|inside|within|under|for)(?: all)?(?: the)?(?: (?:file|folder|directory|dir|package|language|module))?"
        rf" (?P<where>{TOKEN})(?: (?:files?|code|sources?|modules?))?$"
    ),
    everywhere=compiled(rf",? {_EVERYWHERE}$"),
    text_marker=compiled(r"(?:the )?(?:(?:literal|plain|exact) )?(?:text|string|words?|phrase)(?: of)? "),
    kinds=KINDS,
    verbs=(
        "rename", "move", "organize", "organise", "sort", "clean", "tidy", "replace", "substitute", "swap", "change",
        "search", "find", "explain", "imports", "import", "remove", "unused", "relocate", "call", "with", "instead",
    ),
    stems={
        IntentKind.RENAME: compiled(r"\b(?:re-?nam\w*|call(?:ed)?|name[ds]?)\b"),
        IntentKind.MOVE: compiled(r"\b(?:mov\w+|relocat\w+|transfer\w*|extract\w*|put)\b"),
        IntentKind.ORGANIZE_IMPORTS: compiled(r"\bimports?\b"),
        IntentKind.REPLACE: compiled(r"\b(?:replac\w*|substitut\w*|swap\w*|convert\w*|chang\w+|instead)\b"),
        IntentKind.SEARCH: compiled(r"\b(?:search\w*|find\w*|where|look\w*)\b"),
        IntentKind.EXPLAIN: compiled(r"\b(?:explain\w*|describe\w*|what|how|why)\b"),
    },
    templates={
        "rename": "rename {old} to {new}", "move": "move {old} to {dest}", "organize": "organize imports",
        "organize_path": "organize imports in {path}", "replace": "replace {old} with {new}",
        "replace_text": "replace text {old} with {new}", "search": "search for {query}",
        "explain": "explain {query}", "new": "new_name", "dest": "new_module", "thing": "this",
        "pattern": "print($A)", "replacement": "log.info($A)",
    },
    clause=compiled(r",? (?:and|then|and then|&) |[;\n]+ ?|, "),
)  # fmt: skip
