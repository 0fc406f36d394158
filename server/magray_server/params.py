"""The params of custom methods and commands, checked at the edge; unknown fields are ignored, as LSP wants it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_TEXT = 10_000

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Natural = Annotated[int, Field(ge=0, lt=2**31)]


class Params(BaseModel):
    """Params in camelCase. A command's positional arguments fill the fields in their order."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Nothing(Params):
    """No params."""


class TextDocument(Params):
    """A document by its URI."""

    uri: Text


class PositionParam(Params):
    """An LSP position."""

    line: Natural
    character: Natural


class RangeParam(Params):
    """An LSP range."""

    start: PositionParam
    end: PositionParam


class SearchParams(Params):
    """What to search for, and where: globs, languages and kinds, each empty for everything."""

    query: Text
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    paths: tuple[Text, ...] = ()
    languages: tuple[Text, ...] = ()
    kinds: tuple[Text, ...] = ()


class ExplainParams(Params):
    """Where the name stands."""

    text_document: TextDocument
    position: PositionParam


class PlanParams(Params):
    """A goal and where the person points; ``range`` may be empty: the cursor."""

    goal: Text
    text_document: TextDocument | None = None
    range: RangeParam | None = None
    position: PositionParam | None = None
    work_done_token: int | str | None = None


class PlanRef(Params):
    """A plan by its id, the beginning of one, or ``last``."""

    plan: Text = "last"


class PreviewParams(PlanRef):
    """A plan, or some of its steps."""

    steps: list[int] | None = None


class StepChoice(Params):
    """A tick of a step."""

    step: int
    accepted: bool


class FileChoice(StepChoice):
    """A tick of one file of a step."""

    path: Text


class ChooseParams(PlanRef):
    """Ticks; what is not named stays as it is."""

    steps: list[StepChoice] = []
    files: list[FileChoice] = []


class ApplyParams(PlanRef):
    """What to apply; with ``confirm`` every edit is marked for the editor's own preview.

    ``approved`` says that the person has seen the plan and said yes to it, so that only protected files are asked for;
    ``digest`` binds the yes to what ``magray/plan/preview`` showed.
    """

    steps: list[int] | None = None
    confirm: bool = False
    approved: bool = False
    digest: Text | None = None


class UndoParams(PlanRef):
    """What to take back: the whole plan, or one step."""

    step: int | None = None


class CancelPlanning(Params):
    """Which planning to stop; without a goal, all."""

    goal: Text | None = None


class IndexParams(Params):
    """With ``full`` every file is read and parsed again."""

    full: bool = False


class PauseParams(Params):
    """Whether background work stops or goes on."""

    paused: bool = True


class ModelRef(Params):
    """A model by its name; ``auto`` is a choice too."""

    name: Text


class ModelsVerifyParams(Params):
    """A model by its name, or all that are installed."""

    name: Text = ""


class PullParams(ModelRef):
    """Which model to bring; ``approved`` says that the person has seen from where and said yes."""

    approved: bool = False
    work_done_token: int | str | None = None


class MakeDraft(Params):
    """The draft document whose goal is complete."""

    uri: Text


class Transaction(Params):
    """An application whose edit the editor made: ``transaction`` is the id that came with the edit."""

    transaction: int


class SkipParams(PlanRef):
    """One step and whether it is wanted."""

    step: int
    accepted: bool


class StepParams(PlanRef):
    """A plan or, with ``step``, one of its steps."""

    step: int | None = None
