"""One cell's verdict, from all that was observed of it: the wire, the clients' consoles, the server's console.

What is wrong comes in the order in which it explains the rest: bytes that break the protocol, programs that died,
messages that were lost or mixed, what never came, programs that hung, and then consoles that tell something else than
the wire. Where a side left and owed something, or let the other wait for it in vain, that comes before the death of the
other. Where nothing is wrong, something must have been shown (`evidence.py`), and make sense.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal, get_args

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.problem import HARNESS, Problem, Where
from conformance.agent.recording import Direction
from conformance.decoder import Conversation
from conformance.diagnosis import Finding, suspicions
from conformance.judge import consoles
from conformance.judge.broadcast import Broadcast, Said, posts, read_broadcast
from conformance.judge.evidence import only_silence, suspicious, unshown
from conformance.model.placeholders import fill
from conformance.model.program import Console, Program

__all__ = [
    "VERDICTS",
    "ConsoleLine",
    "ProcessResult",
    "Stream",
    "Verdict",
    "VerdictName",
    "culprit",
    "judge",
    "program_problem",
    "verdict_of",
]

VerdictName = Literal[
    "passed",
    "non-strict",
    "inconclusive",
    "suspicious",
    "failed",
    "error",
    "skipped",
    "known",
    "flaky",
    "unsupported",
]
VERDICTS: tuple[VerdictName, ...] = get_args(VerdictName)
"""Every verdict on a cell or a case; the last four are as somebody declared, or as the machine allows."""

_OF_CODE: Mapping[str, VerdictName] = {
    "nothing-said": "inconclusive",
    "nobody-typed": "inconclusive",
    "not-recorded": "inconclusive",
    "network-cut": "inconclusive",
    "suspicious-values": "suspicious",
    "cannot-run-here": "skipped",
    "hung-before": "skipped",
    "unsupported": "unsupported",
}
_NOT_KNOWN = ("not-recorded", "network-cut")
_OWED = ("never-sent", "ends-inside", "asked-after-end")
_NEVER_CAME = (*_OWED, "refused")
_PATIENT = 1.0  # seconds; who waits so long for what is due has not run away
# What a server did with a message: its place is where the message stands.
_OF_SERVER = {
    "duplicate-message",
    "message-late",
    "message-lost",
    "message-to-absent",
    "message-unknown",
    "order-differs",
}

Stream = Literal["out", "err"]


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line; `whole` says whether its line end came too."""

    at: float
    stream: Stream
    text: str
    whole: bool = True


@dataclass(frozen=True)
class ProcessResult:
    """What one program did in the cell: what it printed, and how it ended.

    `status` is its exit status, None while it ran; `port` the one that it was started with; `problem` what kept it from
    its end (it hung, it never started); `member` whom it was started for, where a scenario says who does what.
    """

    program: Program
    lines: Sequence[ConsoleLine]
    status: int | None
    port: int
    problem: Problem | None = None
    member: str | None = None

    @property
    def label(self) -> str:
        """How a `Where` names it."""
        return f"{self.program.name} ({self.member})" if self.member else self.program.name

    def found(self, code: str, line: int | None = None, **values: Any) -> Problem:
        """A problem of this program; `line`, of all its lines, is where it shows."""
        problem = program_problem(self.program, self.member, code, **values)
        return problem if line is None else replace(problem.on(line=line), at=self.lines[line].at)


@dataclass(frozen=True)
class Verdict:
    """What is wrong, the first explaining the rest; nothing where all is well.

    `wire_only`: no console was compared, for none was promised. `suspicions` are what a `suspicious` cell is suspected
    of.
    """

    problems: tuple[Problem, ...]
    conversations: Sequence[Conversation]
    wire_only: bool = False
    suspicions: tuple[Finding, ...] = ()

    @property
    def name(self) -> VerdictName:
        """The verdict in a word."""
        return verdict_of(next(iter(self.problems), None))


def verdict_of(problem: Problem | None, non_strict: Problem | None = None) -> VerdictName:
    """The verdict that follows from the first problem, or from what is accepted where there is none."""
    if problem is None:
        return "passed" if non_strict is None else "non-strict"
    return "error" if problem.code in HARNESS else _OF_CODE.get(problem.code, "failed")


def program_problem(program: Program, member: str | None, code: str, **values: Any) -> Problem:
    """A problem of that program, started for that member. `role` is among its values."""
    label = f"{program.name} ({member})" if member else program.name
    return Problem(code, Where(program=label), {**values, "role": program.role})


