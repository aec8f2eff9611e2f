"""Cases as data: what the harness does, and what must come back, read from YAML.

A case with `for` is one case for each combination of the values there; `{name}` stands for a value, `{name.0}` for the
first part of one that is a list.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SkipValidation, field_validator, model_validator

from conformance.agent.player.items import parse_items
from conformance.agent.player.steps import STEPS, Again, Concurrency, Input, Rests, Serve, Shows, Step, Together, Type
from conformance.model.placeholders import fill_all, with_parts
from conformance.model.program import Role
from conformance.model.yaml_file import Lines, Model, Text, YamlError, load, plain_name, shown, validate

__all__ = ["Case", "CaseFile", "all_steps", "load_cases", "parse_lines"]


class Case(Model):
    """One case.

    about       what it does, in a sentence
    steps       what the harness does and what must come, on one connection or (`by`) on several
    serves      for whom it is: a server that serves all its clients at once, or one at a time; or both
    console     lines that a client's standard error must have in the end, as patterns; without, it must be empty
    hides       lines that a client's standard output must not have in the end, as patterns
    author      under which name a client is started where somebody types to it
    listens     False where a client is to find nobody
    non-strict  what a program does that passes all the same: what the course's Java does too, in a sentence
    """

    name: str
    about: Text
    steps: tuple[SkipValidation[Step], ...]
    serves: Literal["both", "at once", "one at a time"] = "both"
    console: Lines = ()
    hides: Lines = ()
    author: str = "alice"
    listens: bool = True
    non_strict: Text | None = Field(default=None, alias="non-strict")

    @field_validator("name")
    @classmethod
    def _a_name(cls, name: str) -> str:
        return "/".join(map(plain_name, name.split("/")))

    @model_validator(mode="after")
    def _says_what_is_not_strict(self) -> Case:
        if (self.non_strict is not None) != any(getattr(step, "non_strict", None) for step in all_steps(self.steps)):
            raise ValueError("`non-strict` says what is accepted where a step has `non-strict`, and nowhere else")
        return self


@dataclass(frozen=True)
class CaseFile:
    """The cases of a file; `afterwards` is what a server must still do after each of them, for a new client."""

    path: Path
    protocol: str
    against: Role
    afterwards: tuple[Step, ...]
    cases: tuple[Case, ...]

    @property
    def typed(self) -> bool:
        """Whether somebody types to the program."""
        return any(isinstance(step, Type | Input) for case in self.cases for step in all_steps(case.steps))


class _Content(Model):
    protocol: str
    against: Role
    afterwards: list[Any] = Field(default_factory=list)
    cases: list[Any]


def load_cases(files: Iterable[Path]) -> Mapping[tuple[str, Role], CaseFile]:
    """The cases of all these files, by their protocol and the side they are against; YamlError where one is wrong.

    A file may add cases to those of another; names are unique among all of them.
    """
    found: dict[tuple[str, Role], CaseFile] = {}
    for path in files:
        file = _load(path)
        known = found.setdefault((file.protocol, file.against), file)
        if known is not file:
            taken = {case.name for case in known.cases} & {case.name for case in file.cases}
            if taken:
                raise YamlError(f"{path}: cases: the name {min(taken)!r} is taken, by a case of {known.path}")
            cases, afterwards = (*known.cases, *file.cases), known.afterwards or file.afterwards
            found[file.protocol, file.against] = dataclasses.replace(known, afterwards=afterwards, cases=cases)
    return found


def _load(path: Path) -> CaseFile:
    file = load(_Content, path)
    cases = [_case(each, path, number) for number, raw in enumerate(file.cases) for each in _expand(raw, path, number)]
    names = [case.name for case in cases]
    for case in cases:
        if names.count(case.name) > 1:
            raise YamlError(f"{path}: cases: the name {case.name!r} stands twice")
        operated = any(isinstance(step, Type | Input | Shows | Rests) for step in all_steps(case.steps))
        if operated and file.against == "server":
            raise YamlError(f"{path}: {case.name}: nobody types to a server, or looks at it: type, input, shows, rests")
    return CaseFile(path, file.protocol, file.against, _steps(file.afterwards, path, "afterwards"), tuple(cases))


def _case(raw: Any, path: Path, number: int) -> Case:
    keys = ("cases", str(number))
    if isinstance(raw, dict) and "steps" in raw:
        raw = {**raw, "steps": _steps(raw["steps"], path, *keys, "steps")}
    return validate(Case, raw, path, *keys)


def _steps(raw: Any, path: Path, *keys: str) -> tuple[Step, ...]:
    if not isinstance(raw, list):
        raise YamlError(f"{path}: {'.'.join(keys)}: must be a list of steps, got {shown(raw)}")
    return tuple(_step(step, path, *keys, str(number)) for number, step in enumerate(raw))


def _step(raw: Any, path: Path, *keys: str) -> Step:
    action = next((key for key in raw if key in STEPS), None) if isinstance(raw, dict) else None
    if action is None:
        raise YamlError(f"{path}: {'.'.join(keys)}: a step is one of {', '.join(STEPS)}, got {shown(raw)}")
    fields = {
        "non_strict" if key == "non-strict" else key: _value(action, key, value, path, *keys, key)
        for key, value in raw.items()
    }
    return validate(STEPS[action], fields, path, *keys)


def _value(action: str, key: str, value: Any, path: Path, *keys: str) -> Any:
    """What the step has for what YAML has under `key`."""
    parse: Callable[[Any], Any]
    match key:
        case "serve" | "steps":
            return _steps(value, path, *keys)
        case "together" if isinstance(value, list):
            return tuple(_steps(steps, path, *keys, str(number)) for number, steps in enumerate(value))
        case "send" | "receive":
            parse = parse_items
        case "type" | "shows" | "non-strict" if action in ("type", "shows"):
            parse = parse_lines
        case _:
            return value
    try:
        return parse(value)
    except ValueError as error:
        raise YamlError(f"{path}: {'.'.join(keys)}: {error}") from None


def parse_lines(raw: Any) -> tuple[str, ...]:
    """Lines of text, typed or shown: a text, a short way to say long ones, or a list of these; ValueError where none.

    `{text: a, times: 65535}` and `{points: 0..FFFF, each: 1000}` are what they are in a UTF on the wire, `{repeat:
    [...], times: 100}` is the same lines often; `after: "--> bob : "` stands before each text of its mapping.
    """
    return tuple(line for entry in (raw if isinstance(raw, list) else [raw]) for line in _lines(entry))


def _lines(entry: Any) -> Iterator[str]:
    match entry:
        case str():
            yield entry
        case {"repeat": list(body), "times": int(times), **rest} if not rest:
            yield from parse_lines(body) * times
        case dict():
            text = {key: value for key, value in entry.items() if key != "after"}
            for item in parse_items([{"UTF": text}]):
                yield f"{entry.get('after', '')}{item.value}"
        case _:
            raise ValueError(f"a line is a text, or such as {{text: a, times: 65535}}, and not {shown(entry)}")


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, and those inside of them."""
    for step in steps:
        yield step
        match step:
            case Concurrency(steps=inner) | Again(steps=inner) | Serve(serve=inner):
                yield from all_steps(inner)
            case Together(together=lists):
                yield from all_steps(itertools.chain.from_iterable(lists))


