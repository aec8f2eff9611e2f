"""Runs one cell: starts the server, puts the tap in between, starts the clients, and collects all three accounts.

Nothing here decides whether the programs understood each other; that is the judge's, from what is collected.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from conformance.agent.events import CLIENT
from conformance.agent.recording import Recording
from conformance.backends.base import Places, ProgramError, Started, Worker
from conformance.backends.console_log import ConsoleLog
from conformance.backends.tap_client import TapError
from conformance.decoder.conversation import read_conversation
from conformance.judge import Account, Evidence, Verdict, expected_count, judge
from conformance.judge.broadcast import Said
from conformance.model.cells import Cell
from conformance.model.console import fill, pattern
from conformance.model.program import Program
from conformance.model.scenario import Join, Leave, Say

__all__ = ["CellResult", "Limits", "run_cell"]


_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Limits:
    """How long, in seconds, is waited for what must come: never for what may be ready."""

    listen: float = 20.0
    clients: float = 45.0
    step: float = 10.0
    settle: float = 3.0


@dataclass
class CellResult:
    """A cell that was run: the verdict, and what it was given from. `phases` says how long each part took."""

    cell: Cell
    verdict: Verdict
    recording: Recording
    accounts: list[Account]
    began: float
    seconds: float
    phases: dict[str, float] = field(default_factory=dict)


class _StepError(Exception):
    """A step of a scenario did not bring about what it must: the member it is about, and what did not happen."""

    def __init__(self, member: str | None, trouble: str) -> None:
        super().__init__(member, trouble)
        self.member = member
        self.trouble = trouble


def run_cell(cell: Cell, worker: Worker, limits: Limits | None = None) -> CellResult:
    """Runs the cell in the worker."""
    return _Run(cell, worker, limits or Limits()).run()


class _Run:
    def __init__(self, cell: Cell, worker: Worker, limits: Limits) -> None:
        self._cell = cell
        self._worker = worker
        self._limits = limits
        self._recording = Recording()
        self._clients: dict[str | None, Started] = {}
        self._troubles: dict[str | None, str] = {}
        self._server_trouble: str | None = None
        self._said: list[Said] = []
        self._phases: dict[str, float] = {}
        self._began = self._phase_began = time.monotonic()

    def run(self) -> CellResult:
        cell = self._cell
        with ExitStack() as stack:
            places = stack.enter_context(self._worker.places(cell.server, cell.clients, cell.protocol.port))
            try:
                server = self._worker.start(cell.server, {"port": str(places.server_port)})
            except ProgramError as error:
                return self._failed(f"the server {cell.server.name} cannot be started: {error}")
            stack.callback(server.handle.stop)
            trouble = self._listens(server, places)
            if trouble:
                status = server.handle.stop()
                ending = f" (it ended with status {status})" if status is not None else ""
                printed = _most_telling(server.console)
                return self._failed(f"the server {cell.server.name} {trouble}{ending}; it printed {printed}", server)
            self._phase("server")
            try:
                with self._tap_between(places):
                    try:
                        self._operate(server, places)
                        self._phase("clients")
                        self._settle(server)
                    finally:
                        for started in self._clients.values():
                            started.handle.stop()
                        status = server.handle.stop()
            except ProgramError as error:
                return self._failed(f"a client cannot be started: {error}", server)
            except TapError as error:
                return self._failed(str(error), server)
            self._phase("end")
            accounts = self._accounts(server, status, places)
        evidence = Evidence(
            cell.protocol, self._recording, accounts[0], accounts[1:], cell.network.clients, tuple(self._said)
        )
        return self._result(judge(evidence), accounts)

    @contextmanager
    def _tap_between(self, places: Places) -> Iterator[None]:
        self._recording = self._worker.tap.open(
            listen=places.tap,
            to=places.server,
            conditions=self._cell.network.conditions,
            seed=len(self._cell.name),
            connect_timeout=_connect_timeout(self._cell.server, self._limits),
        )
        try:
            yield
        finally:
            self._worker.tap.close()

    def _listens(self, server: Started, places: Places) -> str | None:
        console = self._cell.server.console
        if console is None:
            return None
        line = fill(console.listening or "", {"port": places.server_port})
        until = time.monotonic() + self._limits.listen
        if server.console.wait_for(lambda log: line in log.texts("out"), until):
            return None
        return f"never said {line!r}"

    def _operate(self, server: Started, places: Places) -> None:
        cell = self._cell
        if cell.scenario is None:
            self._start(None, cell.clients[0], places)
            self._wait_for_end(None, self._limits.clients, server)
            return
        try:
            for number, step in enumerate(cell.scenario.steps):
                match step:
                    case Join(join=names):
                        self._join(names, server, places)
                    case Say(say=texts):
                        self._say(number, texts)
                    case Leave(leave=names):
                        self._leave(names, server)
        except _StepError as error:
            if error.member is None:
                self._server_trouble = error.trouble
            else:
                self._troubles[error.member] = error.trouble

    def _start(self, member: str | None, program: Program, places: Places) -> None:
        host, port = places.tap
        values = {
            "host": host,
            "port": str(port),
            "clients": str(self._cell.network.clients),
            "author": member or "",
        }
        self._clients[member] = self._worker.start(program, values, typed=member is not None)

    def _wait_for_end(self, member: str | None, seconds: float, server: Started) -> None:
        until = time.monotonic() + seconds
        while self._clients[member].handle.wait(min(until, time.monotonic() + _LOOK_SECONDS)) is None:
            now = time.monotonic()
            if server.console.closed and until > now + self._limits.settle:
                seconds -= until - now - self._limits.settle  # nobody is there to be waited for much longer
                until = now + self._limits.settle
            if now >= until:
                self._troubles[member] = f"had not ended after {seconds:.3g} s"
                return

    # The steps of a scenario -----------------------------------------------------------------------------------------

    def _join(self, names: tuple[str, ...], server: Started, places: Places) -> None:
        scenario = self._cell.scenario
        assert scenario is not None
        for name in names:
            self._start(name, self._cell.clients[scenario.members.index(name)], places)
        joined = len(self._clients)
        until = time.monotonic() + self._limits.step
        self._seen_on_the_wire(lambda recording: _introduced(recording, self._cell) >= joined, until)
        console = self._cell.server.console
        if console is None:
            return
        lines = console.after.get("client.address", ())
        if lines and not server.console.wait_for(lambda log: _count(log, lines[-1]) >= joined, until):
            raise _StepError(None, f"never said {lines[-1]!r} for each of the {joined} clients that had joined")

    def _say(self, number: int, texts: Mapping[str, str]) -> None:
        present = frozenset(member for member in self._clients if member is not None and not self._has_left(member))
        for author, text in texts.items():
            self._said.append(Said(number, author, text, present))
            self._clients[author].handle.type(f"{text}\n")
        until = time.monotonic() + self._limits.step
        deliveries = sum(len(message.audience) for message in self._said)
        self._seen_on_the_wire(lambda recording: _delivered(recording, self._cell) >= deliveries, until)
        for member in sorted(present):
            self._heard(member, texts, until)

    def _seen_on_the_wire(self, seen: Callable[[Recording], bool], until: float) -> None:
        """Waits for the wire to show it; not for longer than the programs live that it depends on."""
        present = [member for member in self._clients if member is not None and not self._has_left(member)]
        while not self._recording.wait_for(seen, min(until, time.monotonic() + _LOOK_SECONDS)):
            for member in present:
                if self._has_left(member):
                    raise _StepError(member, "ended before its input did")
            if self._recording.over or time.monotonic() >= until:
                return

    def _heard(self, member: str, texts: Mapping[str, str], until: float) -> None:
        scenario = self._cell.scenario
        assert scenario is not None
        console = self._cell.clients[scenario.members.index(member)].console
        if console is None:
            return
        for author, text in texts.items():
            wanted = [fill(line, {"author": author, "text": text}) for line in console.heard if author != member]
            log = self._clients[member].console
            if not log.wait_for(lambda log, wanted=wanted: set(wanted) <= set(log.texts("out")), until):  # type: ignore[misc]
                raise _StepError(member, f"never showed {wanted[0]!r}, {self._limits.step:g} s after it was typed")

    def _leave(self, names: tuple[str, ...], server: Started) -> None:
        for name in names:
            self._clients[name].handle.end_input()
        for name in names:
            self._wait_for_end(name, self._limits.step, server)
            if name in self._troubles:
                raise _StepError(name, f"had not ended {self._limits.step:g} s after its input did")
        console = self._cell.server.console
        if console is None or not console.left:
            return
        left = sum(self._has_left(member) for member in self._clients if member is not None)
        until = time.monotonic() + self._limits.step
        if not server.console.wait_for(lambda log: _count(log, console.left[-1]) >= left, until):
            raise _StepError(None, f"never said {console.left[-1]!r} for each of the {left} clients that had left")

    def _has_left(self, member: str) -> bool:
        return self._clients[member].console.closed

    # The end ---------------------------------------------------------------------------------------------------------

    def _settle(self, server: Started) -> None:
        """Lets what is under way arrive: the ends of the connections, and the server's lines about them."""
        until = time.monotonic() + self._limits.settle
        self._recording.wait_for(lambda recording: all(seen.client.closed for seen in recording.connections), until)
        console = self._cell.server.console
        if console is None:
            return
        conversations = [read_conversation(self._cell.protocol, seen) for seen in self._recording.connections]
        lines = expected_count(console, conversations, len(self._said))
        server.console.wait_for(lambda log: len(log.texts("out")) >= lines, until)

    def _accounts(self, server: Started, status: int | None, places: Places) -> list[Account]:
        cell = self._cell
        accounts = [Account(cell.server, server.console.lines, status, places.server_port, self._server_trouble)]
        for member, started in self._clients.items():
            program = cell.clients[cell.scenario.members.index(member) if cell.scenario and member else 0]
            trouble = self._troubles.get(member)
            ended = started.handle.wait(time.monotonic())
            accounts.append(
                Account(program, started.console.lines, None if trouble else ended, places.tap[1], trouble, member)
            )
        return accounts

    def _failed(self, problem: str, server: Started | None = None) -> CellResult:
        accounts = [Account(self._cell.server, server.console.lines, None, 0)] if server else []
        return self._result(Verdict([problem], []), accounts)

    def _result(self, verdict: Verdict, accounts: list[Account]) -> CellResult:
        seconds = time.monotonic() - self._began
        return CellResult(self._cell, verdict, self._recording, accounts, self._began, seconds, self._phases)

    def _phase(self, name: str) -> None:
        now = time.monotonic()
        self._phases[name] = now - self._phase_began
        self._phase_began = now


def _most_telling(log: ConsoleLog) -> str:
    """The line that says most of a program that did not come far: the end of a traceback, or else the beginning."""
    lines = [line.text for line in log.lines if line.text.strip()]
    if not lines:
        return "nothing"
    return repr(lines[-1] if any(line.startswith("Traceback") for line in lines) else lines[0])


def _connect_timeout(server: Program, limits: Limits) -> float:
    """A server whose console is not judged does not say when it listens: the tap tries to connect until it does."""
    return limits.listen if server.console is None else 0.0


def _count(log: ConsoleLog, template: str) -> int:
    return sum(1 for text in log.texts("out") if pattern(template).fullmatch(text))


def _introduced(recording: Recording, cell: Cell) -> int:
    return sum(bool(read_conversation(cell.protocol, seen).fields) for seen in recording.connections)


def _delivered(recording: Recording, cell: Cell) -> int:
    """How many messages have gone on to clients, whole."""
    return sum(
        message.sender != CLIENT
        for seen in recording.connections
        if seen.server.passed_on == len(seen.server.data)
        for message in read_conversation(cell.protocol, seen).messages
    )