def judge(
    conversations: Sequence[Conversation],
    server: ProcessResult,
    clients: Sequence[ProcessResult],
    concurrency: int,
    said: Sequence[Said] = (),
) -> Verdict:
    """The verdict on a cell that is over; `concurrency` is how many clients a program of many was to start."""
    results = (server, *clients)
    programs = [result.program for result in clients]
    broadcast = read_broadcast(conversations, said)
    on_the_wire = [problem for conversation in conversations for problem in conversation.problems]
    never_came = [problem for problem in on_the_wire if problem.code in _NEVER_CAME]
    broken = [problem for problem in on_the_wire if problem.code not in _NEVER_CAME]
    if any(problem.code in _NOT_KNOWN for problem in broken):
        # The end is not known: what is wrong before it is wrong, and nothing else can be said.
        return Verdict(tuple(sorted(broken, key=lambda problem: problem.at or 0.0)), conversations)
    owes = _who_owes(conversations)
    owed = [problem for problem in never_came if _whose(problem) == owes]
    first, second = (
        [problem for result in results if result.program.role == role for problem in _died(result)]
        for role in ((CLIENT, SERVER) if owes == CLIENT else (SERVER, CLIENT))
    )
    problems = [
        *sorted(broken, key=lambda problem: problem.at or 0.0),
        *first,
        *owed,
        *second,
        *([broadcast.problem] if broadcast.problem else ()),
        *(problem for problem in never_came if problem not in owed),
        *_too_few_or_many(conversations, programs, concurrency),
        *(result.problem for result in results if result.problem is not None),
    ]
    problems = problems or [*_consoles((*clients, server), conversations, broadcast)]
    suspected: Sequence[Finding] = ()
    if not problems or only_silence(problems, conversations):
        each = any((program.connections(concurrency) or 1) > 1 for program in programs)
        nothing = unshown(conversations, each=each, typed=bool(said))
        problems = [nothing, *problems] if nothing else problems
    if not problems and (suspected := suspicions(conversations)):
        problems = [suspicious(suspected[0])]
    wire_only = all(result.program.console is None for result in results)
    return Verdict(tuple(problems), conversations, wire_only, tuple(suspected))


def culprit(
    problem: Problem,
    server: Program,
    clients: Mapping[str | None, Program],
    conversations: Sequence[Conversation] = (),
) -> Program | None:
    """The program whose mistake it is; None where it is no program's, or where it is not known which client's.

    `clients` has them by their members.
    """
    values, where = problem.values, problem.where
    if verdict_of(problem) == "error" or problem.code in ("nobody-typed", *_NOT_KNOWN):
        return None
    owing = _whose(problem)
    if owing is not None and any(_left_before(owing, problem, conversation) for conversation in conversations):
        owing = other(owing)
    if problem.code in _OF_SERVER or owing == SERVER:
        return server
    if len({program.name for program in clients.values()}) == 1:
        return next(iter(clients.values()))
    for member, program in clients.items():
        if where.program == f"{program.name} ({member})":
            return program
    known = [post.author for one in conversations if one.number == where.connection for post in posts(one, CLIENT)]
    return next((clients[who] for who in (values.get("member"), values.get("author"), *known) if who in clients), None)


def _whose(problem: Problem) -> Side | None:
    """The side whose program it is about; its bytes may show it, or those that it did not answer."""
    values = problem.values
    side: Side | None = values.get("role", values.get("answerer", problem.where.side))
    return side


def _who_owes(conversations: Sequence[Conversation]) -> Side | None:
    """The side that left owing something, or had the other wait for it in vain; None where neither did, or both."""
    sides: set[Side] = set()
    for conversation in conversations:
        connection = conversation.connection
        for problem in conversation.problems:
            side = _whose(problem)
            if problem.code in _OWED and side is not None:
                mine, theirs = connection.direction(side), connection.direction(other(side))
                moved = max([connection.opened, *(each.received[-1][0] for each in (mine, theirs) if each.received)])
                if _gone(mine) < _gone(theirs) or _PATIENT <= _gone(theirs) - moved < inf:
                    sides.add(side)
    return sides.pop() if len(sides) == 1 else None


def _left_before(side: Side, problem: Problem, conversation: Conversation) -> bool:
    """Whether `side` owes something there because the other reset the connection, and had hardly waited for it."""
    if problem.code not in _OWED or problem.where.connection != conversation.number:
        return False
    mine, theirs = (conversation.connection.direction(each) for each in (side, other(side)))
    moved = max((each.received[-1][0] for each in (mine, theirs) if each.received), default=inf)
    return theirs.reset is not None and theirs.reset < _gone(mine) and theirs.reset - moved < _PATIENT


def _gone(direction: Direction) -> float:
    """When its sender left; infinite where it was still there in the end."""
    return min(inf if at is None else at for at in (direction.ended, direction.reset))


