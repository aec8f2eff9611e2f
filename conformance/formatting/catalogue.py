"""The catalogue of a language: every text that a person reads, by its id, from `conformance/spec/messages/`.

The files are gettext's, read by Babel: `msgid` is the text's id and `msgstr` the text, in English too. A text has
places as `str.format` has them: `{name}`, and `{name!r}` for a value as Python writes it. Where a number decides
between forms, the file has them as `msgstr[0]` and `msgstr[1]`, and the number is `{count}`.
"""

from __future__ import annotations

import functools
import gettext
import io
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any, Literal, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from conformance.agent.problem import Problem, Where
from conformance.agent.sized_bytes import show

__all__ = ["LANGUAGES", "Catalogue", "Language", "catalogue", "language_of_environment", "sentence", "shortened"]

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_SHOWN_CHARACTERS = 80
MESSAGES = Path(__file__).resolve().parents[1] / "spec" / "messages"


class _French(Formatter):
    """A decimal comma, and a narrow no-break space between thousands, in places that say how a number is written."""

    def format_field(self, value: Any, form: str) -> str:
        shown = str(super().format_field(value, form))
        return shown.replace(",", "\u202f").replace(".", ",") if form.endswith((",", "g")) else shown


class Catalogue:
    """The texts of one language: `ids` are all that it has, `plurals` those with forms for a number."""

    def __init__(self, language: Language, folder: Path = MESSAGES) -> None:
        self.language: Language = language
        self._formatter = _French() if language == "fr" else Formatter()
        self.ids: set[str] = set()
        self.plurals: set[str] = set()
        self._parts: dict[str, gettext.GNUTranslations] = {}
        for path in sorted((folder / language).glob("*.po")):
            with path.open("rb") as file:
                part = read_po(file, locale=language)
            compiled = io.BytesIO()
            write_mo(compiled, part)
            compiled.seek(0)
            texts = gettext.GNUTranslations(compiled)
            for message in part:
                if message.id:
                    name = message.id if isinstance(message.id, str) else message.id[0]
                    self.ids.add(name)
                    if message.pluralizable:
                        self.plurals.add(name)
                    self._parts[name] = texts

    def text(self, name: str, values: Mapping[str, Any] | None = None, *, count: int | None = None) -> str:
        """The text of that id with its places filled in; `count` chooses the form, and fills `{count}`.

        Bytes are shown as hexadecimal digits. KeyError where there is no such text.
        """
        texts = self._parts[name]
        raw = texts.gettext(name) if count is None else texts.ngettext(name, name, count)
        shown = {key: show(value) if isinstance(value, bytes) else value for key, value in (values or {}).items()}
        return self._formatter.vformat(raw, (), shown if count is None else {"count": count, **shown})

    def templates(self, prefix: str) -> dict[str, str | list[str]]:
        """The texts whose ids begin with `prefix`, by the rest of their ids, with their places not filled in.

        One that has forms for a number is a list of them. For a page, which fills them in by itself.
        """
        found: dict[str, str | list[str]] = {}
        for name in sorted(self.ids):
            if name.startswith(prefix):
                texts = self._parts[name]
                forms = [texts.ngettext(name, name, count) for count in (1, 2)]
                found[name.removeprefix(prefix)] = forms if name in self.plurals else texts.gettext(name)
        return found


@functools.cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of that language, read once."""
    return Catalogue(language)


def language_of_environment(environment: Mapping[str, str] = os.environ) -> Language:
    """The language that the locale's variables ask for, as gettext reads them; English where they say neither."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for word in environment.get(variable, "").split(":"):
            for language in LANGUAGES:
                if word.partition("_")[0].partition(".")[0].lower() == language:
                    return language
        if environment.get(variable):
            break
    return "en"


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
    told = words.text(name, values, count=count if isinstance(count, int) and name in words.plurals else None)
    if connection and problem.where.connection is not None:
        return words.text("problem.on-connection", {"number": problem.where.connection, "sentence": told})
    return told


def _places(where: Where, words: Catalogue) -> dict[str, Any]:
    """What a sentence says of a place: who, and the round where there is one."""
    known: dict[str, Any] = {name: at for name in Where.__slots__ if (at := getattr(where, name)) is not None}
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
