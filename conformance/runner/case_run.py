"""Runs cases against a program: a server once for all of them, a client anew for each, with somebody to operate it."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.agent.player.peer import shown
from conformance.agent.player.player import Outcome, Reply
from conformance.agent.player.steps import Input, OperatorStep, Rests, Shows, Type
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.agent.recording import Recording
from conformance.backends.base import ConsoleLog, Started, Worker
from conformance.decoder import read_conversations
from conformance.judge import ConsoleLine
from conformance.judge.consoles import connection_lines
from conformance.model.cases import Case, CaseFile, load_cases
from conformance.model.program import Program
from conformance.model.protocol import Protocol
from conformance.model.registry import Registry
from conformance.model.yaml_file import YamlError
from conformance.runner.case_order import harmless_first
from conformance.runner.cell_run import found_port_taken, wait_for_server

__all__ = ["CaseGroup", "CaseResult", "Typist", "case_groups", "case_not_run", "last_of_client", "run_cases"]

_LISTEN_SECONDS = 20.0
_END_SECONDS = 10.0
_SHOW_SECONDS = 10.0
_BUSY = 0.6  # of the time: a JVM that has just started is not idle either
_CONNECTIONS = 5  # connections of a client that makes many
_SHOWN_LINES = 3
_SHOWN_BYTES = 16
_ENDS_SECONDS = 1.0
_LINES_SECONDS = 0.2
_ENDED = ("no-connection", "ended-instead", "ended-while-sent-to", "ended-otherwise")
_CRASHED = re.compile(r"Traceback \(most recent call last\)|Exception in thread ")


@dataclass(frozen=True)
class CaseGroup:
    """The cases that a program is to stand."""

    protocol: Protocol
    program: Program
    file: CaseFile
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        """`case/addition/server/python-async`; with the name of a case behind it, it selects that one with -k."""
        return f"case/{self.protocol.protocol}/{self.program.role}/{self.program.name}"


@dataclass
class CaseResult:
    """What came of a case.

    `problem` is what the program did wrong, `non_strict` what it did otherwise than it should, where that is accepted;
    `lines` is what it printed meanwhile, and the places of problems count them from 0. `began` is on the monotonic
    clock.
    """

    group: CaseGroup
    case: Case
    problem: Problem | None
    non_strict: Problem | None
    recording: Recording
    lines: Sequence[ConsoleLine]
    began: float
    seconds: float
    port_taken: bool = False
    timed_out: bool = False

    @property
    def problems(self) -> Sequence[Problem]:
        """What the program did wrong, or what is the harness's own trouble."""
        return () if self.problem is None else (self.problem,)

    def ours(self, problem: Problem) -> CaseResult:
        """The same with our own trouble in place of a verdict."""
        return replace(self, problem=problem, non_strict=None)


def case_not_run(group: CaseGroup, name: str, problem: Problem) -> CaseResult:
    """The result of a case that could not be run."""
    case = next(case for case in group.cases if case.name == name)
    return CaseResult(group, case, problem, None, Recording(), (), time.monotonic(), 0.0)


def case_groups(registry: Registry, programs: Iterable[Program]) -> Iterator[CaseGroup]:
    """The cases of each program: of its protocol, against its side, for its way to serve."""
    files = load_cases(registry.cases)
    for file in files.values():
        if file.protocol not in registry.protocols:
            known = ", ".join(registry.protocols)
            raise YamlError(f"{file.path}: protocol: no such protocol: {file.protocol!r}; known are {known}")
    for program in programs:
        found = files.get((program.entry.protocol, program.role))
        if found is None or program.console is None:
            continue
        way = "one at a time" if program.console.order == "one at a time" else "at once"
        protocol = registry.protocols[program.entry.protocol]
        cases = tuple(case for case in found.cases if program.role == "client" or case.serves in ("both", way))
        if program.role == "server":
            cases = tuple(harmless_first(cases, protocol))
        yield CaseGroup(protocol, program, found, cases)


def run_cases(group: CaseGroup, names: Sequence[str], worker: Worker) -> dict[str, CaseResult]:
    """Runs the cases of these names, and gives their results by name."""
    cases = [case for case in group.cases if case.name in names]
    run = _against_server if group.program.role == "server" else _against_client
    return {result.case.name: result for result in run(group, cases, worker)}


