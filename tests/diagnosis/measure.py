"""Measures the diagnosis with the corpus: `python -m tests.diagnosis.measure`.

Each entry is diagnosed in the two ways in which users meet it: live, as `tap` shows it while it goes on, and recorded,
as the matrix judges it. What is said first must be a right name, every mistake must be told, and nothing that is
certain may be false.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.agent.events import Side
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.diagnosis import Finding, diagnose
from conformance.observe.live_conversation import STALL_SECONDS, LiveConversation
from conformance.observe.live_events import Diagnosed, FieldRead, ProblemFound, Stalled
from tests.diagnosis.corpus import entries
from tests.diagnosis.corpus.entry import SOURCES, Entry, protocol
from tests.diagnosis.corpus.meet import events
from tests.diagnosis.corpus.wire import add_random_values

__all__ = ["GOAL", "NOT_YET", "OUTCOMES", "Measured", "Said", "measure", "measure_all", "worst"]

OUTCOMES = ("right", "vague", "silent", "wrong", "CERTAIN AND WRONG")
"""The outcomes, the best first.

right              a right name comes first, and every mistake is told; of right programs: nothing is said
vague              what is said is true, and no name, or not that of every mistake
silent             nothing is said
wrong              the first name is false, and said not to be certain
CERTAIN AND WRONG  a name is false, and said to be certain
"""
GENERAL = frozenset({"both-sides-waiting"})
GOAL = 0.95
_LATER = 3600.0
_LOOKS = 0.1


_NOT_YET = Path(__file__).with_name("corpus") / "not_yet.txt"
_BECAUSE = "  # "
NOT_YET: Mapping[str, str] = dict(
    line.split(_BECAUSE, 1) for line in _NOT_YET.read_text(encoding="utf-8").splitlines() if _BECAUSE in line
)
"""The kinds that are not right yet, and why."""


@dataclass(frozen=True)
class Said:
    """What was said of a side: a key, and if that is certain."""

    key: str
    side: Side
    certain: bool

    def __str__(self) -> str:
        return f"{self.side}:{self.key}{'!' if self.certain else '?'}"


@dataclass(frozen=True)
class Measured:
    """An entry, and what was said of it in one way; `problems` are the codes of the problems that were told."""

    entry: Entry
    way: str
    said: tuple[Said, ...]
    problems: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`."""
        entry = self.entry
        false = [said for said in self.said if not entry.allows(said.key, said.side)]
        if any(said.certain for said in false):
            return "CERTAIN AND WRONG"
        if not entry.must and not entry.codes:
            # Where nothing is wrong, no case may fail; a conversation may lack what nobody must find.
            return "wrong" if false or (self.way == "check" and self.problems) else "right"
        if entry.codes.intersection(self.problems[:1]):
            return "wrong" if false else "right"
        # Live, that somebody waits is a problem, and no finding: he may just be slow.
        waits = "stalled" in self.problems and self.way == "live"
        if waits and not false and all("both-sides-waiting" in label.keys for label in entry.must):
            return "right"
        if not self.said:
            return "vague" if self.problems else "silent"
        first = self.said[0]
        if first in false:
            return "wrong"
        told = [any(label.has(said.key, said.side) for said in self.said) for label in entry.must]
        named = any(label.has(first.key, first.side) for label in entry.must)
        return "right" if named and all(told) else "vague"


def measure(entry: Entry) -> list[Measured]:
    """Both ways; `tap` judges both sides."""
    return [recorded(entry)] if entry.judged else [live(entry), recorded(entry)]


def _said(findings: Sequence[Finding]) -> tuple[Said, ...]:
    return tuple(Said(finding.key, finding.side, _certain(finding)) for finding in findings)


def _certain(finding: Finding) -> bool:
    certainty = getattr(finding, "certainty", None)
    return not finding.guess if certainty is None else bool(certainty == "certain")


def live(entry: Entry) -> Measured:
    """As `tap` shows it: while it goes on, and looked at every 0.1 s, until nothing has moved for long."""
    conversation = LiveConversation(protocol(entry.protocol), 1)
    findings: list[Finding] = []
    problems: list[str] = []

    def take(told: object) -> None:
        match told:
            case Diagnosed(finding=finding, others=others):
                findings.extend((finding, *others))
            case ProblemFound(problem=problem) | Stalled(problem=problem):
                problems.append(problem.code)
            case FieldRead(field=field) if field.problem is not None:
                problems.append(field.problem.code)

    clock = 0.0
    for event in events(entry.moves):
        while clock + _LOOKS < event.at:
            clock += _LOOKS
            for told in conversation.look(clock, STALL_SECONDS):
                take(told)
        clock = event.at
        for told in conversation.add(event):
            take(told)
    for _ in range(int((STALL_SECONDS + 1) / _LOOKS)):
        clock += _LOOKS
        for told in conversation.look(clock, STALL_SECONDS):
            take(told)
    for told in conversation.end(clock):
        take(told)
    return Measured(entry, "live", _said(findings), tuple(dict.fromkeys(problems)))


def recorded(entry: Entry) -> Measured:
    """As the matrix judges it; what fits the protocol is looked at for what makes sense only another way."""
    conversations = read_conversations(protocol(entry.protocol), Recording(events(entry.moves)))
    problems = tuple(dict.fromkeys(problem.code for each in conversations for problem in each.problems))
    findings = diagnose(conversations, now=_LATER, of=entry.judged, suspect=not problems)
    return Measured(entry, "recorded", _said(findings), problems)


