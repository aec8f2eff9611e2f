"""What `check` tells: each case as soon as it is judged; in the end the causes, each with its cases and a remedy."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from babel.numbers import format_decimal

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.player.player import Outcome
from conformance.agent.player.steps import Serve
from conformance.agent.problem import Problem
from conformance.agent.recording import Recording
from conformance.cli.formatting import problem_as_json
from conformance.cli.terminal import Colour, paint, print_line
from conformance.decoder import Conversation, read_conversations
from conformance.diagnosis import Finding, diagnose, suspicions
from conformance.diagnosis.readers import CaseEvidence, case_evidence, explain_reader
from conformance.formatting import Catalogue, catalogue, sentence, shortened
from conformance.formatting.findings import evidence, explain, finding_to_json
from conformance.judge import VerdictName, suspicious, verdict_of
from conformance.judge.evidence import unshown
from conformance.judge.room import Room
from conformance.model import Protocol
from conformance.model.cases import Case, all_steps

__all__ = ["Report", "Stop"]

_HEAD_WIDTH = 6
_SHOWN_FIELDS = 6
_SHOWN_CHARACTERS = 40
_SHOWN_BYTES = 16
_SHOWN_CASES = 12
_LOOKED_AT_BYTES = 1 << 18  # of a case, for how it was read
_TEXT = re.compile(rb"[\t\n\r -~]{4}")
_COLOURS: dict[VerdictName, Colour] = {"passed": "green", "non-strict": "yellow", "suspicious": "yellow"}

Stop = Literal["absent", "ended", "stuck", "first"]
"""Why cases were not run: nobody is there, the server has ended, it serves nobody any more, the first ones failed."""


@dataclass
class _Tried:
    """What came of one case; a long one that passed has no `recording` any more."""

    case: Case
    verdict: VerdictName
    problem: Problem | None
    findings: Sequence[Finding]
    conversations: Sequence[Conversation]
    recording: Recording | None
    in_room: Problem | None  # what became of a message that goes to all, where that is what went wrong


@dataclass
class _Cause:
    """One reason for cases that did not pass: the finding that explains them, or else the problem of the first."""

    tried: list[_Tried]
    finding: Finding | None
    others: Sequence[Finding] = ()


@dataclass
class Report:
    """Tells each case as soon as it is judged, and counts them; `side` is the one that is judged."""

    protocol: Protocol
    side: Side
    words: Catalogue
    as_json: bool
    planned: int
    left_out: int = 0
    stop: Stop | None = None
    tried: list[_Tried] = field(default_factory=list)
    counts: Counter[VerdictName] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    _named: set[tuple[str, Side]] = field(default_factory=set)

    def tell(self, case: Case, outcome: Outcome) -> VerdictName:
        """Judges the case, and tells what came of it."""
        tried = self._judge(case, outcome)
        self.tried.append(tried)
        self.counts[tried.verdict] += 1
        if self.stop == "absent" and not self.as_json:
            assert tried.problem is not None
            told = self.words.text("cli.check.absent", {"sentence": sentence(tried.problem, self.words)})
            print_line(paint(told, "red", "bold"))
        elif self.as_json:
            self._tell_json(tried, outcome)
        else:
            self._tell(tried, outcome)
        return tried.verdict

    def _judge(self, case: Case, outcome: Outcome) -> _Tried:
        problem, findings = outcome.problem, list[Finding]()
        looks = problem is not None or self.side == CLIENT
        conversations = read_conversations(self.protocol, outcome.recording) if looks else []
        if self.side == CLIENT and conversations:
            silent = not any(each.decoder.total(CLIENT) for each in conversations)
            if silent if problem else any(isinstance(step, Serve) for step in all_steps(case.steps)):
                problem = unshown(conversations, each=False, typed=True) or problem
        if problem is not None:
            findings = diagnose(conversations, now=time.monotonic(), suspect=True, of=self.side)
        elif self.side == CLIENT:
            findings = [finding for finding in suspicions(conversations) if finding.side == self.side]
            problem = suspicious(findings[0]) if findings else None
        kept = outcome.recording if _size(outcome.recording) <= _LOOKED_AT_BYTES else None
        in_room = _in_room(self.protocol, outcome.recording) if problem and self.side == SERVER else None
        verdict = verdict_of(problem, outcome.non_strict)
        return _Tried(case, verdict, problem, findings, conversations, kept, in_room)

    def _tell_json(self, tried: _Tried, outcome: Outcome) -> None:
        case, problem = tried.case, tried.problem
        told: dict[str, Any] = {"case": case.name, "verdict": tried.verdict}
        told |= dict.fromkeys(("code", "where", "values", "sentence"))
        told |= problem_as_json(problem) if problem else {}
        accepted = None
        if tried.verdict == "non-strict" and outcome.non_strict:
            accepted = {**problem_as_json(outcome.non_strict), "note": case.non_strict}
        told |= {"non_strict": accepted, "diagnosis": [finding_to_json(finding) for finding in tried.findings]}
        if problem and (conversation := _shown_conversation(tried)):
            words = catalogue("en")
            told["sent"], told["came"] = (_said(conversation, side, words) for side in (other(self.side), self.side))
        if tried.in_room:
            told["broadcast"] = problem_as_json(tried.in_room)
        print_line(json.dumps(told))

    def _tell(self, tried: _Tried, outcome: Outcome) -> None:
        words, case, verdict = self.words, tried.case, tried.verdict
        name, count = case.name, len(outcome.recording.connections)
        if tried.problem is None and self.side == CLIENT and count > 1:  # a client that makes many
            name += f" ({words.text('cli.check.connected', count=count)})"
        about = case.about if tried.problem else case.non_strict if verdict == "non-strict" else None
        if about is not None:
            name = words.text("cli.check.case", {"case": name, "about": about.in_language(words.language)})
        head = paint(words.text(f"cli.check.{verdict}").ljust(_HEAD_WIDTH), _COLOURS.get(verdict, "red"))
        print_line(f"{head}  {name}")
        if tried.problem is None:
            return
        if tried.findings and not tried.findings[0].guess:  # of guesses, all cases together may say which one it is
            print_line(f"        {self._name(tried.findings)}")
        print_line(f"        {sentence(shortened(tried.problem), words, connection=count > 1)}")

    def _name(self, findings: Sequence[Finding]) -> str:
        """What the first finding is: with its description the first time."""
        first, words = findings[0], self.words
        if (first.key, first.side) not in self._named:
            self._named.add((first.key, first.side))
            return explain(first, findings[1:], words).splitlines()[0]
        who, title = words.text(f"side.{first.side}"), words.text(f"finding.{first.key}.title")
        return words.text("cli.check.again", {"who": who, "title": title})

    @property
    def failed(self) -> bool:
        """Whether a case did not pass."""
        return any(tried.problem is not None for tried in self.tried)

    @property
    def answered(self) -> bool:
        """Whether one passed in which the program answered what it had read."""
        return any(proof.passed for tried in self.tried for proof in self._evidence(tried))

    # The end ----------------------------------------------------------------------------------------------------------

    def end(self, *, allow_suspicious: bool) -> int:
        """The causes and the totals; the status of the command."""
        counts = self.counts
        open_cases = counts["inconclusive"] + counts["suspicious"]
        green = counts["passed"] + counts["non-strict"]
        wrong = counts["failed"] + counts["error"]
        if self.as_json:
            self._summarize_json(green)
        elif self.stop != "absent":
            self._summarize(green)
        if allow_suspicious:
            green, open_cases = green + open_cases, 0
        return 1 if wrong or open_cases or self.stop or not green else 0

    @property
    def _not_run(self) -> int:
        return self.planned - len(self.tried) if self.stop else 0

    def _summarize_json(self, green: int) -> None:
        counts: dict[str, Any] = {"passed": green, "non_strict": self.counts["non-strict"]}
        counts["failed"] = self.counts["failed"]
        counts |= {name: self.counts[name] for name in ("inconclusive", "suspicious", "error") if self.counts[name]}
        if self.stop:
            counts |= {"stopped": self.stop, "not_run": self._not_run}
        if causes := self._causes():
            counts["causes"] = [self._cause_as_json(cause) for cause in causes]
        print_line(json.dumps({"event": "summary", **counts}))

    def _cause_as_json(self, cause: _Cause) -> dict[str, Any]:
        first = cause.tried[0]
        assert first.problem is not None
        told: dict[str, Any] = {"cases": [tried.case.name for tried in cause.tried], "code": first.problem.code}
        return told | {"diagnosis": finding_to_json(cause.finding) if cause.finding else None}

    def _summarize(self, green: int) -> None:
        words, counts = self.words, self.counts
        if causes := self._causes():
            print_line("")
            print_line(paint(words.text("cli.check.causes", count=len(causes)), "bold"))
        for cause in causes:
            for line in self._told(cause):
                print_line(f"  {line}")
        if causes:
            print_line("")
        if self.stop:
            values = {"tried": len(self.tried), "not_run": self._not_run}
            print_line(words.text(f"cli.check.stopped.{self.stop}", values))
        seconds = format_decimal(time.monotonic() - self.began, "0.0", locale=words.language)
        values = {"ok": green, "non_strict": counts["non-strict"], "failed": counts["failed"]}
        name = f"cli.check.summary{'.non-strict' if counts['non-strict'] else ''}"
        line = words.text(name, {**values, "seconds": seconds})
        more = [
            words.text("cli.check.counted", {"count": counts[name], "verdict": words.text(f"cli.check.{name}").lower()})
            for name in ("inconclusive", "suspicious", "error")
            if counts[name]
        ]
        bad = counts.total() - green
        print_line(paint("; ".join([line, *more]), "red" if bad or self.stop else "green", "bold"))
        if self.left_out:
            print_line(words.text("cli.check.left-out", count=self.left_out))

    def _told(self, cause: _Cause) -> Iterator[str]:
        """What it is; where it shows, and what passed there as text; what to do; in which cases."""
        words, first = self.words, cause.tried[0]
        assert first.problem is not None
        conversation = _shown_conversation(first)
        lines = explain(cause.finding, cause.others, words).splitlines() if cause.finding else []
        if cause.finding is None:
            told = sentence(shortened(first.in_room or first.problem), words)
            yield paint(f"{told[0].upper()}{told[1:]}.", "yellow", "bold")
        else:
            yield paint(lines[0], "yellow", "bold")
        if conversation is not None:
            sent, came = (_said(conversation, side, words) for side in (other(self.side), self.side))
            values = {"case": first.case.name, "sent": sent, "came": came}
            told = words.text("cli.check.said", values)
            proof = evidence(cause.finding, words) if cause.finding else ""
            yield f"  {told}{f' {proof[0].upper()}{proof[1:]}.' if proof else ''}"
        if cause.finding is not None:
            texts = {name: words.text(f"finding.{cause.finding.key}.{name}") for name in ("python", "java")}
            yield "  " + " ".join(words.text(f"finding.{language}", texts) for language in texts)
            if cause.others and not lines[-1].endswith(tuple(texts.values())):  # what else it may be
                yield f"  {lines[-1]}"
        elif _kind(first) == "ended":
            yield "  " + words.text("cli.check.console-says")
        names = _names([tried.case.name for tried in cause.tried])
        yield "  " + words.text("cli.check.cases", {"names": names}, count=len(cause.tried))

    def _causes(self) -> list[_Cause]:
        """The causes, the one to mend first in front: that of the case that was tried first."""
        bad = [tried for tried in self.tried if tried.problem is not None]
        if not bad:
            return []
        proofs = {tried.case.name: list(self._evidence(tried)) for tried in self.tried}
        patterns = explain_reader([proof for each in proofs.values() for proof in each], self.side)
        order = {id(tried): number for number, tried in enumerate(bad)}
        causes: list[_Cause] = []
        by_finding: dict[object, _Cause] = {}
        by_kind: dict[object, _Cause] = {}
        explained = [(tried, *self._explanation(tried, proofs[tried.case.name], patterns)) for tried in bad]
        # Those without a finding have the cause of the first case that shows in the same way.
        for tried, finding, others in sorted(explained, key=lambda each: each[1] is None):
            kind, name = _kind(tried), finding and (finding.key, finding.side)
            cause = by_kind.get(kind) if name is None else by_finding.get(name)
            if cause is None:
                causes.append(cause := _Cause([], finding, others))
                by_finding.setdefault(name, cause)
            by_kind.setdefault(kind, cause)
            cause.tried.append(tried)
        for cause in causes:
            cause.tried.sort(key=lambda tried: order[id(tried)])
        return sorted(causes, key=lambda cause: order[id(cause.tried[0])])

    @staticmethod
    def _explanation(
        tried: _Tried, proofs: Sequence[CaseEvidence], patterns: Sequence[Finding]
    ) -> tuple[Finding | None, Sequence[Finding]]:
        """The finding that explains the case, and others that may: its own, or what all cases together show."""
        finding, others = (tried.findings[0], tried.findings[1:]) if tried.findings else (None, ())
        of_pattern = patterns and any(proof.passed is False for proof in proofs)
        if of_pattern and (finding is None or finding.guess or not patterns[0].guess):
            return patterns[0], patterns[1:]
        return finding, others

    def _evidence(self, tried: _Tried) -> Iterator[CaseEvidence]:
        """What the case shows of how the program reads, of each connection by itself where they fail each by itself."""
        name, problem, conversations = tried.case.name, tried.problem, tried.conversations
        if not conversations and tried.recording is not None:
            conversations = read_conversations(self.protocol, tried.recording)
        code = None if problem is None else str(problem.values.get("cause", problem.code))
        if code is None or len(conversations) < 2 or self.protocol.broadcast:
            if conversations:
                yield case_evidence(name, conversations, self.side, code)
            return
        assert problem is not None
        for conversation in conversations:
            owes = conversation.decoder.due(self.side) is not None
            wrong = conversation.number == problem.where.connection or (owes and "nothing-came")
            its = code if wrong is True else wrong or None
            yield case_evidence(name, [conversation], self.side, its)


def _size(recording: Recording) -> int:
    return sum(each.client.size + each.server.size for each in recording.connections)


def _in_room(protocol: Protocol, recording: Recording) -> Problem | None:
    """What became of a message that goes to all: the first that was lost, changed, made up, or came to who was late."""
    room, conversations = Room(protocol), dict[int, Conversation]()
    for event in recording.events if protocol.broadcast else ():
        if event.connection not in conversations:
            conversations[event.connection] = Conversation(protocol, recording.connection(event.connection))
        conversation = conversations[event.connection]
        found = next(room.add(event, conversation.add(event), conversation.decoder), None)
        if found is not None:
            return found
    return next(room.end(recording.events[-1].at), None) if conversations else None


def _kind(tried: _Tried) -> object:
    """What makes problems without a finding one cause: that a connection was ended is one, however it showed."""
    problem = tried.in_room or tried.problem
    assert problem is not None
    code = problem.values.get("cause", problem.code)
    return (
        "ended" if code in ("ended-instead", "ended-while-sent-to", "ended-otherwise") else (code, problem.where.field)
    )


def _shown_conversation(tried: _Tried) -> Conversation | None:
    """The connection on which it shows, or the first."""
    number = None if tried.problem is None else tried.problem.where.connection
    if number and number > 1 and tried.problem and tried.problem.code == "not-served-afterwards":
        number -= 1  # the last one of the case itself
    return next((each for each in tried.conversations if number in (None, each.number)), None)


def _said(conversation: Conversation, side: Side, words: Catalogue) -> str:
    """What that side said, as text: its fields, and the bytes behind them that are none, or no field but text."""
    data = conversation.connection.direction(side).data
    fields = [each for each in conversation.fields if each.side == side and each.raw]
    wrong = next((number for number, each in enumerate(fields) if each.problem is not None), len(fields))
    if wrong < len(fields) and _TEXT.match(data, fields[wrong].offset):
        fields = fields[:wrong]
    told = [f"{each.name} {_shown(each.value)}" for each in fields[:_SHOWN_FIELDS]]
    if len(fields) > _SHOWN_FIELDS:
        return ", ".join([*told, "..."])
    if rest := data[fields[-1].end if fields else 0 :]:
        values = {"raw": rest[:_SHOWN_BYTES], "text": ascii(rest[:_SHOWN_CHARACTERS].decode("latin-1"))}
        told.append(words.text("cli.check.bytes", values, count=len(rest)))
    return ", ".join(told) or words.text("cli.check.nothing")


def _shown(value: Any) -> str:
    text = f"{len(value)} B" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS // 2]}...{text[-8:]}"


def _names(names: Sequence[str]) -> str:
    """The names, those of one entry together."""
    entries = Counter(name.partition("/")[0] for name in names)
    told = [entry if count == 1 else f"{entry} ({count})" for entry, count in entries.items()]
    return ", ".join(told if len(told) <= _SHOWN_CASES else [*told[:_SHOWN_CASES], "..."])
