"""What `check` has found, case by case: for a person, or as lines of JSON for a program."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Literal

from conformance.agent.player.player import Outcome
from conformance.diagnosis import Finding, diagnose, explain, to_json
from conformance.model import Protocol
from conformance.model.cases import Case
from conformance.observe.terminal import Paint, print_line

__all__ = ["Verdicts"]


class Verdicts:
    """Tells each case as soon as it is judged, and counts them."""

    def __init__(self, protocol: Protocol, paint: Paint, *, side: Literal["server", "client"], as_json: bool) -> None:
        self._side = side
        self._protocol = protocol
        self._as_json = as_json
        self._paint = paint
        self._passed = self._noted = self._failed = 0
        self._began = time.monotonic()

    def tell(self, case: Case, outcome: Outcome) -> None:
        """One case."""
        findings: list[Finding] = []
        note = f"rough, as the course's Java is: {case.rough}" if outcome.rough and not outcome.problem else None
        if outcome.problem is None:
            self._passed += 1
            self._noted += note is not None
        else:
            self._failed += 1
            findings = diagnose(
                self._protocol, outcome.recording.connections, now=time.monotonic(), suspect=True, of=self._side
            )
        if self._as_json:
            self._tell_json(case, outcome, note, findings)
        elif outcome.problem is None:
            head = self._paint("rough ", "yellow") if note else self._paint("ok    ", "green")
            print_line(f"{head}  {case.name}{self._many(outcome)}{f': {note}' if note else ''}")
        else:
            print_line(f"{self._paint('FAILED', 'red', 'bold')}  {case.name}: {case.about}")
            print_line(f"        {outcome.problem}")
            if findings:
                for line in explain(findings[0], findings[1:]).splitlines():
                    print_line(f"        {line}")

    def _many(self, outcome: Outcome) -> str:
        """How many connections a client made, where it is one that makes many."""
        count = len(outcome.recording.connections)
        return f" ({count} connections)" if self._side == "client" and count > 1 else ""

    @staticmethod
    def _tell_json(case: Case, outcome: Outcome, note: str | None, findings: Sequence[Finding]) -> None:
        told = {
            "case": case.name,
            "verdict": "failed" if outcome.problem else "passed",
            "reason": outcome.problem,
            "note": note,
            "mistakes": [to_json(finding) for finding in findings],
        }
        print_line(json.dumps(told))

    def end(self, left_out: int = 0) -> int:
        """The totals; the status of the command."""
        seconds = time.monotonic() - self._began
        if self._as_json:
            counts = {"passed": self._passed, "noted": self._noted, "failed": self._failed}
            print_line(json.dumps({"event": "summary", **counts}))
        else:
            rough = f" ({self._noted} of them rough, as the course's Java is)" if self._noted else ""
            line = f"{self._passed} ok{rough}, {self._failed} failed, in {seconds:.1f} s"
            print_line(self._paint(line, "red" if self._failed else "green", "bold"))
            if left_out:
                print_line(f"{left_out} cases were left out: nobody can type by hand what they take")
        return 1 if self._failed or not self._passed else 0
