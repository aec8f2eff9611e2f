"""Runs one cell: starts the server, puts the tap in between, starts the clients, and collects what all of them did."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import HarnessError, Problem, ProblemError
from conformance.agent.recording import Recording
from conformance.backends.base import MOST_BYTES, MOST_LINES, ConsoleLog, Places, Started, Worker
from conformance.decoder import Conversations
from conformance.judge import ProcessResult, Said, Verdict, expected_count, judge, program_problem
from conformance.model.cells import Cell
from conformance.model.placeholders import fill, pattern
from conformance.model.program import Program
from conformance.model.protocol import FieldStep, Protocol
from conformance.model.scenario import Join, Leave, Say

__all__ = ["CellResult", "Hangs", "Limits", "found_port_taken", "not_run", "run_cell", "wait_for_server"]

_LOOK_SECONDS = 0.25
_HANGS = 3
_ALL_WAIT_SECONDS = 2.0  # that long all programs are seen to wait for bytes, and for nothing else
_FIRST_LOOK_SECONDS = 0.5
_DYING_SECONDS = 1.0
_IDLE = 0.05  # of the time a program may use the processor and do nothing: runtimes have threads of their own
_PORT_TAKEN = re.compile(  # what programs print for EADDRINUSE, in some languages of systems
    r"address (is )?already in use|\bEADDRINUSE\b|\bBindException\b|\berrno 98\b|\bWinError 10048\b"
    r"|only one usage of each socket|adresse déjà utilisée|adresse wird bereits verwendet"
    r"|dirección ya se está usando|indirizzo già in uso|endereço já (está )?em uso",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Limits:
    """How long, in seconds, is waited for what must come: never for what may be ready.

    A client has `clients` seconds without a byte on the wire, and `session` in all. `silent` seconds are enough where
    no program is seen to work or to sleep meanwhile.
    """

    listen: float = 20.0
    clients: float = 45.0
    silent: float = 15.0
    session: float = 300.0
    step: float = 10.0
    settle: float = 3.0

    def times(self, factor: float) -> Limits:
        """The same, so many times as long."""
        return Limits(**{name: factor * seconds for name, seconds in asdict(self).items()})


_PROBE = Limits(listen=5.0, clients=5.0, silent=5.0, session=30.0, step=5.0)


@dataclass
class CellResult:
    """A cell that was run: the verdict, and what it was given from. `phases` says how long each part took.

    `hung` is the program that kept the others waiting for ever, if one is known to have done so.
    """

    cell: Cell
    verdict: Verdict
    recording: Recording
    results: list[ProcessResult]
    began: float
    seconds: float
    phases: dict[str, float]
    hung: Program | None = None
    port_taken: bool = False

    @property
    def timed_out(self) -> bool:
        """Whether a program waited in vain."""
        return self.hung is not None

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong, the first explaining the rest."""
        return self.verdict.problems

    def ours(self, problem: Problem) -> CellResult:
        """The same with our own trouble in place of a verdict."""
        return replace(self, verdict=Verdict((problem,), self.verdict.conversations))


def not_run(cell: Cell, problem: Problem) -> CellResult:
    """The result of a cell that could not be run, or was not."""
    return CellResult(cell, Verdict((problem,), ()), Recording(), [], time.monotonic(), 0.0, {})


def run_cell(cell: Cell, worker: Worker, hangs: Hangs | None = None) -> CellResult:
    """Runs the cell in the worker; not for long where `hangs` says that one of its programs hangs again and again."""
    hangs = hangs or Hangs()
    limits = hangs.limits(cell)
    if isinstance(limits, Problem):
        return not_run(cell, limits)
    result = _Run(cell, worker, limits).run()
    hangs.add(result)
    if limits is not _PROBE or not result.problems:
        return result
    # The limits of the probe are too short for a verdict.
    more = hangs.limits(cell)
    return not_run(cell, more) if isinstance(more, Problem) else _Run(cell, worker, Limits()).run()