def _died(result: ProcessResult) -> Iterator[Problem]:
    console = result.program.console
    error = _telling_error(result)
    printed = {} if error is None else {"printed": result.lines[error].text}
    if result.program.role == CLIENT and result.status:
        yield result.found("ended-with-status", error, status=result.status, **printed)
    elif result.program.role == SERVER and result.status is not None:
        yield result.found("ended-by-itself", error, status=result.status, **printed)
    elif error is not None and console is not None:
        yield result.found("error-line-unexpected", error, **printed)
    if console is not None and result.program.role == CLIENT:
        for number, line in enumerate(result.lines):
            if line.stream == "out" and not line.whole:
                yield result.found("ends-inside-line", number, got=line.text)


def _telling_error(result: ProcessResult) -> int | None:
    """The line of standard error that says most: Python's traceback ends with it, anything else begins with it."""
    errors = [number for number, line in enumerate(result.lines) if line.stream == "err" and line.text.strip()]
    if not errors:
        return None
    return errors[-1] if result.lines[errors[0]].text.startswith("Traceback") else errors[0]


def _too_few_or_many(
    conversations: Sequence[Conversation], clients: Sequence[Program], concurrency: int
) -> Iterator[Problem]:
    """Connections and rounds, where it is known how many there must be."""
    expected = [program.connections(concurrency) for program in clients]
    wanted = sum(number or 0 for number in expected)
    if None not in expected and len(conversations) != wanted:
        where = Where(conversations[wanted].number) if len(conversations) > wanted else Where()
        yield Problem("wrong-connections", where, {"wanted": wanted, "made": len(conversations)})
    rounds = {one.console.rounds for one in clients if one.console and one.console.rounds is not None}
    for conversation in conversations:
        if rounds and not conversation.problems and conversation.decoder.rounds not in rounds:
            yield _wrong_rounds(conversation, min(rounds))


def _wrong_rounds(conversation: Conversation, wanted: int) -> Problem:
    """Its place: the first field of the first round too many, or else where the client's bytes end."""
    values = {"wanted": wanted, "asked": conversation.decoder.rounds}
    extra = (field for field in conversation.fields if field.side == CLIENT and (field.round or 0) > wanted)
    field = next(extra, None)
    if field is not None:
        return Problem("wrong-rounds", field.where(conversation.number), values, field.came)
    direction = conversation.connection.client
    return Problem("wrong-rounds", Where(conversation.number, CLIENT, direction.size), values, direction.last)


def _consoles(
    results: Sequence[ProcessResult], conversations: Sequence[Conversation], broadcast: Broadcast
) -> Iterator[Problem]:
    """What each console tells otherwise than the wire: the first line of it."""
    for result in results:
        console = result.program.console
        problem = None if console is None else _console(result, console, conversations, broadcast)
        if problem is None:
            continue
        place, line, number = problem.where.line, None, {}
        if place is not None:
            line = [number for number, line in enumerate(result.lines) if line.stream == "out"][place]
            number = {"number": place + 1}
        found = result.found(problem.code, line, **number, **problem.values)
        yield replace(found, where=replace(problem.where, program=result.label, line=line))


def _console(
    result: ProcessResult, console: Console, conversations: Sequence[Conversation], broadcast: Broadcast
) -> Problem | None:
    """Its `line` is the place among the lines of standard output."""
    out = [line.text for line in result.lines if line.stream == "out"]
    values = {"host": "127.0.0.1", "port": result.port}
    if result.member is not None:
        before = consoles.wire_lines((*console.starting, *console.connected), values)
        return consoles.check_exact(
            out, [*before, *_heard(result.member, console, broadcast), *consoles.wire_lines(console.left, values)]
        )
    sequences = [consoles.connection_lines(console, conversation, values) for conversation in conversations]
    listening = None if console.listening is None else fill(console.listening, values)
    if console.order == "interleaved":
        return consoles.check_interleaved(console, out, listening, sequences, _room(console, broadcast))
    if listening is not None:
        return consoles.check_blocks(out, listening, sequences)
    return consoles.check_exact(out, [line for sequence in sequences for line in sequence])


def _heard(member: str, console: Console, broadcast: Broadcast) -> Iterator[consoles.WireLine]:
    """A member's lines about what the others said."""
    for post in broadcast.received.get(member, ()):
        if post.author != member:
            yield from consoles.wire_lines(console.heard, post.message.fields, post.connection, post.message.last)


def _room(console: Console, broadcast: Broadcast) -> Iterator[consoles.WireLine]:
    """The server's lines about the messages, in the order in which all saw them."""
    for said, post in broadcast.order:
        values = {**post.message.fields, "audience": len(said.audience)}
        yield from consoles.wire_lines(console.room, values, post.connection, post.message.last)
