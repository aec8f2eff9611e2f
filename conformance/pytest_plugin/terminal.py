"""What the terminal shows: of a failure its problems, the wire decoded and the consoles; at the end, tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.sized_bytes import BYTES, show
from conformance.decoder import Conversation, Field
from conformance.formatting import Catalogue, sentence
from conformance.formatting.findings import explain
from conformance.judge import ConsoleLine
from conformance.model.cells import Cell
from conformance.results.analysis import Analysis
from conformance.runner.case_run import CaseGroup

__all__ = ["case_lines", "summary_lines", "transcript"]

_SHOWN_LINES = 60
_SHOWN_PROBLEMS = 5
_SHOWN_TEXT = 80
_OUTCOMES = ("passed", "failed", "skipped")  # what pytest says of a test


def transcript(analysis: Analysis, words: Catalogue) -> str:
    """All that there is to say of a cell or a case that failed, the sentence first."""
    text, numbered = words.text, len(analysis.conversations) > 1
    first, *more = (sentence(problem, words, connection=numbered) for problem in analysis.problems[:_SHOWN_PROBLEMS])
    lines = [first, *(text("report.transcript.also", {"sentence": problem}) for problem in more)]
    case = None if isinstance(analysis.subject, Cell) else analysis.subject[1]
    if case is not None:
        lines.append(text("report.transcript.case", {"about": case.about.in_language(words.language)}))
        if case.non_strict is not None:
            lines.append(text("report.transcript.allowed", {"text": case.non_strict.in_language(words.language)}))
    if analysis.findings:
        lines += ["", *explain(analysis.findings[0], analysis.findings[1:], words).splitlines()]
    began = analysis.result.began
    wire = [line for conversation in analysis.conversations for line in _wire(conversation, began, words)]
    lines += ["", text("report.transcript.wire"), *_elided(wire, words)]
    for result in analysis.programs:
        values = {"who": text(f"side.{result.program.role}"), "name": result.label, "status": result.status}
        ended = ".stopped" if result.status is None else ".ended"
        lines += ["", text(f"report.transcript.console{ended if case is None else ''}", values)]
        lines += _elided(list(_console(result.lines, began, words)), words)
    return "\n".join(lines)


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


def summary_lines(outcomes: Iterable[tuple[Cell, str]], words: Catalogue) -> list[str]:
    """A table for each protocol, servers down, clients across: in a place `4 ok`, or the networks where it failed."""
    lines: list[str] = []
    places: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for cell, outcome in outcomes:
        places[cell.protocol.protocol][cell.server.name, cell.mixture].append((cell.network_name, outcome))
    for protocol, pairs in places.items():
        servers, clients = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
        rows = [[server, *(_place(pairs.get((server, client), ()), words) for client in clients)] for server in servers]
        lines += ["", *_aligned([[protocol, *clients], *rows])]
    return lines


def case_lines(outcomes: Iterable[tuple[CaseGroup, str]], words: Catalogue) -> list[str]:
    """A line for each program: how many cases it stood, and how many not."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for group, outcome in outcomes:
        counts[group.name.removeprefix("case/")][outcome] += 1
    table = [[name, ", ".join(_counted(count, words).values())] for name, count in counts.items()]
    return ["", *_aligned(table)] if table else []


def _place(outcomes: Sequence[tuple[str, str]], words: Catalogue) -> str:
    parts = _counted(Counter(outcome for _, outcome in outcomes), words)
    if "failed" in parts:
        networks = " ".join(network for network, outcome in outcomes if outcome == "failed")
        parts["failed"] = words.text("report.run.failed-in", {"networks": networks})
    return ", ".join(parts.values()) or "-"


def _counted(counts: Counter[str], words: Catalogue) -> dict[str, str]:
    return {name: words.text(f"report.run.{name}", count=counts[name]) for name in _OUTCOMES if counts[name]}


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
