"""A person at the client: `check client` says what to start and what to type, and waits for the bytes that follow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal

from conformance.agent.player.player import Reply
from conformance.agent.player.steps import Input, OperatorStep, Shows, Type
from conformance.cli.terminal import paint, print_line
from conformance.formatting import Catalogue
from conformance.model.cases import Case, all_steps

__all__ = ["OperatorPrompt", "can_be_typed"]

_LINES = 8
_CHARACTERS = 80


def can_be_typed(case: Case) -> bool:
    """Whether a person can type it all: few lines, not long, and on a keyboard or by copying them."""
    lines = [line for step in all_steps(case.steps) if isinstance(step, Type) for line in step.type]
    return len(lines) <= _LINES and all(len(line) <= _CHARACTERS and line.isprintable() for line in lines)


@dataclass(frozen=True)
class OperatorPrompt:
    """Tells a person what to do: in words, or as lines of JSON for a program that does it in their place."""

    words: Catalogue
    as_json: bool

    def start(self, case: Case, number: int, count: int, port: int, *, typed: bool) -> None:
        if self.as_json:
            self._event("start", case=case.name, port=port, author=case.author if typed else None)
            return
        values = {"number": number, "count": count, "case": case.name, "port": port, "author": case.author}
        values["about"] = case.about.in_language(self.words.language)
        print_line(paint(self.words.text(f"cli.check.start{'.author' if typed else ''}", values), "bold"))
        for unwanted in case.hides:
            self._say("hides", line=unwanted)

    def end(self, case: Case) -> None:
        """The conversation is over: what else is to be seen, and is not judged here."""
        if case.console and not self.as_json:
            self._say("console", lines=", ".join(case.console))

    def __call__(self, step: OperatorStep) -> Reply:
        """Asks for the step. What the client shows is told, and not judged: nobody sees it from here."""
        match step:
            case Type(type=lines):
                self._lines("type", lines)
            case Shows(shows=lines):
                self._lines("shows", lines)
            case Input() if self.as_json:
                self._event("end of input")
            case Input():
                self._say("input")
        return Reply()

    def _lines(self, event: str, lines: Sequence[str]) -> None:
        if self.as_json:
            self._event(event, lines=list(lines))
            return
        self._say(event)
        shown = [self._shown(line) for line in lines[:_LINES]]
        for line in [*shown, "..."] if len(lines) > _LINES else shown:
            print_line(f"        {paint(f'    {line}', 'yellow')}")

    def _shown(self, line: str) -> str:
        if not line:
            return self.words.text("cli.check.empty-line")
        if len(line) <= _CHARACTERS:
            return line if line.strip() else repr(line)
        values = {"text": line[:_CHARACTERS], "count": format_decimal(len(line), locale=self.words.language)}
        return self.words.text("cli.check.long-line", values)

    def _say(self, text: str, **values: object) -> None:
        print_line(f"        {paint(self.words.text(f'cli.check.{text}', values), 'yellow')}")

    @staticmethod
    def _event(event: str, **facts: object) -> None:
        print_line(json.dumps({"event": event, **facts}))
