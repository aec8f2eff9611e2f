"""What `check` has found, case by case: for a person, or as lines of JSON for a program."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from babel.numbers import format_decimal

from conformance.agent.player.player import Outcome
from conformance.cli.terminal import Paint, print_line
from conformance.decoder import read_conversations
from conformance.diagnosis import Finding, diagnose
from conformance.formatting import Catalogue, catalogue, sentence
from conformance.formatting.findings import explain, finding_to_json
from conformance.model import Protocol
from conformance.model.cases import Case

__all__ = ["Verdicts"]

_HEAD_WIDTH = 6


class Verdicts:
    """Tells each case as soon as it is judged, and counts them; `side` is the one that is judged."""

    def __init__(
        self,
        protocol: Protocol,
        words: Catalogue,
        paint: Paint,
        *,
        side: Literal["server", "client"],
        as_json: bool,
    ) -> None:
        self._side = side
        self._protocol = protocol
        self._as_json = as_json
        self._words = words
        self._paint = paint
        self._counts: Counter[str] = Counter()
        self._began = time.monotonic()

    def tell(self, case: Case, outcome: Outcome) -> None:
        """One case."""
        verdict = "failed" if outcome.problem else "non-strict" if outcome.non_strict else "passed"
        self._counts[verdict] += 1
        findings: list[Finding] = []
        if outcome.problem:
            conversations = read_conversations(self._protocol, outcome.recording)
            findings = diagnose(conversations, now=time.monotonic(), suspect=True, of=self._side)
        if self._as_json:
            self._tell_json(case, verdict, outcome, findings)
        else:
            self._tell(case, verdict, outcome, findings)

    def _tell(self, case: Case, verdict: str, outcome: Outcome, findings: Sequence[Finding]) -> None:
        language, colour = self._words.language, {"failed": "red", "non-strict": "yellow", "passed": "green"}[verdict]
        head = self._paint(self._words.text(f"cli.check.{verdict}").ljust(_HEAD_WIDTH), colour)  # type: ignore[arg-type]
        count = len(outcome.recording.connections)
        name = case.name
        if outcome.problem is None and self._side == "client" and count > 1:  # a client that makes many
            name += f" ({self._words.text('cli.check.connected', count=count)})"
        about = case.about if outcome.problem else case.non_strict if outcome.non_strict else None
        if about is not None:
            name = self._words.text("cli.check.case", {"case": name, "about": about.in_language(language)})
        print_line(f"{head}  {name}")
        if outcome.problem is not None:
            lines = [sentence(outcome.problem, self._words, connection=count > 1)]
            if findings:
                lines += explain(findings[0], findings[1:], self._words).splitlines()
            for line in lines:
                print_line(f"        {line}")

    @staticmethod
    def _tell_json(case: Case, verdict: str, outcome: Outcome, findings: Sequence[Finding]) -> None:
        problem = outcome.problem or outcome.non_strict
        told: dict[str, Any] = {"case": case.name, "verdict": verdict}
        told |= dict.fromkeys(("code", "where", "values", "reason", "note"))
        if problem:
            told |= {**replace(problem, at=None).to_json(), "reason": sentence(problem, catalogue("en"))}
        if verdict == "non-strict":
            told["note"] = case.non_strict
        told["diagnosis"] = [finding_to_json(finding) for finding in findings]
        print_line(json.dumps(told))

    def end(self, left_out: int = 0) -> int:
        """The totals; the status of the command."""
        passed, non_strict, failed = (self._counts[verdict] for verdict in ("passed", "non-strict", "failed"))
        if self._as_json:
            counts = {"passed": passed, "non-strict": non_strict, "failed": failed}
            print_line(json.dumps({"event": "summary", **counts}))
        else:
            seconds = format_decimal(time.monotonic() - self._began, "0.0", locale=self._words.language)
            name = "cli.check.summary.non-strict" if non_strict else "cli.check.summary"
            values = {"ok": passed + non_strict, "non_strict": non_strict, "failed": failed, "seconds": seconds}
            line = self._words.text(name, values)
            print_line(self._paint(line, "red" if failed else "green", "bold"))
            if left_out:
                print_line(self._words.text("cli.check.left-out", count=left_out))
        return 1 if failed or not passed + non_strict else 0
