"""What is found, in every language that the page has: its reader chooses one, and may change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from conformance.agent.problem import Problem
from conformance.formatting import LANGUAGES, Catalogue, catalogue, sentence
from conformance.formatting.findings import explain, finding_from_json

__all__ = ["Told", "diagnosis", "told"]

Told = Mapping[str, str]
"""One text, by the language."""
_T = TypeVar("_T")


def told(problem: Problem, *, numbered: bool = False) -> Told:
    """The sentence about a problem; `numbered`, with its connection."""
    return _each(lambda words: sentence(problem, words, connection=numbered))


def diagnosis(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first finding of a record as the page shows it, which names the others that it may be; None without any.

    `lines` are, by language, where it shows, what speaks for it, and how to mend it.
    """
    if not entries:
        return None
    first, *others = map(finding_from_json, entries)
    return {
        "side": first.side,
        "guess": first.guess,
        "confidence": first.confidence,
        "title": _each(lambda words: words.text(f"finding.{first.key}.title")),
        "description": _each(lambda words: words.text(f"finding.{first.key}.description")),
        "lines": _each(lambda words: explain(first, others, words).splitlines()[1:]),
    }


def _each(text: Callable[[Catalogue], _T]) -> Mapping[str, _T]:
    return {language: text(catalogue(language)) for language in LANGUAGES}
