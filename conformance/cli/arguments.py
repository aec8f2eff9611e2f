"""The command line's parser: it speaks the person's language, and what is wrong there is one sentence."""

from __future__ import annotations

import argparse
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from conformance.formatting import LANGUAGES, Catalogue, Language, language_of_environment
from conformance.model.lookup import UsageError

__all__ = ["Parser", "argparse_speaks", "in_words", "language_of", "seconds", "usage_sentence"]

_SECONDS_LIMIT = 3600


class Parser(argparse.ArgumentParser):
    """A parser with `words`, the catalogue of the person's language; its subcommands' parsers have the same.

    It keeps the lines of its texts as they are written. A `type` may raise UsageError.
    """

    def __init__(self, *, words: Catalogue, **options: Any) -> None:
        self.words = words
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **options})
        # What it is set to is read before there is a parser (`language_of`).
        metavar = "|".join(LANGUAGES)
        self.add_argument("--lang", choices=LANGUAGES, default=argparse.SUPPRESS, metavar=metavar, help="cli.lang")

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """As in argparse; `help` and `metavar` may be ids of texts."""
        words = self.words
        options |= {key: words.text(options[key]) for key in ("help", "metavar") if options.get(key) in words.ids}
        if "type" in options:
            options["type"] = functools.partial(_parsed, options["type"], words)
        return super().add_argument(*names, **options)

    def add_subparsers(self, **options: Any) -> Any:
        own: Any = functools.partial(Parser, words=self.words)
        return super().add_subparsers(parser_class=own, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, self.words.text("cli.error", {"prog": self.prog, "message": message}) + "\n")


def _parsed(parse: Callable[[str], Any], words: Catalogue, text: str) -> Any:
    try:
        return parse(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(usage_sentence(error, words)) from error


def usage_sentence(error: UsageError, words: Catalogue) -> str:
    """What cannot be done so, in words."""
    return words.text(error.name, in_words(error.values, words))


def in_words(values: Mapping[str, Any], words: Catalogue) -> dict[str, Any]:
    """The values, those in words that have a text of their own, NAME.VALUE, as the reasons that the system gives."""
    return {
        name: words.text(text) if (text := f"{name}.{value}") in words.ids else value for name, value in values.items()
    }


def argparse_speaks(words: Catalogue) -> None:
    """Has argparse's own texts be those of the catalogue, where it has them: `argparse.` and the English text.

    argparse takes them through two functions of gettext, under these names of its module.
    """

    def text(english: str) -> str:
        name = f"argparse.{english}"
        return words.text(name) if name in words.ids else english

    def plural(one: str, many: str, count: int) -> str:
        name = f"argparse.{one}"
        return words.text(name, count=count) if name in words.ids else one if count == 1 else many

    vars(argparse).update(_=text, ngettext=plural)


def language_of(words: Sequence[str]) -> Language:
    """The language that `--lang` among the words of a command line asks for, or else the environment."""
    for word, following in itertools.pairwise([*words, ""]):
        for language in LANGUAGES:
            if word == f"--lang={language}" or (word, following) == ("--lang", language):
                return language
    return language_of_environment()


def seconds(text: str) -> float:
    """A number of seconds above 0, up to an hour."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _SECONDS_LIMIT:
        raise UsageError("cli.usage.seconds", limit=_SECONDS_LIMIT, text=text)
    return number
