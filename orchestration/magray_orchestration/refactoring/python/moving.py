"""Moves a function or class to another module: its code, the imports it needs, and every import of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_core.plans import CreateFile, EditFile, FileChange
from magray_core.spans import Span, TextEdit
from magray_indexers.grammars import compiled
from magray_orchestration.refactoring.python.destinations import Destination
from magray_orchestration.refactoring.python.import_lines import (
    Carried,
    edit,
    from_line,
    has_future_annotations,
    insert_lines,
    module_reference,
    statement_of,
    typing_only,
    without_name,
)
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.mentions import Role, mentions_of
from magray_orchestration.refactoring.python.program import Kind
from magray_orchestration.refactoring.python.scopes import Binding, FileModel
from magray_orchestration.refactoring.python.target import Target

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(slots=True)
class Move:
    """One move being worked out; ``edits`` by path, in documents."""

    inference: Inference
    target: Target
    destination: Destination
    edits: dict[str, list[TextEdit]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def changes(self, cancel: CancelToken) -> tuple[FileChange, ...]:
        """Every change. Raises RefactoringRefused where the move would break something."""
        program, target = self.inference.program, self.target
        source = program.model(target.path)
        there = program.model(self.destination.path) if self.destination.exists else None
        if source is None or (self.destination.exists and there is None):
            raise RefactoringRefused(f"{self.destination.path} cannot be read")
        if self.destination.path == target.path:
            raise RefactoringRefused(f"{target.name} is in {target.path} already")
        block = _block(source, target)
        if there is not None and target.name in there.module.bindings and not self._is_import_of_it(there):
            taken = there.module.bindings[target.name][0].node
            raise RefactoringRefused(f"{target.name} exists already in {there.path}:{there.line(taken.start_byte)}")
        carried = self._needed(source, block, there)
        self._cut(source, block)
        used_here = self._used_in_source(source, block)
        if used_here:
            back = [one for one in carried if one.line.startswith("from") and self._names_source(one)]
            if back:
                raise RefactoringRefused(
                    f"{target.path} would still use {target.name}, and {target.name} uses {back[0].name} from there: "
                    "the two modules would import each other",
                    hint=f"move {back[0].name} too, or first",
                )
            reference = module_reference(program, source.path, self.destination.path, relative=_is_relative(source))
            self._edit(source.path, insert_lines(source, [from_line(reference, target.name)]))
        self._follow(cancel)
        self._check_cycle(carried, used_here)
        return self._files(source, there, block, carried)

    def _edit(self, path: str, one: TextEdit) -> None:
        self.edits.setdefault(path, []).append(one)

    def _is_import_of_it(self, there: FileModel) -> bool:
        bindings = there.module.bindings[self.target.name]
        return all(self._imports_target(there, binding) for binding in bindings)

    def _imports_target(self, model: FileModel, binding: Binding) -> bool:
        """Whether an import takes the target directly from its module (not from a package that hands it on)."""
        if binding.kind != "from" or binding.imported != self.target.name:
            return False
        return self.inference.program.import_target(model.path, binding) == self.target.path

    def _needed(self, source: FileModel, block: Span, there: FileModel | None) -> list[Carried]:
        """The imports that the block needs in its new module."""
        program = self.inference.program
        carried: dict[str, Carried] = {}
        for node in _names_in(source, block):
            name = source.text(node)
            if name == self.target.name or name in carried:
                continue
            found = program.lookup(source, source.scope_of(node), name)
            if found is None or found.scope is not found.model.module:
                continue
            if found.model is not source:
                raise RefactoringRefused(f"{self.target.name} uses {name}, which comes by a star import")
            one = self._carry(source, found.bindings, name)
            if there is not None and name in there.module.bindings:
                if not self._same(source, there, name):
                    taken = there.line(there.module.bindings[name][0].node.start_byte)
                    raise RefactoringRefused(
                        f"{self.target.name} uses {name}, which means something else in {there.path}:{taken}"
                    )
                continue
            carried[name] = one
        return list(carried.values())

    def _same(self, source: FileModel, there: FileModel, name: str) -> bool:
        """Whether a name means the same in both modules."""
        one = self.inference.program.lookup(source, source.module, name)
        other = self.inference.program.lookup(there, there.module, name)
        if one is None or other is None:
            return False
        program = self.inference.program
        keys, others = ({found.key for found in program.origin(side)} for side in (one, other))
        if keys and others and (keys & others):
            return True
        first, second = (side.bindings[0] for side in (one, other))
        return (first.kind, first.module, first.imported) == (second.kind, second.module, second.imported)

    def _carry(self, source: FileModel, bindings: list[Binding], name: str) -> Carried:
        program, here = self.inference.program, self.destination.path
        binding = bindings[0]
        if binding.kind == "import":
            alias = f" as {name}" if not binding.imported else ""
            return Carried(f"import {binding.module}{alias}", typing_only(binding.node), name)
        if binding.kind == "from":
            module = binding.module
            if binding.level:
                found = program.import_target(source.path, binding)
                if found is None:
                    raise RefactoringRefused(f"{source.path} imports {name} from where nothing is found")
                module = module_reference(program, here, found, relative=True)
            alias = "" if binding.imported == name else name
            return Carried(from_line(module, binding.imported, alias), typing_only(binding.node), name)
        reference = module_reference(program, here, source.path, relative=_is_relative(source))
        return Carried(from_line(reference, name), False, name)

    def _names_source(self, carried: Carried) -> bool:
        program = self.inference.program
        module = carried.line.split()[1]
        bare = module.lstrip(".")
        return program.modules.find(self.destination.path, bare, len(module) - len(bare)) == self.target.path

    def _cut(self, source: FileModel, block: Span) -> None:
        end = block.end
        text = source.source.engine_text
        while text[end : end + 1] == "\n":
            end += 1
        start = block.start
        if end >= len(text):  # the last thing in the file: the empty lines before it go
            while text[start - 2 : start] == "\n\n":
                start -= 1
        self._edit(source.path, edit(source, start, end, ""))

    def _used_in_source(self, source: FileModel, block: Span) -> bool:
        used = False
        for mention in mentions_of(source, self.target.name):
            inside = block.start <= source.engine_offset(mention.start) < block.end
            if inside or mention.role not in (Role.NAME, Role.EXPORT, Role.FORWARD):
                continue
            found = self.inference.program.lookup(source, source.scope_of(mention.node), self.target.name)
            used = used or (found is not None and found.key == self.target.key)
        return used

    def _follow(self, cancel: CancelToken) -> None:
        """Imports of the target from its module, and uses as an attribute of that module."""
        program, name = self.inference.program, self.target.name
        for path in program.sources.mentioning(name):
            cancel.check()
            model = program.model(path)
            if model is None or path == self.target.path:
                continue
            for scope in model.scopes.values():
                for bindings in scope.bindings.values():
                    for binding in bindings:
                        if self._imports_target(model, binding):
                            self._follow_import(model, binding)
            self._follow_attributes(model)

    def _follow_import(self, model: FileModel, binding: Binding) -> None:
        program, name = self.inference.program, self.target.name
        statement = statement_of(binding)
        local = model.text(binding.node)
        if model.path == self.destination.path:
            if local != name:
                raise RefactoringRefused(f"{model.path} imports {name} as {local}, so it cannot define it as {name}")
            self._edit(model.path, without_name(model, statement, name, ""))
            return
        reference = module_reference(program, model.path, self.destination.path, relative=binding.level > 0)
        entry = binding.value.parent if binding.value is not None else None
        aliased = entry is not None and entry.type == "aliased_import"
        self._edit(
            model.path, without_name(model, statement, name, from_line(reference, name, local if aliased else ""))
        )

    def _follow_attributes(self, model: FileModel) -> None:
        program, name = self.inference.program, self.target.name
        added = ""
        for mention in mentions_of(model, name):
            around = mention.node.parent
            receiver = around.child_by_field_name("object") if around is not None else None
            if mention.role is not Role.ATTRIBUTE or receiver is None:
                continue
            if Kind("module", self.target.path) not in self.inference.kinds(model, receiver):
                continue
            if model.path == self.destination.path:
                self._edit(model.path, edit(model, *_engine(model, around or receiver), name))
                continue
            dotted = program.modules.name_of(self.destination.path)
            package, _, last = dotted.rpartition(".")
            bound = model.module.bindings.get(last)
            if bound and self.inference.dotted(model, model.module, last) != {Kind("module", self.destination.path)}:
                raise RefactoringRefused(
                    f"{model.path}:{mention.line} uses {model.text(receiver)}.{name}; {last} means something else there"
                )
            if not bound and not added:
                init = program.modules.find(model.path, package) if package else None
                if init and _is_relative(model):
                    package = module_reference(program, model.path, init, relative=True)
                added = from_line(package, last) if package else f"import {last}"
                self._edit(model.path, insert_lines(model, [added]))
            self._edit(model.path, edit(model, *_engine(model, receiver), last))

    def _check_cycle(self, carried: list[Carried], used_here: bool) -> None:
        """Refuse where the new module would come to import one that now imports it, other than by its package."""
        program, here = self.inference.program, self.destination.path
        needed: set[str] = set()
        for one in carried:
            module = one.line.split()[1]
            bare = module.lstrip(".")
            found = program.modules.find(here, bare, len(module) - len(bare))
            if found is not None and not one.typing_only:
                needed.add(found)
        importers = {path for path in self.edits if path != here}
        if not used_here:
            importers.discard(self.target.path)
        for start in sorted(needed):
            trail = _imports_path(self.inference, start, importers | {here})
            if trail:
                raise RefactoringRefused(
                    f"{here} would need {start}, which imports it in turn ({' → '.join(trail)}): a circular import"
                )

    def _files(
        self, source: FileModel, there: FileModel | None, block: Span, carried: list[Carried]
    ) -> tuple[FileChange, ...]:
        code = source.source.engine_text[block.start : block.end].rstrip("\n") + "\n"
        lines = sorted(one.line for one in carried if not one.typing_only)
        typed = sorted(one.line for one in carried if one.typing_only)
        if typed and (there is None or "TYPE_CHECKING" not in there.module.bindings):
            lines.append("from typing import TYPE_CHECKING")
        lines += ["", "if TYPE_CHECKING:", *(f"    {line}" for line in typed)] if typed else []
        workspace = self.inference.program.sources.workspace
        changes: list[FileChange] = []
        if there is None:
            future = ["from __future__ import annotations", ""] if has_future_annotations(source) else []
            head = [*future, *lines, *(["", ""] if lines else [""] if future else [])]
            changes.append(CreateFile(self.destination.path, "".join(f"{line}\n" for line in head) + code))
        else:
            differs = has_future_annotations(source) and not has_future_annotations(there)
            if differs and _has_annotations(source, block):
                self.notes.append(f"{there.path} evaluates annotations, {source.path} does not")
            if lines:
                self._edit(there.path, insert_lines(there, lines))
            text = there.source.engine_text
            gap = "" if not text.strip() else "\n\n" if text.endswith("\n") else "\n\n\n"
            self._edit(there.path, edit(there, len(text), len(text), gap + code))
        for path, edits in sorted(self.edits.items()):
            document = workspace.read(path)
            changes.append(EditFile(path, document.content_hash, tuple(sorted(set(edits))), document.version))
        return tuple(sorted(changes, key=lambda change: change.path))


def _block(source: FileModel, target: Target) -> Span:
    """The definition's lines in engine offsets: decorators, overloads and the comments right above with it."""
    bindings = source.module.bindings.get(target.name, [])
    if target.key.scope != 0 or target.kind not in ("function", "class"):
        raise RefactoringRefused(
            f"only functions and classes at the top of a module are moved; this is a {target.kind}"
        )
    nodes: list[Node] = []
    for binding in bindings:
        if binding.kind not in ("def", "class") or binding.value is None:
            line = source.line(binding.node.start_byte)
            raise RefactoringRefused(f"{target.name} is also bound in {source.path}:{line}, so it is not moved")
        around = binding.value.parent
        node = around if around is not None and around.type == "decorated_definition" else binding.value
        if node.parent is None or node.parent.type != "module":
            raise RefactoringRefused(f"{target.name} is defined under a condition, so it is not moved")
        nodes.append(node)
    first, last = nodes[0], nodes[-1]
    between = [one for one in source.root.children if first.start_byte < one.start_byte < last.start_byte]
    if any(one.type != "comment" and all(one.id != node.id for node in nodes) for one in between):
        raise RefactoringRefused(f"other code stands between the parts of {target.name}, so it is not moved")
    start = first
    while start.prev_sibling is not None and start.prev_sibling.type == "comment":
        if start.prev_sibling.end_point.row + 1 != start.start_point.row or start.prev_sibling.start_point.column:
            break
        start = start.prev_sibling
    end = source.data.find(b"\n", last.end_byte)
    return Span(source.engine_offset(start.start_byte), source.engine_offset(end + 1 if end >= 0 else len(source.data)))