def _against_server(group: CaseGroup, cases: Sequence[Case], worker: Worker) -> Iterator[CaseResult]:
    """One server for all cases, as a class of students has it; a new one only where it has ended."""
    program, player = group.program, worker.player
    with worker.places(program, (), group.protocol.port) as places:
        server: Started | None = None
        try:
            for case in cases:
                began, before = time.monotonic(), 0
                try:
                    if server is None or server.console.closed:
                        server = None
                        server = worker.start(program, {"port": str(places.server[1])})
                        wait_for_server(server, program, places.server[1], worker.patience * _LISTEN_SECONDS)
                    before = len(server.console.lines)
                    outcome = player.against_server(group.name, case.steps, group.file.afterwards, *places.server)
                    if _has_ended(server, outcome.problem):
                        values = {**last_of_client(outcome.recording), "status": server.handle.stop()}
                        outcome.problem = _problem(group.program.name, "server-ended", case=case.name, **values)
                except ProblemError as error:
                    outcome = Outcome(error.problem)
                if server is not None and outcome.problem is not None:
                    _let_lines_come(server.console, before, group, outcome.recording)
                result = _result(group, case, outcome, server.console.since(before) if server else (), began)
                taken = not program.fixed_port and server is not None and found_port_taken(server.console)
                yield replace(result, port_taken=taken)
        finally:
            if server is not None:
                server.handle.stop()


def _against_client(group: CaseGroup, cases: Sequence[Case], worker: Worker) -> Iterator[CaseResult]:
    """A new client for each case; the harness is the server."""
    for case in cases:
        with worker.places(group.program, (group.program,), group.protocol.port) as places:
            began = time.monotonic()
            outcome, lines = _play_against_client(group, case, worker, *places.tap)
            yield _result(group, case, outcome, lines, began)


def _play_against_client(
    group: CaseGroup, case: Case, worker: Worker, host: str, port: int
) -> tuple[Outcome, Sequence[ConsoleLine]]:
    program, player, typed = group.program, worker.player, group.file.typed
    values = {"host": host, "port": str(port), "clients": str(_CONNECTIONS), "author": case.author}
    try:
        if case.listens:
            player.listen(group.name, case.steps, host, port, program.connections(_CONNECTIONS) or 1)
        client = worker.start(program, values, typed=typed)
    except ProblemError as error:
        return Outcome(error.problem), ()
    typist = Typist(client, program.name, typed=typed)
    try:
        outcome = player.outcome(typist) if case.listens else Outcome()
        if client.handle.wait(time.monotonic() + _END_SECONDS) is None:
            outcome.problem = outcome.problem or _problem(group.program.name, "still-running", seconds=_END_SECONDS)
    except ProblemError as error:
        outcome = Outcome(error.problem)
    finally:
        client.handle.stop()
        typist.close()
    lines = client.console.lines
    outcome.problem = outcome.problem or _wrong_console(group, case, lines)
    return outcome, lines


def _let_lines_come(console: ConsoleLog, before: int, group: CaseGroup, recording: Recording) -> None:
    """Waits a moment for the lines about what passed: they come another way than the bytes."""
    if group.program.console is not None:
        conversations = read_conversations(group.protocol, recording)
        told = sum(len(connection_lines(group.program.console, each, {})) for each in conversations)
        console.wait_for(lambda log: log.count("out") >= before + told, time.monotonic() + _LINES_SECONDS)


def _has_ended(server: Started, problem: Problem | None) -> bool:
    """Whether the server has ended; it may take a moment to, where nobody is served any more."""
    refused = problem is not None and problem.values.get("cause", problem.code) in _ENDED
    return server.console.closed or (refused and server.handle.wait(time.monotonic() + _ENDS_SECONDS) is not None)


def last_of_client(recording: Recording) -> dict[str, Any]:
    """What a client did before its server ended, as values of `server-ended`: `ended`, how it left, `size` and `raw`.

    Of several clients, it is the one that reset its connection, or else the first.
    """
    connections = recording.connections
    if not connections:
        return {}
    one = next((each for each in connections if each.client.reset is not None), connections[0]).client
    sent = {"size": one.size, "raw": one.data[:_SHOWN_BYTES]} if one.size else {}
    return {"ended": "end" if one.reset is None else "reset", **sent}


def _problem(label: str, code: str, line: int | None = None, **values: object) -> Problem:
    return Problem(code, Where(program=label, line=line), values, time.monotonic())


def _result(group: CaseGroup, case: Case, outcome: Outcome, lines: Sequence[ConsoleLine], began: float) -> CaseResult:
    seconds = time.monotonic() - began
    problem = outcome.problem or _crash(group, lines)
    non_strict = None if problem else outcome.non_strict
    return CaseResult(group, case, problem, non_strict, outcome.recording, lines, began, seconds)


