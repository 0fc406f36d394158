"""Does a mention mean the family that is renamed? By Python's own rules, answered only where the text shows it."""

from __future__ import annotations

from enum import Enum

from magray_orchestration.refactoring.python.family import Family, imports_family
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.mentions import Mention, Role
from magray_orchestration.refactoring.python.program import EXTERNAL, Kind, Program
from magray_orchestration.refactoring.python.scopes import Binding


class Verdict(Enum):
    """``UNKNOWN``: the text does not show what the mention means."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Judge:
    """Judges mentions for one family."""

    def __init__(self, inference: Inference, family: Family) -> None:
        self.inference = inference
        self.program: Program = inference.program
        self.family = family

    def verdict(self, mention: Mention) -> Verdict:
        """What a mention in code means. Strings and comments are NO here: they are judged elsewhere."""
        match mention.role:
            case Role.NAME | Role.IMPORTED:
                return self._name(mention)
            case Role.ATTRIBUTE:
                around = mention.node.parent
                receiver = around.child_by_field_name("object") if around is not None else None
                return self.member_of(self.inference.kinds(mention.model, receiver))
            case Role.KEYWORD:
                return self._keyword(mention)
            case Role.PATTERN:
                return self._pattern(mention)
            case Role.MODULE:
                return self._module(mention)
            case Role.FORWARD:
                return self._forward(mention)
            case Role.EXPORT:
                return self._key_in_family(mention, self._whole_string(mention))
            case Role.SLOT:
                scope = mention.model.scope_of(mention.node)
                owned = Kind("class", mention.path, scope.key) in self.family.classes
                return Verdict.YES if owned and self._whole_string(mention) else Verdict.NO
            case _:
                return Verdict.NO

    def member_of(self, kinds: frozenset[Kind]) -> Verdict:
        """Whether the name on a receiver of these kinds is the family's. One certain YES is enough."""
        verdicts = {self._member(kind) for kind in kinds}
        if Verdict.YES in verdicts:
            return Verdict.YES
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts or not verdicts else Verdict.NO

    def _member(self, kind: Kind) -> Verdict:
        name, family = self.family.target.name, self.family
        if kind == EXTERNAL:
            return Verdict.NO
        if kind.of == "module":
            return self._module_member(kind)
        if kind.of in ("function", "unknown"):
            return Verdict.UNKNOWN
        if not family.is_member:
            return Verdict.NO
        for owner in self.inference.ancestry(kind):
            scope = self.program.scope(owner.path, owner.scope)
            if scope is not None and self.inference.own_member(owner.path, scope, name):
                return Verdict.YES if owner in family.classes else Verdict.NO
        below = Kind("class", kind.path, kind.scope)
        if any(below in self.inference.ancestry(owner) for owner in family.classes):
            return Verdict.YES  # a base that relies on what its subclasses define
        return Verdict.NO if self.inference.is_closed(kind) else Verdict.UNKNOWN

    def _module_member(self, kind: Kind) -> Verdict:
        name, family = self.family.target.name, self.family
        exported = self.program.export(kind.path, name)
        if exported is not None:
            return Verdict.YES if exported.key in family.keys else Verdict.NO
        if family.module:
            return Verdict.YES if self.program.modules.submodule(kind.path, name) == family.module else Verdict.NO
        model = self.program.model(kind.path)
        return Verdict.UNKNOWN if model is not None and self.program.is_open_ended(model) else Verdict.NO

    def _name(self, mention: Mention) -> Verdict:
        model, node = mention.model, mention.node
        statement = node.parent
        while statement is not None and statement.type in ("dotted_name", "aliased_import"):
            statement = statement.parent
        if mention.role is Role.IMPORTED and statement is not None:
            module = model.text(statement.child_by_field_name("module_name"))
            bare = module.lstrip(".")
            name = self.family.target.name
            binding = Binding("from", node, None, None, bare, len(module) - len(bare), name)
            return Verdict.YES if imports_family(self.program, self.family, model, binding) else Verdict.NO
        return self._key_in_family(mention, True)

    def _key_in_family(self, mention: Mention, asked: bool) -> Verdict:
        model = mention.model
        found = self.program.lookup(model, model.scope_of(mention.node), self.family.target.name) if asked else None
        if found is not None:
            return Verdict.YES if found.key in self.family.keys else Verdict.NO
        # Without a binding it is a builtin, or comes by a star import from outside the workspace.
        return Verdict.NO

    def _keyword(self, mention: Mention) -> Verdict:
        call = mention.node.parent
        while call is not None and call.type not in ("call", "class_definition"):
            call = call.parent
        function = call.child_by_field_name("function") if call is not None and call.type == "call" else None
        if function is None:
            return Verdict.NO
        verdicts = {self._argument(kind) for kind in self.inference.kinds(mention.model, function)}
        if Verdict.YES in verdicts:
            return Verdict.YES
        called = mention.model.text(function).rpartition(".")[2]
        if Verdict.UNKNOWN in verdicts and (called in self.family.function_names or called in ("partial", "replace")):
            return Verdict.UNKNOWN
        return Verdict.NO

    def _argument(self, kind: Kind) -> Verdict:
        family = self.family
        if kind.of == "function":
            return self._parameter(kind)
        if kind.of == "class":
            made = self.inference.member(kind, "__init__")
            constructors = [one for one in made if one.of == "function"]
            if constructors:
                verdicts = {self._parameter(one) for one in constructors}
                return Verdict.YES if Verdict.YES in verdicts else Verdict.NO
            # Without a constructor in sight it is made from its fields (dataclass, NamedTuple and their like).
            return self._member(kind) if family.is_member and family.target.kind == "attribute" else Verdict.NO
        return Verdict.UNKNOWN

    def _parameter(self, function: Kind) -> Verdict:
        if function in self.family.functions:
            return Verdict.YES
        return Verdict.NO

    def _pattern(self, mention: Mention) -> Verdict:
        node = mention.node.parent
        while node is not None and node.type != "class_pattern":
            node = node.parent
        if node is None or not node.named_children or not self.family.is_member:
            return Verdict.NO
        text = mention.model.text(node.named_children[0])
        kinds = self.inference.dotted(mention.model, mention.model.scope_of(node), text)
        return self.member_of(kinds)

    def _module(self, mention: Mention) -> Verdict:
        dotted = mention.node.parent
        if not self.family.module or dotted is None:
            return Verdict.NO
        prefix = mention.model.data[dotted.start_byte : mention.end].decode()
        level = 0
        if dotted.parent is not None and dotted.parent.type == "relative_import":
            whole = mention.model.text(dotted.parent)
            level = len(whole) - len(whole.lstrip("."))
        found = self.program.modules.find(mention.path, prefix, level)
        return Verdict.YES if found == self.family.module else Verdict.NO

    def _forward(self, mention: Mention) -> Verdict:
        """A name in a string that is a type: what stands before its dot decides, else the scope."""
        model = mention.model
        line_start = max(model.data.rfind(quote, 0, mention.start) for quote in (b'"', b"'", b" ", b"[", b"|", b","))
        before = model.data[line_start + 1 : mention.start].decode("utf-8", "replace").strip()
        if not before:
            return self._key_in_family(mention, True)
        if not before.endswith(".") or not before[:-1].replace(".", "").isidentifier():
            return Verdict.UNKNOWN
        return self.member_of(self.inference.dotted(model, model.scope_of(mention.node), before[:-1]))

    def _whole_string(self, mention: Mention) -> bool:
        around = (
            mention.model.data[mention.start - 1 : mention.start],
            mention.model.data[mention.end : mention.end + 1],
        )
        return all(part in (b'"', b"'") for part in around)

    def resolves(self, model_path: str, dotted: str) -> bool:
        """Whether a dotted path as text (``pkg.mod.name``, ``pkg.mod:name``) names a member of the family."""
        parts = dotted.replace(":", ".").split(".")
        for split in range(len(parts), 0, -1):
            path = self.program.modules.find(model_path, ".".join(parts[:split]))
            if path is None:
                continue
            if split == len(parts):
                return bool(self.family.module) and path == self.family.module
            kinds = frozenset((Kind("module", path),))
            for part in parts[split:-1]:
                kinds = frozenset().union(*(self.inference.member(kind, part) for kind in kinds))
            return parts[-1] == self.family.target.name and self.member_of(kinds) is Verdict.YES
        return False
