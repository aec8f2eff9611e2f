"""A finding in words for a student, in the language that is asked for; and in JSON for a machine, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from conformance.agent.events import other
from conformance.diagnosis import Detail, Finding
from conformance.formatting.catalogue import Catalogue, catalogue

__all__ = ["evidence", "explain", "finding_from_json", "finding_to_json"]

_MANY = 5
_TEXTS = ("title", "description", "python", "java")
_HEADS = {"certain": "finding.head", "likely": "finding.head.likely", "possible": "finding.head.guess"}
_OTHERS = ("c", "csharp", "javascript")  # where people come from there
_FINDING = TypeAdapter(Finding)


def explain(finding: Finding, others: Sequence[Finding], words: Catalogue) -> str:
    """A few lines: what it is, where it shows, what speaks for it, how to mend it, and which of `others` it may be."""
    texts = _texts(finding, words)
    head = {**texts, "who": words.text(f"side.{finding.side}"), "percent": min(99, round(100 * finding.confidence))}
    lines = [words.text(_HEADS[finding.certainty], head)]
    if finding.connections:  # else it shows in many cases, and in none alone
        lines.append(words.text("finding.where", {"where": _where(finding, words)}))
    if told := evidence(finding, words):
        lines.append(f"{told}.")
    lines += [
        words.text(f"finding.{language}", texts) for language in ("python", "java", *_OTHERS) if language in texts
    ]
    rivals_of = [one for one in others if finding.guess and one.certainty == "possible" and one.side == finding.side]
    guesses = [rival.key for rival in rivals_of]
    if rivals := dict.fromkeys(key for key in guesses if key != finding.key):
        titles = words.text("finding.or").join(words.text(f"finding.{key}.title") for key in rivals)
        lines.append(words.text("finding.others", {"titles": titles}))
    # A second mistake of the same program has its own lines; a rival explanation has only its title.
    second = {one.key: one for one in others if one.side == finding.side and one.certainty != "possible"}
    lines += [explain(one, (), words) for one in second.values() if one.key != finding.key and not one.waiting]
    return "\n".join(f"{line[0].upper()}{line[1:]}" for line in lines)


def evidence(finding: Finding, words: Catalogue) -> str:
    """What speaks for it, in one sentence without an end stop; empty where nothing does but the bytes."""
    parts = [_detail(detail, words) for detail in finding.details]
    return words.text("finding.and").join([*parts, *([_waiting(finding, words)] if finding.waiting else [])])


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """JSON's own types: the key, the place, the facts, and the sentences in English.

    Bytes are hexadecimal digits; `details` are the codes and values of what the sentence `detail` says.
    """
    words = catalogue("en")
    told = asdict(finding) | _texts(finding, words)
    told |= {name: list(told[name]) for name in ("connections", "details", "waiting")}
    return told | {"raw": finding.raw.hex(), "detail": evidence(finding, words), "guess": finding.guess}


def finding_from_json(entry: Mapping[str, Any]) -> Finding:
    """The finding that `finding_to_json` wrote; ValueError where it is none."""
    old = {"certainty": "possible" if entry.get("guess") else "certain"}  # of a record that has no word for it
    return _FINDING.validate_python({**old, **entry, "raw": bytes.fromhex(entry["raw"])})


def _texts(finding: Finding, words: Catalogue) -> dict[str, str]:
    names = [name for name in (*_TEXTS, *_OTHERS) if name in _TEXTS or f"finding.{finding.key}.{name}" in words.ids]
    return {name: words.text(f"finding.{finding.key}.{name}") for name in names}


def _where(finding: Finding, words: Catalogue) -> str:
    """Connection, byte, what was due there, and the bytes."""
    numbers, count = finding.connections, len(finding.connections)
    listed = {"numbers": ", ".join(map(str, numbers)), "first": numbers[0]}
    name = "finding.connections" if count <= _MANY else "finding.connections.many"
    connections, who = words.text(name, listed, count=count), words.text(f"side.{finding.side}")
    told = words.text("finding.place", {"connections": connections, "offset": finding.offset, "who": who})
    if finding.field is not None:
        in_round = "" if finding.round is None else words.text("place.in-round", {"round": finding.round})
        told += words.text("finding.due", {"type": finding.type, "field": finding.field, "in_round": in_round})
    return told + (words.text("finding.raw", {"raw": finding.raw}) if finding.raw else "")


def _detail(detail: Detail, words: Catalogue) -> str:
    """The text of the code; one for a value that is there stands in for it."""
    name = f"finding.detail.{detail.code}"
    name = next((f"{name}.{value}" for value in detail.values if f"{name}.{value}" in words.ids), name)
    values = dict(detail.values)
    if detail.code == "reads-as":
        extra = words.text("finding.field.extra")
        told = [
            words.text("finding.field" if whole else "finding.field.cut", {"field": field or extra, "value": value})
            for field, value, whole in values["fields"]
        ]
        values["fields"] = ", ".join([*told, "..."] if values["more"] else told)
    return words.text(name, values)


def _waiting(finding: Finding, words: Catalogue) -> str:
    """Who waits for what, and what the other seems to wait for."""
    first, *more = finding.waiting
    name = "finding.waits" if first.missing is None else "finding.waits.missing"
    place = {"who": words.text(f"side.{first.side}"), "other": words.text(f"side.{other(first.side)}")}
    told = words.text(name, place | {"type": first.type, "field": first.field}, count=first.missing)
    return told + "".join(words.text("finding.waits.too", place | {"field": second.field}) for second in more)
