"""A finding in words for a student, and in JSON for a machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.decoder.conversation import show
from conformance.diagnosis.finding import Finding

__all__ = ["explain", "to_json"]

_MANY = 5


def explain(finding: Finding, others: Sequence[Finding] = ()) -> str:
    """A few lines: what it is, where it shows, how to mend it, and what else it may be."""
    mistake = finding.mistake
    sure = f" (a guess, {finding.confidence:.0%})" if finding.guess else ""
    lines = [f"The {finding.side}: {mistake.title}{sure}. {mistake.description}"]
    lines.append(f"Where: {_where(finding)}.")
    if finding.detail:
        lines.append(f"{finding.detail[0].upper()}{finding.detail[1:]}.")
    lines.append(f"In Python: {mistake.python}")
    lines.append(f"In Java: {mistake.java}")
    if rivals := dict.fromkeys(other.mistake.title for other in others if _rivals(finding, other)):
        lines.append(f"It may also be: {'; or '.join(rivals)}.")
    return "\n".join(lines)


def to_json(finding: Finding) -> dict[str, Any]:
    """A dictionary of JSON's own types; the bytes in hexadecimal."""
    mistake = finding.mistake
    return {
        "key": finding.key,
        "title": mistake.title,
        "description": mistake.description,
        "side": finding.side,
        "connections": list(finding.connections),
        "field": finding.field,
        "type": finding.type,
        "round": finding.round,
        "offset": finding.offset,
        "raw": finding.raw.hex(),
        "detail": finding.detail,
        "confidence": finding.confidence,
        "guess": finding.guess,
        "waiting": [
            {
                "side": waiting.side,
                "field": waiting.field,
                "type": waiting.type,
                "missing": waiting.missing,
                "since": waiting.since,
            }
            for waiting in finding.waiting
        ],
        "python": mistake.python,
        "java": mistake.java,
    }


def _rivals(finding: Finding, other: Finding) -> bool:
    return finding.guess and other.guess and other.side == finding.side and other.key != finding.key


def _where(finding: Finding) -> str:
    numbers = finding.connections
    if len(numbers) == 1:
        connection = f"connection {numbers[0]}"
    elif len(numbers) <= _MANY:
        connection = f"connections {', '.join(map(str, numbers))}"
    else:
        connection = f"{len(numbers)} connections, the first is {numbers[0]}"
    due = f", where {finding.type} `{finding.field}` was due" if finding.field is not None else ""
    number = f" in round {finding.round}" if finding.round is not None else ""
    raw = f": {show(finding.raw)}" if finding.raw else ""
    return f"{connection}, byte {finding.offset} of what the {finding.side} sent{due}{number}{raw}"
