"""A cell told to a person: the verdict in a sentence, the wire decoded, and what each console showed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.recording import Recording
from conformance.agent.sized_bytes import BYTES
from conformance.decoder.conversation import Conversation, SeenField, read_conversation, show
from conformance.diagnosis import diagnose, explain
from conformance.judge.console_line import ConsoleLine
from conformance.model.protocol import Protocol
from conformance.runner.case_run import CaseResult
from conformance.runner.cell_run import CellResult

__all__ = ["case_transcript", "transcript"]

_SHOWN_LINES = 60


def transcript(result: CellResult) -> str:
    """All that a failed cell has to say, the sentence first."""
    lines = [result.verdict.problems[0] if result.verdict.problems else "they understood each other"]
    lines += [f"also: {problem}" for problem in result.verdict.problems[1:5]]
    lines += _mistakes(result.cell.protocol, result.recording, result.began + result.seconds)
    conversations = result.verdict.conversations or [
        read_conversation(result.cell.protocol, seen) for seen in result.recording.connections
    ]
    lines += ["", "the wire, in ms since the cell began:"]
    lines += _elided(line for conversation in conversations for line in _wire(conversation, result.began))
    for account in result.accounts:
        ending = "was stopped" if account.status is None else f"ended with status {account.status}"
        lines += ["", f"the console of the {account.program.role} {account.label}, which {ending}:"]
        lines += _elided(_console(account.lines, result.began))
    return "\n".join(lines)


def case_transcript(result: CaseResult) -> str:
    """All that a failed case has to say: the sentence, what the case does, the wire and the console."""
    program = result.group.program
    lines = [result.problem or result.note or "the program did right", f"the case: {result.case.about}"]
    if result.case.rough:
        lines.append(f"the course's Java is rough here: {result.case.rough}")
    lines += _mistakes(result.group.protocol, result.recording, result.began + result.seconds, of=program.role)
    lines += ["", "the wire, in ms since the case began:"]
    conversations = [read_conversation(result.group.protocol, seen) for seen in result.recording.connections]
    lines += _elided(line for conversation in conversations for line in _wire(conversation, result.began))
    lines += ["", f"the console of the {program.role} {program.name} meanwhile:"]
    lines += _elided(_console(result.lines, result.began))
    return "\n".join(lines)


def _mistakes(protocol: Protocol, recording: Recording, now: float, *, of: Side | None = None) -> list[str]:
    """The well-known mistake that fits the bytes, if there is one, and how to mend it."""
    findings = diagnose(protocol, recording.connections, now=now, of=of)
    return ["", *explain(findings[0], findings[1:]).splitlines()] if findings else []


def _wire(conversation: Conversation, began: float) -> Iterator[str]:
    connection = conversation.connection
    yield f"  connection {connection.number}"
    events = [
        (
            seen.came,
            f"{seen.sender:6}  {seen.type} {seen.name} = {_told(seen)}   {show(seen.raw)}",
        )
        for seen in conversation.fields
    ]
    for sender in (CLIENT, SERVER):
        direction = connection.direction(sender)
        read = sum(len(seen.raw) for seen in conversation.fields if seen.sender == sender)
        if direction.data[read:]:
            left = direction.data[read:]
            events.append((direction.came(read), f"{sender:6}  unread: {show(left)}"))
        if direction.ended is not None:
            events.append((direction.ended, f"{sender:6}  ends its stream"))
        if direction.reset is not None:
            events.append((direction.reset, f"{sender:6}  resets the connection"))
    for at, text in sorted(events, key=lambda event: event[0]):
        yield f"  {1000 * (at - began):9.1f}  {text}"


def _console(lines: Sequence[ConsoleLine], began: float) -> Iterator[str]:
    if not lines:
        yield "  (nothing)"
    for line in lines:
        yield f"  {1000 * (line.at - began):9.1f}  [{line.stream}] {line.text}{'' if line.whole else ' (no line end)'}"


def _elided(lines: Iterable[str]) -> list[str]:
    everything = list(lines)
    if len(everything) <= _SHOWN_LINES:
        return everything
    half = _SHOWN_LINES // 2
    left_out = len(everything) - 2 * half
    return [*everything[:half], f"  ... {left_out} lines more, all in the cell's record ...", *everything[-half:]]


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:40]}...{text[-40:]}"


def _told(seen: SeenField) -> str:
    return f"{len(seen.value)} bytes" if seen.type == BYTES else _shortened(repr(seen.value))
