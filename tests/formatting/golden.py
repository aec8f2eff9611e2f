"""Every text of a language with its places filled in: the files in `golden/`, which show what a change does to wording.

`python -m tests.formatting.golden` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Any

from conformance.formatting import LANGUAGES, Catalogue, catalogue

__all__ = ["golden_path", "places", "raw_texts", "rendered"]


class _Samples(dict[str, Any]):
    """A value for each place of a text: its name in angle brackets."""

    def __missing__(self, name: str) -> _Sample:
        return _Sample(name)


class _Sample:
    def __init__(self, name: str) -> None:
        self._name = name

    def __format__(self, form: str) -> str:
        return f"<{self._name}{':' if form else ''}{form}>"

    def __repr__(self) -> str:
        return f"<{self._name}!r>"


def golden_path(language: str) -> Path:
    """The file of that language."""
    return Path(__file__).parent / "golden" / f"{language}.txt"


def raw_texts(words: Catalogue, name: str) -> list[str]:
    """The texts of an id, one for each form that its language has."""
    found = words.templates(name)[""]
    return found if isinstance(found, list) else [found]


def places(text: str) -> set[str]:
    """The names of the places in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def rendered(words: Catalogue) -> str:
    """All texts of a language, by their ids."""
    lines: list[str] = []
    for name in sorted(words.ids):
        for text in raw_texts(words, name):
            lines.append(f"{name}: {text.format_map(_Samples())}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for language in LANGUAGES:
        golden_path(language).write_text(rendered(catalogue(language)), encoding="utf-8")
