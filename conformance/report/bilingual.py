"""What is found, in every language that the page has: its reader chooses one, and may change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.agent.problem import Problem
from conformance.formatting import LANGUAGES, Catalogue, catalogue, sentence
from conformance.results.schema import ProblemEntry

__all__ = ["Told", "finding_card", "told", "told_of"]

Told = Mapping[str, str]
"""One text, by the language."""


def told(entry: ProblemEntry, *, numbered: bool = False) -> Told:
    """The sentence about a problem of a record; `numbered`, with its connection."""
    return told_of(Problem.from_json(entry), numbered=numbered)


def told_of(problem: Problem, *, numbered: bool = False) -> Told:
    """The sentence about a problem."""
    return _each(lambda words: sentence(problem, words, connection=numbered))


def finding_card(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says of a finding: what it is, how sure that is, what speaks for it, and how to mend it."""
    return {
        "guess": entry["guess"],
        "confidence": entry["confidence"],
        "title": {},
    }


def _each(text: Callable[[Catalogue], str]) -> Told:
    return {language: text(catalogue(language)) for language in LANGUAGES}
