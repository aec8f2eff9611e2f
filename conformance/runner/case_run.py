"""Runs cases against a program: a server once for all of them, a client anew for each."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.agent.player.player import Outcome
from conformance.agent.recording import Recording
from conformance.backends.base import Places, ProgramError, Started, Worker
from conformance.backends.player_client import PlayerControl, PlayerError
from conformance.judge.console_line import ConsoleLine
from conformance.model.cases import Case, CaseFile, load_cases
from conformance.model.console import fill
from conformance.model.program import Program
from conformance.model.protocol import Protocol
from conformance.model.registry import Registry
from conformance.model.yaml_file import YamlError
from conformance.runner.typist import Typist

__all__ = ["CaseGroup", "CaseResult", "case_groups", "run_cases"]

_LISTEN_SECONDS = 20.0
_END_SECONDS = 10.0
_CROWD = 5  # connections of a client that makes many
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
    """What came of a case; `lines` is what the program printed meanwhile.

    `rough` is what the program did in the place of what it should, where that is only noted.
    """

    group: CaseGroup
    case: Case
    problem: str | None
    recording: Recording
    lines: Sequence[ConsoleLine]
    began: float
    seconds: float
    rough: str | None = None

    @property
    def note(self) -> str | None:
        """The sentence about a program that is rough as the course's Java is."""
        return f"rough, as the course's Java is: {self.case.rough}" if self.rough and not self.problem else None

    @property
    def name(self) -> str:
        """The case's full name."""
        return f"{self.group.name}/{self.case.name}"


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
        cases = tuple(case for case in found.cases if program.role == "client" or case.serves in ("both", way))
        yield CaseGroup(registry.protocols[program.entry.protocol], program, found, cases)


def run_cases(group: CaseGroup, names: Sequence[str], worker: Worker) -> dict[str, CaseResult]:
    """Runs the cases of these names, and gives their results by name."""
    cases = [case for case in group.cases if case.name in names]
    run = _ServerRun if group.program.role == "server" else _ClientRun
    return {result.case.name: result for result in run(group, worker).results(cases)}


class _Run:
    def __init__(self, group: CaseGroup, worker: Worker) -> None:
        self._group = group
        self._worker = worker
        self._program = group.program

    def _result(self, case: Case, outcome: Outcome, lines: Sequence[ConsoleLine], began: float) -> CaseResult:
        seconds = time.monotonic() - began
        problem = outcome.problem or _crash(self._program, lines)
        return CaseResult(self._group, case, problem, outcome.recording, lines, began, seconds, outcome.rough)


class _ServerRun(_Run):
    """One server for all cases, as a class of students has it; a new one only where it has ended."""

    def results(self, cases: Sequence[Case]) -> Iterator[CaseResult]:
        player = self._worker.player()
        with self._worker.places(self._program, (), self._group.protocol.port) as places:
            server: Started | None = None
            try:
                for case in cases:
                    began = time.monotonic()
                    if server is None or server.console.closed:
                        started = self._start(places)
                        if isinstance(started, str):
                            yield self._result(case, Outcome(started), (), began)
                            continue
                        server = started
                    before = len(server.console.lines)
                    outcome = self._play(player, case, places)
                    if server.console.closed:
                        status = server.handle.stop()
                        outcome.problem = f"the server {self._program.name} ended with status {status}"
                    yield self._result(case, outcome, server.console.lines[before:], began)
            finally:
                if server is not None:
                    server.handle.stop()

    def _start(self, places: Places) -> Started | str:
        try:
            server = self._worker.start(self._program, {"port": str(places.server_port)})
        except ProgramError as error:
            return f"the server {self._program.name} cannot be started: {error}"
        assert self._program.console is not None
        line = fill(self._program.console.listening or "", {"port": places.server_port})
        until = time.monotonic() + _LISTEN_SECONDS
        if server.console.wait_for(lambda log: line in log.texts("out"), until):
            return server
        server.handle.stop()
        return f"the server {self._program.name} never said {line!r}"

    def _play(self, player: PlayerControl, case: Case, places: Places) -> Outcome:
        host, port = places.server
        try:
            return player.against_server(case.steps, self._group.file.afterwards, host, port)
        except PlayerError as error:
            return Outcome(str(error))


class _ClientRun(_Run):
    """A new client for each case; the harness is the server."""

    def results(self, cases: Sequence[Case]) -> Iterator[CaseResult]:
        for case in cases:
            with self._worker.places(self._program, (self._program,), self._group.protocol.port) as places:
                yield self._one(case, places)

    def _one(self, case: Case, places: Places) -> CaseResult:
        began = time.monotonic()
        host, port = places.tap
        player = self._worker.player()
        values = {"host": host, "port": str(port), "clients": str(_CROWD), "author": case.author}
        try:
            if case.listens:
                player.listen(case.steps, host, port, self._program.connections(_CROWD) or 1)
            client = self._worker.start(self._program, values, typed=self._group.file.typed)
        except (PlayerError, ProgramError) as error:
            return self._result(case, Outcome(str(error)), (), began)
        typist = Typist(client, typed=self._group.file.typed)
        try:
            outcome = Outcome()
            if case.listens:
                try:
                    outcome = player.outcome(typist)
                except PlayerError as error:
                    outcome.problem = str(error)
            if client.handle.wait(time.monotonic() + _END_SECONDS) is None:
                outcome.problem = outcome.problem or (
                    f"the client {self._program.name} had not ended {_END_SECONDS:g} s after the conversation"
                )
        finally:
            client.handle.stop()
            typist.close()
        outcome.problem = outcome.problem or _wrong_errors(case, client.console.texts("err"))
        outcome.problem = outcome.problem or _not_hidden(case, client.console.texts("out"))
        return self._result(case, outcome, client.console.lines, began)


def _wrong_errors(case: Case, errors: Sequence[str]) -> str | None:
    for wanted in case.console:
        if not any(re.fullmatch(wanted, line) for line in errors):
            printed = " ".join(map(repr, errors)) or "nothing"
            return f"standard error must have a line {wanted!r}, and has {printed}"
    if errors and not case.console:
        return f"standard error has {errors[0]!r}, and all went well"
    return None


def _not_hidden(case: Case, lines: Sequence[str]) -> str | None:
    for unwanted in case.hides:
        for line in lines:
            if re.fullmatch(unwanted, line):
                return f"standard output must have no line {unwanted!r}, and has {line!r}"
    return None


def _crash(program: Program, lines: Sequence[ConsoleLine]) -> str | None:
    for line in lines:
        if line.stream == "err" and _CRASHED.match(line.text):
            last = [other.text for other in lines if other.stream == "err"][-1]
            return f"the {program.role} {program.name} crashed: {last!r}"
    return None