def measure_all(chosen: Sequence[Entry], workers: int = 2) -> Iterator[tuple[Entry, list[Measured]]]:
    """Every entry, by some processes."""
    if workers < 2 or len(chosen) < 20:
        yield from ((entry, measure(entry)) for entry in chosen)
        return
    with multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn").Pool(workers) as pool:
        yield from zip(chosen, pool.imap(measure, chosen, chunksize=8), strict=True)


def worst(measured: Sequence[Measured]) -> Measured:
    """The way in which it comes out worst."""
    return max(measured, key=lambda each: OUTCOMES.index(each.outcome))


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Counts of (row, outcome), a row a line."""
    names = list(dict.fromkeys(name for name, _ in rows))
    width = max(map(len, names), default=0)
    lines = [f"{'':{width}}  {'all':>5}  " + "  ".join(f"{outcome:>7}" for outcome in OUTCOMES) + "    right"]
    for name in (*names, "all"):
        counts = Counter(outcome for row, outcome in rows if name in (row, "all"))
        cells = "  ".join(f"{counts[outcome]:>{max(7, len(outcome))}}" for outcome in OUTCOMES)
        lines.append(f"{name:{width}}  {counts.total():>5}  {cells}  {counts['right'] / max(1, counts.total()):7.1%}")
    return "\n".join(lines)


def main() -> int:
    """The tables, and what is not right."""
    parser = argparse.ArgumentParser(prog="python -m tests.diagnosis.measure", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="entries with TEXT in their name or kind")
    parser.add_argument("--json", metavar="FILE", help="writes what was said of each entry")
    parser.add_argument("--kinds", action="store_true", help="a line for each kind, too")
    parser.add_argument("--programs", action="store_true", help="has the programs of the corpus checked, too")
    parser.add_argument("--list", action="store_true", help=f"rewrites {_NOT_YET.name}, and keeps its reasons")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--random", type=int, default=0, metavar="N", help="with N sets of random values more")
    arguments = parser.parse_args()
    add_random_values(arguments.random)
    chosen = [entry for entry in entries() if arguments.only in entry.name or arguments.only in entry.kind]
    began = time.monotonic()
    done = list(measure_all(chosen, arguments.workers))
    took = time.monotonic() - began
    if arguments.programs:
        # Imported here: it needs a JDK and more, and time.
        from tests.diagnosis.measure_programs import measure_programs

        done += [(each.entry, [each]) for each in measure_programs(arguments.only, arguments.workers)]
    results = [(entry, worst(ways), ways) for entry, ways in done]
    for entry, bad, _ in results:
        if bad.outcome != "right":
            must = " & ".join(f"{label.side or 'either'}:{'|'.join(sorted(label.keys))}" for label in entry.must)
            must = must or "|".join(sorted(entry.codes)) or "nothing"
            said = ", ".join(map(str, bad.said)) or "no name"
            print(f"{bad.outcome}: {entry.name} [{bad.way}]")
            print(f"    must {must}; said {said}; problems {', '.join(bad.problems) or 'none'}")
    if arguments.kinds:
        print(table([(entry.kind, bad.outcome) for entry, bad, _ in results]))
    order = {source: number for number, source in enumerate(SOURCES)}
    rows = sorted(((entry.source, bad.outcome) for entry, bad, _ in results), key=lambda row: order[row[0]])
    print(table([(str(source), outcome) for source, outcome in rows]))
    count = len({entry.kind for entry, _, _ in results})
    print(f"{count} kinds, {len(results)} entries; the bytes took {took:.1f} s, all {time.monotonic() - began:.1f} s")
    if arguments.json:
        told = [as_json(entry, ways) for entry, _, ways in results]
        Path(arguments.json).write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    if arguments.list:
        rewrite_list([bad for _, bad, _ in results])
    outcomes = [(entry, bad.outcome) for entry, bad, _ in results]
    right = sum(outcome == "right" for _, outcome in outcomes)
    innocent = all(outcome == "right" for entry, outcome in outcomes if entry.source == "right")
    certain = any(outcome == OUTCOMES[-1] for _, outcome in outcomes)
    return int(certain or not innocent or right < GOAL * len(outcomes))


def rewrite_list(measured: Sequence[Measured]) -> None:
    """The kinds that are not right, each with the reason that it had, or else what was said of it."""
    worst_of: dict[str, Measured] = {}
    for each in measured:
        if each.way != "check":
            worst_of[each.entry.kind] = worst([worst_of.get(each.entry.kind, each), each])
    reasons = {kind: reason for kind, reason in NOT_YET.items() if kind not in worst_of}
    for kind, each in worst_of.items():
        if each.outcome != "right":
            kept, said = NOT_YET.get(kind, ""), ", ".join(map(str, each.said)) or "no name"
            reasons[kind] = kept if kept.startswith(f"{each.outcome}:") else f"{each.outcome}: {said}"
    head = "# The kinds of the corpus that are not right yet. `make diagnosis ARGS=--list` writes this file anew."
    lines = [head, *(f"{kind}{_BECAUSE}{reason}" for kind, reason in sorted(reasons.items()))]
    _NOT_YET.write_text("\n".join(lines) + "\n", encoding="utf-8")


def as_json(entry: Entry, ways: Sequence[Measured]) -> dict[str, object]:
    """An entry and what was said of it."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "source": entry.source,
        "protocol": entry.protocol,
        "outcome": worst(ways).outcome,
        "must": [{"side": label.side, "keys": sorted(label.keys)} for label in entry.must],
        "said": {each.way: list(map(str, each.said)) for each in ways},
        "problems": {each.way: each.problems for each in ways},
    }


if __name__ == "__main__":
    sys.exit(main())
