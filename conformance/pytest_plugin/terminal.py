"""What the terminal shows: of what did not pass the diagnosis, the wire decoded and the consoles; at the end, tables.

Under the tables stands what did not pass by whose mistake it is, a line for each cause.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem
from conformance.agent.sized_bytes import BYTES, show
from conformance.decoder import Conversation, Field
from conformance.diagnosis import Finding
from conformance.diagnosis.readers import CaseEvidence, case_evidence, explain_reader
from conformance.formatting import Catalogue, sentence
from conformance.formatting.errors import error_texts
from conformance.formatting.escapes import escaped
from conformance.formatting.findings import explain
from conformance.judge import VERDICTS, ConsoleLine, VerdictName
from conformance.model.cells import Cell
from conformance.model.error_messages import explain_error
from conformance.model.program import Program, Role
from conformance.results.analysis import Analysis, Subject

__all__ = ["Reported", "case_lines", "culprit_lines", "status_of", "summary_lines", "transcript"]

_SHOWN_LINES = 60
_SHOWN_PROBLEMS = 5
_SHOWN_TEXT = 80
_NOT_WELL: tuple[VerdictName, ...] = ("failed", "flaky", "suspicious", "inconclusive", "error")


_Key = tuple[Role, str]


@dataclass(frozen=True)
class Reported:
    """What came of a cell or a case, as the tables have it: the first of its findings and of its problems, if any.

    `reads` is what a cell shows of how its programs read, each by its side and name.
    """

    subject: Subject
    verdict: VerdictName
    wire_only: bool = False
    culprit: Program | None = None
    finding: Finding | None = None
    problem: Problem | None = None
    reads: Mapping[_Key, CaseEvidence] = field(default_factory=dict)

    @classmethod
    def of(cls, analysis: Analysis) -> Reported:
        """That of what was run."""
        finding, problem = analysis.mistake, next(iter(analysis.problems), None)
        reads = dict(_reads(analysis))
        return cls(analysis.subject, analysis.verdict, analysis.wire_only, analysis.culprit, finding, problem, reads)

    @property
    def name(self) -> str:
        """Its name, which selects it with -k."""
        return self.subject.name if isinstance(self.subject, Cell) else f"{self.subject[0].name}/{self.subject[1].name}"


def _reads(analysis: Analysis) -> Iterator[tuple[_Key, CaseEvidence]]:
    """What a cell shows of how its programs read what came: of the right ones, or of the one that did wrong."""
    cell, culprit = analysis.subject, analysis.culprit
    passed = analysis.verdict in ("passed", "non-strict")
    if not isinstance(cell, Cell) or not (passed or culprit):
        return
    code = None if passed else analysis.problems[0].code
    named = any(finding.certainty == "certain" for finding in analysis.findings)
    for program in {_key(each): each for each in (cell.server, *cell.clients)}.values():
        alone = program == cell.server or len({each.name for each in cell.clients}) == 1
        if alone and (passed or program == culprit):
            proof = case_evidence(cell.name, analysis.conversations, program.role, code, explained=named)
            yield _key(program), proof


def _key(program: Program) -> _Key:
    return program.role, program.name


def status_of(verdict: str, *, wire_only: bool, passed: bool, words: Catalogue) -> tuple[str, str, Any] | None:
    """How pytest counts, abbreviates and names a test that was run, where it is more than passed or failed."""
    name = words.text(f"report.page.{verdict}").upper()
    if verdict == "non-strict" or (verdict == "passed" and wire_only):
        note = words.text(f"report.page.{'wire-only' if verdict == 'passed' else verdict}")
        return "passed", ".", (f"PASSED ({note})", {"green": True})
    if verdict in ("inconclusive", "suspicious"):
        return verdict if passed else "failed", name[0], (name, {"yellow": True})
    return None


def transcript(analysis: Analysis, words: Catalogue) -> str:
    """All that there is to say of a cell or a case that did not pass: the diagnosis first, the bytes last."""
    text, numbered = words.text, len(analysis.conversations) > 1
    first, *more = (sentence(problem, words, connection=numbered) for problem in analysis.problems[:_SHOWN_PROBLEMS])
    if analysis.verdict != "failed":
        verdict = text(f"report.page.{analysis.verdict}")
        first = text("report.transcript.verdict", {"verdict": verdict, "sentence": first})
    told = explain(analysis.findings[0], analysis.findings[1:], words).splitlines() if analysis.findings else []
    lines = [*told, ""] if analysis.mistake else []
    lines += [first, *(text("report.transcript.also", {"sentence": problem}) for problem in more)]
    case = None if isinstance(analysis.subject, Cell) else analysis.subject[1]
    if case is not None:
        lines.append(text("report.transcript.case", {"about": case.about.in_language(words.language)}))
        if case.non_strict is not None:
            lines.append(text("report.transcript.allowed", {"text": case.non_strict.in_language(words.language)}))
    elif analysis.culprit is not None:
        lines.append(text("report.transcript.culprit", {"who": _who(analysis.culprit, words)}))
    if told and not analysis.mistake:
        lines += ["", *told]
    began = analysis.result.began
    wire = [line for conversation in analysis.conversations for line in _wire(conversation, began, words)]
    lines += ["", text("report.transcript.wire"), *_elided(wire, words)]
    for result in analysis.programs:
        values = {"who": text(f"side.{result.program.role}"), "name": result.label, "status": result.status}
        ended = ".stopped" if result.status is None else ".ended"
        lines += ["", text(f"report.transcript.console{ended if case is None else ''}", values)]
        lines += _elided(list(_console(result.lines, began, words)), words)
        if analysis.culprit in (None, result.program):
            lines += _explained(result.lines, words)
    return "\n".join(map(escaped, lines))


def _wire(conversation: Conversation, began: float, words: Catalogue) -> Iterator[str]:
    connection = conversation.connection
    yield f"  {words.text('report.transcript.connection', {'number': connection.number})}"
    events = [
        (seen.came, f"{seen.side:6}  {seen.type} {seen.name} = {_shown(seen)}   {show(seen.raw)}")
        for seen in conversation.fields
    ]
    for side in (CLIENT, SERVER):
        direction = connection.direction(side)
        read = conversation.decoder.read(side)
        if read < direction.size:
            left = words.text("report.transcript.unread", {"raw": direction.data[read:]})
            events.append((direction.came(read), f"{side:6}  {left}"))
        for at, end in ((direction.ended, "end"), (direction.reset, "reset")):
            if at is not None:
                events.append((at, f"{side:6}  {words.text(f'report.transcript.{end}')}"))
    for at, text in sorted(events, key=lambda event: event[0]):
        yield f"  {1000 * (at - began):9.1f}  {text}"


def _console(lines: Sequence[ConsoleLine], began: float, words: Catalogue) -> Iterator[str]:
    if not lines:
        yield f"  {words.text('report.transcript.nothing')}"
    for line in lines:
        cut = "" if line.whole else f" {words.text('report.transcript.no-line-end')}"
        yield f"  {1000 * (line.at - began):9.1f}  [{line.stream}] {line.text}{cut}"


def _explained(lines: Sequence[ConsoleLine], words: Catalogue) -> Iterator[str]:
    """What an error message on the console means, where it is a known one."""
    for error in explain_error("\n".join(line.text for line in lines[-_SHOWN_LINES:]))[:1]:
        values = {"line": error.line, "told": " ".join(error_texts(error, words).values())}
        yield words.text("report.transcript.explained", values)


def _elided(lines: Sequence[str], words: Catalogue) -> Sequence[str]:
    """The lines; of many the first and the last, and how many are left out between."""
    left_out = len(lines) - _SHOWN_LINES
    if left_out <= 0:
        return lines
    more = f"  {words.text('report.transcript.more', count=left_out)}"
    return [*lines[: _SHOWN_LINES // 2], more, *lines[-_SHOWN_LINES // 2 :]]


def _shown(seen: Field) -> str:
    if seen.type == BYTES:
        return show(seen.value)
    text = repr(seen.value)
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT // 2]}...{text[-_SHOWN_TEXT // 2 :]}"


def summary_lines(reported: Iterable[Reported], words: Catalogue) -> list[str]:
    """A table for each protocol, servers down, clients across: in a place `4 ok`, or the networks where it failed."""
    lines: list[str] = []
    places: dict[str, dict[tuple[str, str], list[Reported]]] = defaultdict(lambda: defaultdict(list))
    for one in reported:
        if isinstance(cell := one.subject, Cell):
            places[cell.protocol.protocol][cell.server.name, cell.mixture].append(one)
    for protocol, pairs in places.items():
        servers, clients = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
        rows = [[server, *(_place(pairs.get((server, client), ()), words) for client in clients)] for server in servers]
        lines += ["", *_aligned([[protocol, *clients], *rows])]
    return lines


def case_lines(reported: Iterable[Reported], words: Catalogue) -> list[str]:
    """A line for each program: how many cases it stood, and how many not."""
    programs: dict[str, list[Reported]] = defaultdict(list)
    for one in reported:
        if not isinstance(one.subject, Cell):
            programs[one.subject[0].name.removeprefix("case/")].append(one)
    table = [[name, ", ".join(_counted(mine, words).values())] for name, mine in programs.items()]
    return ["", *_aligned(table)] if table else []


def culprit_lines(reported: Iterable[Reported], words: Catalogue) -> list[str]:
    """What did not pass, by whose mistake it is and by its cause: a line for each, those with most first."""
    groups: dict[tuple[str, str], dict[str, list[Reported]]] = defaultdict(lambda: defaultdict(list))
    for one in _with_patterns(list(reported)):
        if one.verdict in _NOT_WELL:
            cause = one.finding.key if one.finding else one.problem.code if one.problem else ""
            program = one.culprit
            groups[(program.role, program.name) if program else ("", one.verdict)][cause].append(one)
    lines = []
    for _, causes in sorted(groups.items(), key=lambda group: -sum(map(len, group[1].values()))):
        for alike in sorted(causes.values(), key=lambda alike: -len(alike)):
            lines.append(_cause(alike, words))
    return lines


def _with_patterns(reported: Sequence[Reported]) -> Iterator[Reported]:
    """The same; where which cells of a program pass tells how it reads, that is the finding of those that do not.

    It must have failed with two partners: with one of them it may be that one's mistake.
    """
    proofs: dict[_Key, list[CaseEvidence]] = defaultdict(list)
    partners: dict[_Key, set[str]] = defaultdict(set)
    for one in reported:
        for key, proof in one.reads.items():
            proofs[key].append(proof)
            if proof.passed is False and isinstance(one.subject, Cell):
                partners[key].add(one.subject.mixture if key[0] == SERVER else one.subject.server.name)
    found = {key: explain_reader(proofs[key], key[0]) for key, met in partners.items() if len(met) > 1}
    for one in reported:
        key = ("client", "") if one.culprit is None else _key(one.culprit)
        failed = key in one.reads and one.reads[key].passed is False
        yield replace(one, finding=found[key][0]) if failed and found.get(key) else one


def _cause(alike: Sequence[Reported], words: Catalogue) -> str:
    """Whose mistake it is, what it is, how many cells and cases it made fail, and the first of them."""
    text, first = words.text, alike[0]
    if first.culprit:
        who = _who(first.culprit, words)
    else:
        who = text(f"report.page.{'harness' if first.verdict == 'error' else 'culprit-unknown'}")
    told = sentence(first.problem, words) if first.problem else text(f"report.page.{first.verdict}")
    if first.finding:
        guess = {"certain": "", "likely": ".likely", "possible": ".possible"}[first.finding.certainty]
        title = text(f"finding.{first.finding.key}.title")
        told = text(f"report.run.diagnosis{guess}", {"title": title, "sentence": told})
    counts = Counter("cells" if isinstance(one.subject, Cell) else "cases" for one in alike)
    many = ", ".join(text(f"report.run.{kind}", count=count) for kind, count in counts.items())
    return text("report.run.cause", {"who": who, "what": told, "many": many, "name": first.name})


def _who(program: Program, words: Catalogue) -> str:
    return words.text(f"role.{program.role}", {"program": program.name})


def _place(reported: Sequence[Reported], words: Catalogue) -> str:
    parts = _counted(reported, words)
    for verdict in parts.keys() & set(_NOT_WELL):
        networks = (one.subject.network_name for one in reported if one.verdict == verdict)  # type: ignore[union-attr]
        parts[verdict] = words.text(f"report.run.{verdict}-in", {"networks": " ".join(networks)})
    return ", ".join(parts.values()) or "-"


def _counted(reported: Sequence[Reported], words: Catalogue) -> dict[str, str]:
    counts = Counter(one.verdict for one in reported)
    there = [name for name in VERDICTS if counts[name]]
    parts: dict[str, str] = {name: words.text(f"report.run.{name}", count=counts[name]) for name in there}
    if counts["passed"] and any(one.wire_only for one in reported):
        parts["passed"] = words.text("report.run.passed.wire-only", count=counts["passed"])
    return parts


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