def _expand(case: Any, path: Path, number: int) -> Iterator[Any]:
    """The case once for each combination of the values under `for`, with its placeholders replaced."""
    if not isinstance(case, dict) or "for" not in case:
        yield case
        return
    rest = {key: value for key, value in case.items() if key != "for"}
    axes = case["for"]
    if not isinstance(axes, dict):
        raise YamlError(f"{path}: cases.{number}.for: must be a mapping of names to lists or ranges, got {shown(axes)}")
    axes = {name: list(enumerate(_values(axis, path, number), 1)) for name, axis in axes.items()}
    for combination in itertools.product(*axes.values()):
        chosen = dict(zip(axes, combination, strict=True))
        values = with_parts({name: value for name, (_, value) in chosen.items()})
        labels = [f"{name}-{_label(value, place)}" for name, (place, value) in chosen.items()]
        yield {**fill_all(rest, values), "name": "/".join([str(rest.get("name")), *labels])}


def _values(axis: Any, path: Path, number: int) -> list[Any]:
    if isinstance(axis, list):
        return axis
    if isinstance(axis, str) and (bounds := re.fullmatch(r"(\d+)\.\.(\d+)", axis)):
        return list(range(int(bounds[1]), int(bounds[2]) + 1))
    raise YamlError(f"{path}: cases.{number}.for: must have lists, or ranges such as 1..35, got {shown(axis)}")


def _label(value: Any, place: int) -> str:
    """The value, where pytest's -k can name it, and else its place in the list."""
    text = "+".join(map(str, value[:2])) if isinstance(value, list) else str(value).replace(" ", "")
    return text if re.fullmatch(r"[\w.+-]{1,40}", text) else str(place)