def _names_in(source: FileModel, block: Span) -> list[Node]:
    """Identifiers of the block that are names, in order, with those in forward references left to the reader."""
    found: list[Node] = []
    start, end = source.source.engine_text[: block.start], source.source.engine_text[: block.end]
    low, high = len(start.encode("utf-8", "surrogatepass")), len(end.encode("utf-8", "surrogatepass"))
    waiting = [child for child in source.root.children if low <= child.start_byte < high]
    while waiting:
        node = waiting.pop()
        if node.type == "identifier":
            parent = node.parent
            attribute = (
                parent is not None and parent.type == "attribute" and parent.child_by_field_name("object") != node
            )
            keyword = (
                parent is not None and parent.type == "keyword_argument" and parent.child_by_field_name("name") == node
            )
            if not attribute and not keyword:
                found.append(node)
        waiting.extend(reversed(node.named_children))
    return found


def _has_annotations(source: FileModel, block: Span) -> bool:
    from tree_sitter import QueryCursor

    types = QueryCursor(compiled("python", "(type) @type")).captures(source.root).get("type", ())
    return any(block.start <= source.engine_offset(node.start_byte) < block.end for node in types)


def _imports_path(inference: Inference, start: str, goals: set[str]) -> list[str]:
    """A chain of imports at the top of modules from ``start`` to one of the goals, packages' ``__init__`` aside."""
    program = inference.program
    trails: list[list[str]] = [[start]]
    seen = {start}
    while trails:
        trail = trails.pop()
        if trail[-1] in goals and not trail[-1].endswith("__init__.py"):
            return trail
        model = program.model(trail[-1])
        bindings = [one for found in model.module.bindings.values() for one in found] if model is not None else []
        for binding in bindings:
            if binding.kind != "from" or typing_only(binding.node):
                continue
            found_path = program.import_target(trail[-1], binding)
            if found_path is not None and found_path not in seen and not found_path.endswith("__init__.py"):
                seen.add(found_path)
                trails.append([*trail, found_path])
    return []


def _is_relative(model: FileModel) -> bool:
    """Whether the file's own imports are relative; then new ones are too."""
    bindings = [one for found in model.module.bindings.values() for one in found if one.kind == "from"]
    return any(binding.level for binding in bindings)


def _engine(model: FileModel, node: Node) -> tuple[int, int]:
    return model.engine_offset(node.start_byte), model.engine_offset(node.end_byte)