def _crash(group: CaseGroup, lines: Sequence[ConsoleLine]) -> Problem | None:
    errors = _errors(lines)
    crashed = next((number for number, text in errors if _CRASHED.match(text)), None)
    return None if crashed is None else _problem(group.program.name, "crashed", crashed, text=shown(errors[-1][1]))


def _errors(lines: Sequence[ConsoleLine]) -> list[tuple[int, str]]:
    return [(number, line.text) for number, line in enumerate(lines) if line.stream == "err"]


def _wrong_console(group: CaseGroup, case: Case, lines: Sequence[ConsoleLine]) -> Problem | None:
    errors = _errors(lines)
    place, texts = (errors[0][0] if errors else None), [text for _, text in errors]
    for wanted in case.console:
        if not any(re.fullmatch(wanted, text) for text in texts):
            printed = {"text": shown(texts[:_SHOWN_LINES])} if texts else {}
            return _problem(group.program.name, "error-line-missing", place, pattern=wanted, **printed)
    if texts and not case.console:
        return _problem(group.program.name, "error-line-unexpected", place, text=shown(texts[0]))
    for unwanted in case.hides:
        for number, line in enumerate(lines):
            if line.stream == "out" and re.fullmatch(unwanted, line.text):
                return _problem(group.program.name, "forbidden-line", number, pattern=unwanted, text=shown(line.text))
    return None


# Operating a client ---------------------------------------------------------------------------------------------------


class Typist:
    """Operates a client that was started: does the steps of a case, each as soon as it is told.

    A client that cannot send does not read what is typed either. Typing waits for it in a thread, so that the case
    goes on.
    """

    def __init__(self, client: Started, label: str, *, typed: bool) -> None:
        self._handle, self._console, self._label = client.handle, client.console, label
        self._looked_at = 0
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        if typed:
            threading.Thread(target=self._type, daemon=True).start()

    def __call__(self, step: OperatorStep) -> Reply:
        """Does the step."""
        match step:
            case Type():
                for line in step.type:
                    self._lines.put(line)
            case Input():
                self._lines.put(None)
            case Shows():
                return self._look(step)
            case Rests():
                return self._time(step.rests / 1000)
        return Reply()

    def close(self) -> None:
        """Types no more."""
        self._lines.put(None)

    def _type(self) -> None:
        while (line := self._lines.get()) is not None:
            self._handle.type(f"{line}\n")
        self._handle.end_input()

    def _time(self, seconds: float) -> Reply:
        """Lets that time pass, and sees whether the client has spent it."""
        before = self._handle.processor_seconds()
        time.sleep(seconds)
        after = self._handle.processor_seconds()
        if before is None or after is None or after - before < _BUSY * seconds:
            return Reply()
        return Reply(_problem(self._label, "too-busy", used=round(after - before, 2), seconds=seconds))

    def _look(self, step: Shows) -> Reply:
        right, accepted = (_Search([*lines], self._looked_at) for lines in (step.shows, step.non_strict))

        def seen(log: ConsoleLog) -> bool:
            return right.found(log) or (bool(step.non_strict) and accepted.found(log))

        if not self._console.wait_for(seen, time.monotonic() + _SHOW_SECONDS):
            last = [line.text for line in self._console.since(self._looked_at) if line.stream == "out"]
            values = {"shows": _shown(step.shows)} | ({"text": _shown(last)} if last else {})
            return Reply(_problem(self._label, "not-shown", right.other, **values))
        if not right.wanted:
            self._looked_at = right.place
            return Reply()
        self._looked_at = accepted.place
        return Reply(non_strict=_problem(self._label, "shown-otherwise", accepted.last, text=_shown(step.non_strict)))


@dataclass
class _Search:
    """Looks for lines of standard output, in their order; each line of the console is looked at once.

    `wanted` are those still to be found, `place` is that behind the last line looked at, `last` that of the last line
    found, and `other` that of the first line since which is not the next one wanted.
    """

    wanted: list[str]
    place: int
    last: int | None = None
    other: int | None = None

    def found(self, log: ConsoleLog) -> bool:
        """Takes in what is new, up to the last of the lines; whether all of them were found."""
        for line in log.since(self.place):
            if not self.wanted:
                break
            if line.stream == "out" and line.text == self.wanted[0]:
                self.wanted.pop(0)
                self.last, self.other = self.place, None
            elif line.stream == "out" and self.other is None:
                self.other = self.place
            self.place += 1
        return not self.wanted


def _shown(lines: Sequence[str]) -> Any:
    """The lines as a problem has them: long ones without their middle, and of many the first ones and the last."""
    return shown(lines if len(lines) <= _SHOWN_LINES else [*lines[: _SHOWN_LINES - 1], "...", lines[-1]])
