"""The catalogue of a language: every text that a person reads, by its id, from `conformance/spec/messages/`.

The files are gettext's: `msgid` is the text's id and `msgstr` the text, in English too. A text has places as
`str.format` has them: `{name}`, and `{name!r}` for a value as Python writes it. Where a number decides between forms,
the file has them as `msgstr[0]` and `msgstr[1]`, and the number is `{count}`.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any, Literal, get_args

from babel import Locale
from babel.messages.pofile import read_po

from conformance.agent.problem import Problem, Where
from conformance.agent.sized_bytes import show
from conformance.formatting.escapes import one_line

__all__ = ["LANGUAGES", "Catalogue", "Language", "catalogue", "language_of_environment", "sentence", "shortened"]

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_SHOWN_CHARACTERS = 80
_MESSAGES = Path(__file__).resolve().parents[1] / "spec" / "messages"


class _French(Formatter):
    """A decimal comma, and a narrow no-break space between thousands, in places that say how a number is written."""

    def format_field(self, value: Any, form: str) -> str:
        shown = str(super().format_field(value, form))
        return shown.replace(",", "\u202f").replace(".", ",") if form.endswith((",", "g")) else shown


class Catalogue:
    """The texts of one language: `ids` are all that it has, `plurals` those with forms for a number."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._formatter = _French() if language == "fr" else Formatter()
        self._plural_form = Locale(language).plural_form
        self._texts: dict[str, Any] = {}  # a text, or its two forms
        for path in sorted((_MESSAGES / language).glob("*.po")):
            with path.open("rb") as file:
                messages = read_po(file, locale=language)
            self._texts |= {one.id if isinstance(one.id, str) else one.id[0]: one.string for one in messages if one.id}
        self.ids = self._texts.keys()
        self.plurals = {name for name, text in self._texts.items() if isinstance(text, tuple)}

    def text(self, name: str, values: Mapping[str, Any] | None = None, *, count: int | None = None) -> str:
        """The text of that id with its places filled in; `count` chooses the form, and fills `{count}`.

        Bytes are shown as hexadecimal digits, line breaks in a value as their escapes. KeyError where there is no such
        text.
        """
        raw = self._texts[name]
        if name in self.plurals:
            raw = raw[0 if count is None or self._plural_form(count) == "one" else 1]
        shown = {key: _shown(value) for key, value in (values or {}).items()}
        return self._formatter.vformat(raw, (), shown if count is None else {"count": count, **shown})

    def templates(self, prefix: str) -> dict[str, str | list[str]]:
        """The texts whose ids begin with `prefix`, by the rest of their ids, with their places not filled in.

        One that has forms for a number is a list of them. For a page, which fills them in by itself.
        """
        return {
            name.removeprefix(prefix): list(text) if name in self.plurals else text
            for name, text in sorted(self._texts.items())
            if name.startswith(prefix)
        }


def _shown(value: Any) -> Any:
    return show(value) if isinstance(value, bytes) else one_line(value) if type(value) is str else value


catalogue: Callable[[Language], Catalogue] = functools.cache(Catalogue)
"""The catalogue of that language, read once."""


def language_of_environment(environment: Mapping[str, str] = os.environ) -> Language:
    """The language that the locale's variables ask for, as gettext reads them; English where they say neither."""
    asked = next(filter(None, map(environment.get, ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    codes = [re.split("[_.]", locale)[0].lower() for locale in asked.split(":")]
    return next((language for code in codes for language in LANGUAGES if code == language), "en")


def sentence(problem: Problem, words: Catalogue, *, connection: bool = False) -> str:
    """The sentence about `problem`, without an end stop; with the number of the `connection` before it, where asked.

    The text is `problem.CODE`. Its places are the problem's values and those of its place, and `who` for its side.
    Texts that depend on whether a value is there are `problem.CODE.VALUE`, which stand in for `problem.CODE`. A value
    NAME that is one of few words has a text of its own, `NAME.WORD`; `cause` is the code of a problem inside this one.
    """
    where = problem.where
    values: dict[str, Any] = {name: at for name in Where.__slots__ if (at := getattr(where, name)) is not None}
    values["in_round"] = "" if where.round is None else words.text("place.in-round", {"round": where.round})
    if where.side is not None:
        values["who"] = words.text(f"side.{where.side}")
    values |= problem.values
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
    told = words.text(name, values, count=count if isinstance(count, int) else None)
    if connection and where.connection is not None:
        return words.text("problem.on-connection", {"number": where.connection, "sentence": told})
    return told


def shortened(problem: Problem) -> Problem:
    """The same with long texts among its values cut in the middle: a client can send 65,535 bytes as its address."""
    half = _SHOWN_CHARACTERS // 2
    cut = {
        name: f"{value[:half]}...{value[-half:]}"
        for name, value in problem.values.items()
        if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS
    }
    return replace(problem, values={**problem.values, **cut})
