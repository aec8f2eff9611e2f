"""A problem as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.agent.problem import Problem, Where
from conformance.formatting.catalogue import Catalogue

__all__ = ["sentence", "shortened"]

_SHOWN_CHARACTERS = 80


def sentence(problem: Problem, words: Catalogue, *, connection: bool = False) -> str:
    """The sentence about `problem`, without an end stop; with the number of the `connection` before it, where asked.

    The text is `problem.CODE`. Its places are the problem's values and those of its place, and `who` for its side.
    Texts that depend on whether a value is there are `problem.CODE.VALUE`, which stand in for `problem.CODE`. A value
    NAME that is one of few words has a text of its own, `NAME.WORD`; `cause` is the code of a problem inside this one.
    """
    values = _places(problem.where, words) | dict(problem.values)
    for name, value in problem.values.items():
        if isinstance(value, str) and f"{name}.{value}" in words.ids:
            values[name] = words.text(f"{name}.{value}", values)
        elif isinstance(value, list):
            values[name] = " ".join(map(repr, value))
    if "cause" in problem.values:
        inner = {name: value for name, value in problem.values.items() if name != "cause"}
        values["cause"] = sentence(replace(problem, code=problem.values["cause"], values=inner), words)
    name = f"problem.{problem.code}"
    name = next((f"{name}.{value}" for value in problem.values if f"{name}.{value}" in words.ids), name)
    count = problem.values.get("size")
    told = words.text(name, values, count=count if isinstance(count, int) and f"{name}" in words.plurals else None)
    if connection and problem.where.connection is not None:
        return words.text("problem.on-connection", {"number": problem.where.connection, "sentence": told})
    return told


def _places(where: Where, words: Catalogue) -> dict[str, Any]:
    """What a sentence says of a place: who, and the round where there is one."""
    places: Mapping[str, Any] = {name: getattr(where, name) for name in Where.__slots__}
    known = {name: value for name, value in places.items() if value is not None}
    known["in_round"] = "" if where.round is None else words.text("place.in-round", {"round": where.round})
    if where.side is not None:
        known["who"] = words.text(f"side.{where.side}")
    return known


def shortened(problem: Problem) -> Problem:
    """The same with long texts among its values cut in the middle: a client can send 65,535 bytes as its address."""
    return replace(problem, values={name: _cut(value) for name, value in problem.values.items()})


def _cut(value: Any) -> Any:
    half = _SHOWN_CHARACTERS // 2
    is_long = isinstance(value, str) and len(value) > _SHOWN_CHARACTERS
    return f"{value[:half]}...{value[-half:]}" if is_long else value
