"""One cell's verdict, from the three accounts of it: the wire, the clients' consoles, the server's console.

What is wrong comes in the order in which it explains the rest: bytes that break the protocol, programs that crashed,
messages that were lost or mixed, what is missing on the wire, programs that hung, and then consoles that tell something
else than the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.agent.recording import Recording
from conformance.decoder.conversation import Conversation, read_conversation
from conformance.judge.broadcast import ChatReading, Said, read_chat
from conformance.judge.console_line import ConsoleLine
from conformance.judge.consoles import check_blocks, check_exact, check_interleaved, connection_lines
from conformance.model.console import Console, fill
from conformance.model.program import Program
from conformance.model.protocol import Protocol

__all__ = ["Account", "Evidence", "Verdict", "judge"]


@dataclass(frozen=True)
class Account:
    """What one program did in the cell: what it printed, how it ended, and what it was told.

    `status` is its exit status, None while it ran; `trouble` is what kept it from its end (it hung, it never started).
    """

    program: Program
    lines: Sequence[ConsoleLine]
    status: int | None
    port: int
    trouble: str | None = None
    member: str | None = None

    @property
    def label(self) -> str:
        """How a sentence names it."""
        return f"{self.program.name} ({self.member})" if self.member else self.program.name

    @property
    def out(self) -> list[str]:
        """Its lines on standard output."""
        return [line.text for line in self.lines if line.stream == "out"]


@dataclass(frozen=True)
class Evidence:
    """All that is known of a cell once it is over; `clients` is how many a program of many was to start."""

    protocol: Protocol
    recording: Recording
    server: Account
    clients: Sequence[Account]
    crowd: int
    said: Sequence[Said] = ()


@dataclass(frozen=True)
class Verdict:
    """What is wrong, each in a sentence, the most telling first; nothing where all is well."""

    problems: Sequence[str]
    conversations: Sequence[Conversation]

    @property
    def passed(self) -> bool:
        """Whether they understood each other."""
        return not self.problems


def judge(evidence: Evidence) -> Verdict:
    """The verdict on one cell."""
    conversations = [read_conversation(evidence.protocol, seen) for seen in evidence.recording.connections]
    chat = read_chat(conversations, evidence.said) if evidence.said else None
    problems = [
        *_wrong_on_the_wire(conversations),
        *_crashed(evidence),
        *([chat.problem] if chat and chat.problem else ()),
        *_missing_on_the_wire(evidence, conversations),
        *_hung(evidence),
    ]
    if not problems:
        problems = [*_consoles(evidence, conversations, chat)]
    return Verdict(problems, conversations)


def _numbered(conversations: Sequence[Conversation], conversation: Conversation, sentence: str) -> str:
    return sentence if len(conversations) == 1 else f"connection {conversation.connection.number}: {sentence}"


def _wrong_on_the_wire(conversations: Sequence[Conversation]) -> Iterable[str]:
    for conversation in conversations:
        for problem in conversation.problems:
            yield _numbered(conversations, conversation, problem)


def _hung(evidence: Evidence) -> Iterable[str]:
    for account in (evidence.server, *evidence.clients):
        if account.trouble:
            yield f"the {account.program.role} {account.label} {account.trouble}"


def _crashed(evidence: Evidence) -> Iterable[str]:
    for account in (evidence.server, *evidence.clients):
        who = f"the {account.program.role} {account.label}"
        error = _telling_error(account)
        told = f"; on standard error it printed {error!r}" if error else ""
        if account.program.role == "client" and account.status:
            yield f"{who} ended with status {account.status}{told}"
        elif account.program.role == "server" and account.status is not None:
            yield f"{who} ended with status {account.status}, and a server runs until it is stopped{told}"
        elif error and account.program.console is not None:
            yield f"{who} printed on standard error: {error!r}"
        if account.program.console is None:
            continue
        for line in account.lines:
            if line.stream == "out" and not line.whole and account.program.role == "client":
                yield f"{who} ended inside a line: {line.text!r}"


def _telling_error(account: Account) -> str:
    """The line of standard error that says most: Python's traceback ends with it, anything else begins with it."""
    errors = [line.text for line in account.lines if line.stream == "err" and line.text.strip()]
    if not errors:
        return ""
    return errors[-1] if errors[0].startswith("Traceback") else errors[0]


def _missing_on_the_wire(evidence: Evidence, conversations: Sequence[Conversation]) -> Iterable[str]:
    for conversation in conversations:
        if conversation.connection.refused:
            yield f"the server refused connection {conversation.connection.number}: {conversation.connection.refused}"
        for missing in conversation.missing:
            yield _numbered(conversations, conversation, missing)
    expected = [account.program.connections(evidence.crowd) for account in evidence.clients]
    if None not in expected and len(conversations) != sum(number or 0 for number in expected):
        wanted = sum(number or 0 for number in expected)
        yield f"{wanted} connections were to be made, and {len(conversations)} were"
    rounds = {account.program.console.rounds for account in evidence.clients if account.program.console} - {None}
    for conversation in conversations:
        if rounds and not conversation.problems and not conversation.missing and conversation.rounds not in rounds:
            wanted = next(iter(rounds)) or 0
            yield _numbered(
                conversations, conversation, f"the client was to ask {wanted} times, and asked {conversation.rounds}"
            )


def _consoles(evidence: Evidence, conversations: Sequence[Conversation], chat: ChatReading | None) -> Iterable[str]:
    room: list[str] = []
    server = evidence.server.program.console
    heard: dict[str, list[str]] = {}
    if chat is not None:
        for message in chat.order:
            values = {"author": message.author, "text": message.text, "audience": len(message.audience)}
            room += [fill(line, values) for line in (server.room if server else ())]
        for account in evidence.clients:
            console = account.program.console
            heard[account.member or ""] = [
                fill(line, {"author": author, "text": text})
                for author, text in chat.received.get(account.member or "", ())
                if author != account.member
                for line in (console.heard if console else ())
            ]
    for account in evidence.clients:
        if account.program.console is not None:
            problem = _client(account, account.program.console, conversations, heard)
            if problem:
                yield f"the console of {account.label} and the wire disagree: {problem}"
    if server is not None:
        problem = _server(evidence.server, server, conversations, room)
        if problem:
            yield f"the console of the server {evidence.server.label} and the wire disagree: {problem}"


def _client(
    account: Account, console: Console, conversations: Sequence[Conversation], heard: dict[str, list[str]]
) -> str | None:
    values = {"host": "127.0.0.1", "port": account.port}
    if account.member is not None:
        expected = [fill(line, values) for line in (*console.starting, *console.connected)]
        expected += heard[account.member]
        return check_exact(account.out, expected + [fill(line, values) for line in console.left])
    sequences = [connection_lines(console, conversation, values) for conversation in conversations]
    if console.order == "one at a time":
        return check_exact(account.out, [line for sequence in sequences for line in sequence])
    return check_interleaved(console, account.out, None, sequences)


def _server(
    account: Account, console: Console, conversations: Sequence[Conversation], room: Sequence[str]
) -> str | None:
    listening = fill(console.listening or "", {"port": account.port})
    sequences = [connection_lines(console, conversation, {}) for conversation in conversations]
    if console.order == "one at a time":
        return check_blocks(account.out, listening, sequences)
    return check_interleaved(console, account.out, listening, sequences, room)