class Hangs:
    """Which programs hang: after `_HANGS` cells one more is a short probe, and then there are no more."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._guard = threading.Lock()

    def limits(self, cell: Cell) -> Limits | Problem:
        """The limits of this cell, or why it is not run."""
        with self._guard:
            for program in (cell.server, *cell.clients):
                if self._counts[program.role, program.name] > _HANGS:
                    return program_problem(program, None, "hung-before", times=_HANGS)
            hanging = (self._counts[program.role, program.name] == _HANGS for program in cell.programs)
            return _PROBE if any(hanging) else Limits()

    def add(self, result: CellResult) -> None:
        """Counts it; a cell that went on to its end in spite of them clears the programs of it."""
        with self._guard:
            if result.hung is not None:
                self._counts[result.hung.role, result.hung.name] += 1
            for program in result.cell.programs:
                if not result.problems and self._counts[program.role, program.name] == _HANGS:
                    self._counts[program.role, program.name] = 0


def wait_for_server(server: Started, program: Program, port: int, seconds: float) -> None:
    """Returns once the server says that it listens, if it is one that must; ProblemError where it does not in time."""
    line = fill(program.console.listening or "", {"port": port}) if program.console else None
    if line is None or _Lines(server.console, line).come(1, time.monotonic() + seconds):
        return
    status, lines = server.handle.stop(), server.console.lines
    values: dict[str, Any] = {"text": line, "seconds": seconds}
    if status is not None:
        values |= {"status": status, "printed": ""}
    if (told := _most_telling([line.text for line in lines])) is not None:
        values["printed"] = lines[told].text
    raise ProblemError(ProcessResult(program, lines, status, 0).found("never-listened", told, **values))


class _StepError(Exception):
    """A step of a scenario did not bring about what it must: those behind it are not done."""


class _Run:
    _places: Places
    _server: Started

    def __init__(self, cell: Cell, worker: Worker, limits: Limits) -> None:
        self._cell = cell
        self._worker = worker
        self._limits = limits.times(worker.patience)
        self._hung: Program | None = None
        self._wire = _Wire(cell.protocol, Recording())
        members = cell.scenario.members if cell.scenario else (None,)
        self._programs: dict[str | None, Program] = dict(zip(members, cell.clients, strict=True))
        self._clients: dict[str | None, Started] = {}
        self._problems: dict[Started, Problem] = {}
        self._server_lines: dict[str, _Lines] = {}
        self._said: list[Said] = []
        self._phases: dict[str, float] = {}
        self._began = time.monotonic()

    def run(self) -> CellResult:
        cell = self._cell
        try:
            with ExitStack() as stack:
                self._places = stack.enter_context(self._worker.places(cell.server, cell.clients, cell.protocol.port))
                port = self._places.server[1]
                self._server = self._worker.start(cell.server, {"port": str(port)})
                stack.callback(self._server.handle.stop)
                wait_for_server(self._server, cell.server, port, self._limits.listen)
                self._phase("server")
                self._open_tap()
                stack.callback(self._worker.tap.close)
                try:
                    self._operate()
                    self._phase("clients")
                    self._settle()
                finally:
                    for client in self._clients.values():
                        client.handle.stop()
                    status = self._server.handle.stop()
                results = self._results(status)
            self._phase("end")
        except ProblemError as error:
            if error.problem.code == "never-listened" and "status" not in error.problem.values:
                self._hung = cell.server
            started = hasattr(self, "_server")
            results = [ProcessResult(cell.server, self._server.console.lines, None, 0)] if started else []
            verdict = Verdict((error.problem,), self._wire.finish())
        else:
            server, *clients = results
            verdict = judge(self._wire.finish(), server, clients, cell.network.clients, tuple(self._said))
            if not verdict.problems and self._wire.recording.missed:
                missed = HarnessError("harness-tap", reason=f"{self._wire.recording.missed} connections too many")
                verdict = Verdict((missed.problem,), verdict.conversations)
        seconds = time.monotonic() - self._began
        recording, phases = self._wire.recording, self._phases
        taken = hasattr(self, "_server") and found_port_taken(self._server.console)
        return CellResult(cell, verdict, recording, results, self._began, seconds, phases, self._hung, taken)

    def _open_tap(self) -> None:
        recording = self._worker.tap.open(
            listen=self._places.tap,
            to=self._places.server,
            conditions=self._cell.network.conditions,
            seed=len(self._cell.name),
            # A server whose console is not judged does not say when it listens: the tap tries until it does.
            connect_timeout=self._limits.listen if self._cell.server.console is None else 0.0,
        )
        self._wire = _Wire(self._cell.protocol, recording)

    def _operate(self) -> None:
        scenario = self._cell.scenario
        if scenario is None:
            self._start(None)
            self._wait_for_end(None, self._limits.clients)
            return
        with suppress(_StepError):
            for number, step in enumerate(scenario.steps):
                match step:
                    case Join(join=names):
                        self._join(names)
                    case Say(say=texts):
                        self._say(number, texts)
                    case Leave(leave=names):
                        self._leave(names)

    def _start(self, member: str | None) -> None:
        host, port = self._places.tap
        clients = str(self._cell.network.clients)
        values = {"host": host, "port": str(port), "clients": clients, "author": member or ""}
        self._clients[member] = self._worker.start(self._programs[member], values, member, typed=member is not None)

    def _wait_for_end(self, member: str | None, seconds: float) -> bool:
        """Waits for the client's end, and tells whether it came.

        It waits while bytes pass: a client is late after `seconds` without any, or after `Limits.session` in all. It is
        over sooner where every program is seen to wait for the others.
        """
        client = self._clients[member]
        stalemate = self._stalemate()
        began = moved = time.monotonic()
        events = 0
        while client.handle.wait(time.monotonic() + _LOOK_SECONDS) is None:
            recording, now = self._wire.recording, time.monotonic()
            if recording.over:
                raise HarnessError("harness-tap", reason="it ended")
            if recording.full:
                return False
            if recording.cut:  # nothing more is told: they may end, or not
                seconds = min(seconds, self._limits.settle)
            if len(recording.events) != events:
                events, moved = len(recording.events), now
            # Without a server there is nothing to be waited for much longer.
            idle = min(seconds, self._limits.settle) if self._server.console.closed else seconds
            stuck = self._stuck(stalemate)
            if stuck or now - moved >= idle or now - began >= self._limits.session:
                values = {"seconds": round(now - began, 1)} | ({"waiting": True} if stuck and stalemate.seen else {})
                self._hangs(member, values)
                return False
        return True

    def _stalemate(self) -> _Stalemate:
        events = self._wire.recording.events
        return _Stalemate(lambda: (*self._clients.values(), self._server), lambda: len(events))

    def _stuck(self, stalemate: _Stalemate) -> bool:
        """Whether it is certain that nothing can come any more."""
        if not stalemate.lasts(time.monotonic(), self._limits.silent) or self._worker.relaying():
            return False
        directions = (one.connection.direction(side) for one in self._wire.update() for side in (CLIENT, SERVER))
        return all(direction.passed_on == direction.size for direction in directions)

    def _come(self, lines: _Lines, times: int, until: float) -> bool:
        """Waits until there are so many lines; tells if they came."""
        stalemate = self._stalemate()
        while not lines.come(times, min(until, time.monotonic() + _LOOK_SECONDS)):
            if lines.log.closed or self._wire.recording.full or time.monotonic() >= until or self._stuck(stalemate):
                return False
        return True

    def _hangs(self, member: str | None, values: Mapping[str, Any]) -> None:
        """Whose turn it is has hung, as far as the wire shows it; that the other waits is no fault of it."""
        if self._wire.recording.cut:
            return
        owing = {due.side for conversation in self._wire.update() for due in conversation.decoder.expects()}
        if owing == {SERVER} and not self._server.console.closed:
            self._hung = self._cell.server
            return
        if owing != {CLIENT, SERVER}:
            self._hung = self._programs[member]
        self._problem(member, "still-running", **values)

    def _problem(self, member: str | None, code: str, **values: Any) -> None:
        self._problems[self._clients[member]] = program_problem(self._programs[member], member, code, **values)

    def _fail(self, member: str, code: str, **values: Any) -> NoReturn:
        """Ends the scenario: this member's program did not do what the others wait for."""
        self._problem(member, code, **values)
        raise _StepError

    # The steps of a scenario -----------------------------------------------------------------------------------------

    def _join(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._start(name)
        joined = len(self._clients)
        until = time.monotonic() + self._limits.step
        self._seen_on_the_wire(lambda: self._wire.joined() >= joined, until)
        console, first = self._cell.server.console, self._wire.first
        lines = () if console is None else console.after.get(first.key, ()) if first else console.connected
        if lines:
            self._server_tells_all(lines[-1], joined, until)

    def _say(self, number: int, texts: Mapping[str, str]) -> None:
        present = frozenset(self._present())
        heard = {member: self._heard(member, texts) for member in sorted(present)}
        for author, text in texts.items():
            self._said.append(Said(number, author, text, present))
            self._clients[author].handle.type(f"{text}\n")
        began = time.monotonic()
        until = began + self._limits.step
        deliveries = sum(len(message.audience) for message in self._said)
        self._seen_on_the_wire(lambda: self._wire.delivered() >= deliveries, until)
        for member, lines in heard.items():
            for line in lines:
                if not self._come(line, 1, until):
                    seconds = round(time.monotonic() - began, 1)
                    self._fail(member, "never-printed", text=line.template, seconds=seconds)

    def _heard(self, member: str, texts: Mapping[str, str]) -> list[_Lines]:
        """The lines that this member must see of what is to be said; none of them has come yet."""
        console, names = self._programs[member].console, self._cell.protocol.broadcast
        if console is None or not names:
            return []
        log = self._clients[member].console
        place = log.count("out") + log.count("err")
        return [
            _Lines(log, fill(line, {names[0]: author, names[-1]: text}), place)
            for author, text in texts.items()
            if author != member
            for line in console.heard
        ]

    def _seen_on_the_wire(self, seen: Callable[[], bool], until: float) -> None:
        """Waits for the wire to show it; not for longer than the programs live that it depends on."""
        present, stalemate = self._present(), self._stalemate()
        recording = self._wire.recording
        while not recording.wait_for(seen, min(until, time.monotonic() + _LOOK_SECONDS)):
            for member in present:
                if self._clients[member].console.closed:
                    self._fail(member, "ended-before-input")
            if recording.over or recording.full or time.monotonic() >= until or self._stuck(stalemate):
                return

    def _leave(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._clients[name].handle.end_input()
        for name in names:
            began = time.monotonic()
            if not self._wait_for_end(name, self._limits.step):
                self._fail(name, "ignores-end-of-input", seconds=round(time.monotonic() - began, 1))
        console = self._cell.server.console
        if console is not None and console.left:
            left = len(self._clients) - len(self._present())
            self._server_tells_all(console.left[-1], left, time.monotonic() + self._limits.step)

    def _server_tells_all(self, template: str, clients: int, until: float) -> None:
        lines = self._server_lines.setdefault(template, _Lines(self._server.console, template))
        began = time.monotonic()
        if not self._come(lines, clients, until):
            values = {"text": template, "times": clients, "seconds": round(time.monotonic() - began, 1)}
            self._problems[self._server] = program_problem(self._cell.server, None, "never-printed", **values)
            raise _StepError

    def _present(self) -> list[str]:
        """The members whose clients go on."""
        return [member for member, client in self._clients.items() if member and not client.console.closed]

    # The end ---------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Lets what is under way arrive: the ends of the connections, and the server's lines about them."""
        if self._hung or self._wire.recording.full or self._wire.recording.cut:
            return  # nothing is, or nothing that could be recorded
        until = time.monotonic() + self._limits.settle
        self._wire.recording.wait_for(self._wire.clients_ended, until)
        if any(one.connection.server.closed and one.decoder.due(SERVER) for one in self._wire.update()):
            # It broke off: perhaps it is dying, which its console and its status show a moment later.
            self._server.console.wait_for(lambda log: log.closed, time.monotonic() + _DYING_SECONDS)
        console = self._cell.server.console
        if console is not None:
            lines = expected_count(console, self._wire.update(), len(self._said))
            self._server.console.wait_for(lambda log: log.count("out") >= lines, until)

    def _results(self, status: int | None) -> list[ProcessResult]:
        cell, places = self._cell, self._places

        def result(program: Program, of: Started, status: int | None, port: int, member: str | None) -> ProcessResult:
            problem = self._problems.get(of)
            if problem is None and of.console.overflowed:
                problem = program_problem(program, member, "printed-too-much", bytes=MOST_BYTES, lines=MOST_LINES)
            return ProcessResult(program, of.console.lines, status, port, problem, member)

        results = [result(cell.server, self._server, status, places.server[1], None)]
        for member, client in self._clients.items():
            ended = None if client in self._problems else client.handle.wait(time.monotonic())
            results.append(result(self._programs[member], client, ended, places.tap[1], member))
        return results

    def _phase(self, name: str) -> None:
        """Ends the part of that name, which began where the one before ended."""
        self._phases[name] = time.monotonic() - self._began - sum(self._phases.values())


class _Stalemate:
    """Whether programs wait for bytes only, and none can come: each waits for the other."""

    def __init__(self, programs: Callable[[], Iterable[Started]], events: Callable[[], int]) -> None:
        self._programs = programs
        self._events = events
        self._before = (-1, 0, 0)  # events on the wire, lines, and programs that run
        self._since = 0.0
        self._used: float | None = None
        self._unseen = False

    @property
    def seen(self) -> bool:
        """Whether all of them are seen to wait."""
        return not self._unseen

    def lasts(self, now: float, silent: float) -> bool:
        """Whether that is certain by now; to be asked again and again.

        It is certain after a while in which all of them were seen to wait. Where one of them cannot be seen, but none
        works or sleeps, it takes `silent` seconds.
        """
        running = [program for program in self._programs() if not program.console.closed]
        lines = sum(program.console.count("out") + program.console.count("err") for program in running)
        state = self._events(), lines, len(running)
        if state != self._before:
            self._begin(now)
            self._before = state
            return False
        if now - self._since < _FIRST_LOOK_SECONDS:
            return False
        waits = {program.handle.waits_for_bytes() for program in running}
        used = [program.handle.processor_seconds() for program in running] if self._used is None else None
        if used is not None:
            self._used = sum(seconds or 0.0 for seconds in used)
        self._unseen |= None in waits
        if False in waits:
            self._begin(now)
        if now - self._since < (silent if self._unseen else _ALL_WAIT_SECONDS):
            return False
        used_since = sum(program.handle.processor_seconds() or 0.0 for program in running) - (self._used or 0.0)
        if used_since > _IDLE * (now - self._since) + _IDLE:
            self._begin(now)
            return False
        return True

    def _begin(self, now: float) -> None:
        self._since, self._used, self._unseen = now, None, False


def found_port_taken(console: ConsoleLog) -> bool:
    """Whether a program has ended, and said that its port was in use."""
    return console.closed and any(_PORT_TAKEN.search(line.text) for line in console.lines)


class _Wire(Conversations):
    """What passed so far, decoded: every look takes in what is new."""

    def __init__(self, protocol: Protocol, recording: Recording) -> None:
        super().__init__(protocol, recording)
        self.recording = recording
        begins = protocol.session[0] if protocol.session else None
        # What a client says as soon as it is connected, if the protocol begins with it.
        self.first = begins if isinstance(begins, FieldStep) and begins.sender == CLIENT else None
        self._looked_at: dict[int, int] = {}
        self._delivered = 0

    def joined(self) -> int:
        """How many clients have connected, and introduced themselves where the protocol has them do so."""
        return sum(self.first is None or bool(one.fields) for one in self.update())

    def delivered(self) -> int:
        """How many messages have gone on to clients, whole."""
        for one in self.update():
            place = self._looked_at.get(one.number, 0)
            for message in one.messages[place:]:
                if message.side == SERVER and message.last.end > one.connection.server.passed_on:
                    break
                self._delivered += message.side == SERVER
                self._looked_at[one.number] = place = place + 1
        return self._delivered

    def clients_ended(self) -> bool:
        """Whether every client has ended its side."""
        return all(one.connection.client.closed for one in self.update())


class _Lines:
    """The lines of standard output that fit a template, from the line `place` of all on; each is looked at once."""

    def __init__(self, log: ConsoleLog, template: str, place: int = 0) -> None:
        self.template = template
        self.log = log
        self._pattern: re.Pattern[str] = pattern(template)
        self._place = place
        self._count = 0

    def come(self, times: int, until: float) -> bool:
        """Waits until there are so many; tells if they came."""

        def seen(log: ConsoleLog) -> bool:
            lines = log.since(self._place)
            self._place += len(lines)
            self._count += sum(line.stream == "out" and bool(self._pattern.fullmatch(line.text)) for line in lines)
            return self._count >= times

        return self.log.wait_for(seen, until)


def _most_telling(lines: Sequence[str]) -> int | None:
    """The line that says most of a program that did not come far: the end of a traceback, or else the beginning."""
    shown = [number for number, line in enumerate(lines) if line.strip()]
    traceback = any(line.startswith("Traceback") for line in lines)
    return shown[-1 if traceback else 0] if shown else None
