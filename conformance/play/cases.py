"""Cases as data: what the harness does, and what must come back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, InstanceOf, Tag

from conformance.model.yaml_file import Lines, Model, YamlError, _as_tuple, read_yaml, validate
from conformance.play.items import Item, parse_items

__all__ = [
    "Act",
    "Again",
    "AtOnce",
    "Case",
    "CaseFile",
    "Crowd",
    "Ends",
    "Receive",
    "Same",
    "Send",
    "Silence",
    "Step",
    "WhileItGoesOn",
    "load_cases",
]

HERE = Path(__file__).resolve().parents[1] / "cases"
FIRST = "a"
_PLACE = re.compile(r"\{(\w+(?:\.\d+)?)\}")

_Items = Annotated[tuple[InstanceOf[Item], ...], BeforeValidator(parse_items)]


class _ByOne(Model):
    by: str = FIRST


class Send(_ByOne):
    """Sends the items, or `only` so many of their bytes: in one segment, cut behind the given bytes, or every byte."""

    send: _Items
    cut: Annotated[tuple[int, ...], BeforeValidator(_as_tuple)] | Literal["every byte"] = ()
    pause_ms: int = 3
    only: int | None = None
    # A program that has ended the conversation need not take the rest.
    may_fail: bool = Field(default=False, alias="may fail")


class Receive(_ByOne):
    """These items must come, and no other bytes among them."""

    receive: _Items


class Silence(_ByOne):
    """Nothing may come for so many milliseconds, and the connection must stand."""

    silence: int


class Ends(_ByOne):
    """The program must end the connection: orderly, by a reset, or either; having sent nothing, or anything, before."""

    ends: Literal["end", "reset", "either"]
    after: Literal["nothing", "anything"] = "nothing"


class Act(_ByOne):
    """Something done to the connection; `nothing` opens it, and no more."""

    do: Literal["half-close", "close", "reset", "nothing"]


class Crowd(Model):
    """So many connections at once, each going through the steps."""

    crowd: int
    steps: Steps


class Same(Model):
    """Each of these connections must receive that many messages, of so many fields, all of them in the same order."""

    same: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
    messages: int
    fields: int = 2


class Again(Model):
    """The steps, so many times."""

    repeat: int
    steps: Steps


class WhileItGoesOn(_ByOne):
    """The steps, again and again, for as long as the program does not end the connection."""

    while_it_goes_on: Steps = Field(alias="while it goes on")


class AtOnce(Model):
    """Several lists of steps, gone through side by side."""

    at_once: Annotated[tuple[Steps, ...], BeforeValidator(_as_tuple)] = Field(alias="at once")


_ACTIONS = {"send", "receive", "silence", "ends", "do", "crowd", "same", "at once", "repeat", "while it goes on"}


def _action(step: Any) -> str | None:
    if isinstance(step, dict):
        return next((key for key in step if key in _ACTIONS), None)
    return next(key for key in _ACTIONS if hasattr(step, key.replace(" ", "_")))


Step = Annotated[
    Annotated[Send, Tag("send")]
    | Annotated[Receive, Tag("receive")]
    | Annotated[Silence, Tag("silence")]
    | Annotated[Ends, Tag("ends")]
    | Annotated[Act, Tag("do")]
    | Annotated[Crowd, Tag("crowd")]
    | Annotated[Same, Tag("same")]
    | Annotated[AtOnce, Tag("at once")]
    | Annotated[Again, Tag("repeat")]
    | Annotated[WhileItGoesOn, Tag("while it goes on")],
    Discriminator(
        _action,
        custom_error_type="no_action",
        custom_error_message=f"a step is one of {', '.join(sorted(_ACTIONS))}",
    ),
]
Steps = Annotated[tuple[Step, ...], BeforeValidator(_as_tuple)]


class Case(Model):
    """One case.

    about    what it does, in a sentence
    steps    what the harness does and what must come, on one connection or (`by`) on several
    serves   for whom it is: a server that serves all its clients at once, or one at a time; or both
    console  lines that a client's standard error must have in the end, as patterns; none is asked of it else
    listens  False where a client is to find nobody
    rough    where the course's Java is merely rough here, and what it does then: that is noted, and is no failure
    """

    name: str
    about: str
    steps: Steps
    serves: Literal["both", "at once", "one at a time"] = "both"
    console: Lines = ()
    rough: str | None = None
    listens: bool = True


class _CaseFile(Model):
    protocol: str
    against: Literal["server", "client"]
    afterwards: Steps = ()
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class CaseFile:
    """The cases of a file; `afterwards` is what a server must still do after each of them, for a new client."""

    protocol: str
    against: Literal["server", "client"]
    afterwards: tuple[Step, ...]
    cases: tuple[Case, ...]


def load_cases(protocol: str, against: Literal["server", "client"], folder: Path = HERE) -> CaseFile | None:
    """The cases against that side of a protocol, if there are any; YamlError where a file is wrong."""
    found: list[_CaseFile] = []
    for path in sorted(folder.glob("*.yaml")):
        content = read_yaml(path)
        if isinstance(content, dict) and content.get("protocol") == protocol and content.get("against") == against:
            found.append(_load(content, path))
    if not found:
        return None
    cases = tuple(case for file in found for case in file.cases)
    return CaseFile(protocol, against, found[0].afterwards, cases)


def _load(content: dict[str, Any], path: Path) -> _CaseFile:
    raw = content.get("cases")
    if not isinstance(raw, list):
        raise YamlError(f"{path}: cases: must be a list, got {raw!r}")
    expanded: list[Any] = []
    for number, case in enumerate(raw):
        expanded += list(_expand(case, path, number))
    whole = validate(_CaseFile, {**content, "cases": tuple(expanded)}, path)
    names = [case.name for case in whole.cases]
    for name in names:
        if names.count(name) > 1:
            raise YamlError(f"{path}: cases: the name {name!r} stands twice")
    return whole


def _expand(case: Any, path: Path, number: int) -> Iterator[Any]:
    """The case once for each combination of what stands under `for`, its places filled in."""
    if not isinstance(case, dict) or "for" not in case:
        yield case
        return
    rest = {key: value for key, value in case.items() if key != "for"}
    axes = case["for"]
    if not isinstance(axes, dict):
        raise YamlError(f"{path}: cases.{number}.for: must be a mapping of names to lists or ranges, got {axes!r}")
    axes = {name: list(enumerate(_values(axis, path, number), 1)) for name, axis in axes.items()}
    for combination in itertools.product(*axes.values()):
        values: dict[str, Any] = {}
        labels: list[str] = []
        for name, (place, value) in zip(axes, combination, strict=True):
            values[name] = value
            if isinstance(value, list):  # {of.0} is the first of the list that `of` is
                values.update({f"{name}.{index}": part for index, part in enumerate(value)})
            labels.append(f"{name}-{_label(value, place)}")
        yield {**_fill(rest, values), "name": "/".join([str(rest.get("name")), *labels])}


def _values(axis: Any, path: Path, number: int) -> list[Any]:
    match axis:
        case list():
            return axis
        case str() if re.fullmatch(r"\d+\.\.\d+", axis):
            first, last = axis.split("..")
            return list(range(int(first), int(last) + 1))
    raise YamlError(f"{path}: cases.{number}.for: must have lists, or ranges such as 1..35, got {axis!r}")


def _label(value: Any, place: int) -> str:
    """The value, where pytest's -k can name it, and else its place in the list."""
    text = "+".join(map(str, value[:2])) if isinstance(value, list) else str(value).replace(" ", "")
    return text if re.fullmatch(r"[\w.+-]{1,40}", text) else str(place)


def _fill(content: Any, values: Mapping[str, Any]) -> Any:
    match content:
        case dict():
            return {key: _fill(value, values) for key, value in content.items()}
        case list():
            return [_fill(value, values) for value in content]
        case str():
            whole = _PLACE.fullmatch(content)
            if whole and whole[1] in values:
                return values[whole[1]]
            return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), content)
    return content


Crowd.model_rebuild()
AtOnce.model_rebuild()
Again.model_rebuild()
WhileItGoesOn.model_rebuild()
Case.model_rebuild()
_CaseFile.model_rebuild()
