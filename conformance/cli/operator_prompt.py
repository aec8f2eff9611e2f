"""A person at the client: `check client` says what to start and what to type, and waits for the bytes that follow."""

from __future__ import annotations

import json
from collections.abc import Sequence

from conformance.agent.player.operator import OperatorStep, Reply
from conformance.agent.player.steps import Input, Rests, Shows, Type
from conformance.model.cases import Case, all_steps
from conformance.observe.terminal import Paint, print_line

__all__ = ["Asking", "can_be_typed"]

_LINES = 8
_CHARACTERS = 80


def can_be_typed(case: Case) -> bool:
    """Whether a person can type it all: few lines, not long, and on a keyboard or by copying them."""
    lines = [line for step in all_steps(case.steps) if isinstance(step, Type) for line in step.type]
    return len(lines) <= _LINES and all(len(line) <= _CHARACTERS and _on_one_line(line) for line in lines)


def _on_one_line(line: str) -> bool:
    return line == line.rstrip("\r") and line.isprintable()


class Asking:
    """Tells a person what to do: in words, or as lines of JSON for a program that does it in their place."""

    def __init__(self, paint: Paint, *, as_json: bool) -> None:
        self._paint = paint
        self._as_json = as_json

    def start(self, case: Case, number: int, count: int, port: int, *, typed: bool) -> None:
        """The client is to be started now."""
        if self._as_json:
            self._event("start", case=case.name, port=port, author=case.author if typed else None)
            return
        author = f'author "{case.author}" and ' if typed else ""
        line = f"{number} of {count}, {case.name}: {case.about}. Start your client now, with {author}port {port}."
        print_line(self._paint(line, "bold"))
        for unwanted in case.hides:
            self._say(f"It must never show a line such as: {unwanted}")

    def end(self, case: Case) -> None:
        """The conversation is over: what else is to be seen, and is not judged here."""
        if case.console and not self._as_json:
            self._say(f"On its console must stand now: {' and '.join(case.console)}")

    def __call__(self, step: OperatorStep) -> Reply:
        """Asks for the step. What the client shows nobody can see from here: that is told, and not judged."""
        match step:
            case Type():
                self._lines("type", step.type, "Type into your client, and Enter behind each line:")
            case Shows():
                self._lines("shows", step.shows, "It must show now:")
            case Input():
                if self._as_json:
                    self._event("end of input")
                else:
                    self._say("End its input: Ctrl-D (on Windows Ctrl-Z and Enter).")
            case Rests():
                pass  # nobody can see from here how busy it is
        return Reply()

    def _lines(self, event: str, lines: Sequence[str], words: str) -> None:
        if self._as_json:
            self._event(event, lines=list(lines))
            return
        self._say(words)
        for line in [*lines[:_LINES], "..."] if len(lines) > _LINES else lines:
            shown = line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS]}... ({len(line):,} characters)"
            self._say(f"    {shown if shown.strip() else '(an empty line)' if not shown else repr(shown)}")

    def _say(self, line: str) -> None:
        print_line(f"        {self._paint(line, 'yellow')}")

    @staticmethod
    def _event(event: str, **facts: object) -> None:
        print_line(json.dumps({"event": event, **facts}))
