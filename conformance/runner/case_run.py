"""Runs cases against a program: a server once for all of them, a client anew for each."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.agent.player.peer import shown
from conformance.agent.player.player import Outcome
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.agent.recording import Recording
from conformance.backends.base import Started, Worker
from conformance.judge import ConsoleLine
from conformance.model.cases import Case, CaseFile, load_cases
from conformance.model.program import Program
from conformance.model.protocol import Protocol
from conformance.model.registry import Registry
from conformance.model.yaml_file import YamlError
from conformance.runner.cell_run import start_program, wait_for_server
from conformance.runner.typist import Typist

__all__ = ["CaseGroup", "CaseResult", "case_groups", "run_cases"]

_LISTEN_SECONDS = 20.0
_END_SECONDS = 10.0
_CONNECTIONS = 5  # connections of a client that makes many
_SHOWN_LINES = 3
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
                        server = start_program(worker, program, {"port": str(places.server[1])})
                        wait_for_server(server, program, places.server[1], _LISTEN_SECONDS)
                    before = len(server.console.lines)
                    outcome = player.against_server(case.steps, group.file.afterwards, *places.server)
                    if server.console.closed:
                        outcome.problem = _problem(group, "ended-by-itself", status=server.handle.stop())
                except ProblemError as error:
                    outcome = Outcome(error.problem)
                yield _result(group, case, outcome, server.console.since(before) if server else (), began)
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
            player.listen(case.steps, host, port, program.connections(_CONNECTIONS) or 1)
        client = start_program(worker, program, values, typed=typed)
    except ProblemError as error:
        return Outcome(error.problem), ()
    typist = Typist(client, program.name, typed=typed)
    try:
        outcome = player.outcome(typist) if case.listens else Outcome()
        if client.handle.wait(time.monotonic() + _END_SECONDS) is None:
            outcome.problem = outcome.problem or _problem(group, "still-running", seconds=_END_SECONDS)
    except ProblemError as error:
        outcome = Outcome(error.problem)
    finally:
        client.handle.stop()
        typist.close()
    lines = client.console.lines
    outcome.problem = outcome.problem or _wrong_console(group, case, lines)
    return outcome, lines


def _problem(group: CaseGroup, code: str, line: int | None = None, **values: object) -> Problem:
    return Problem(code, Where(program=group.program.name, line=line), values, time.monotonic())


def _result(group: CaseGroup, case: Case, outcome: Outcome, lines: Sequence[ConsoleLine], began: float) -> CaseResult:
    seconds = time.monotonic() - began
    problem = outcome.problem or _crash(group, lines)
    non_strict = None if problem else outcome.non_strict
    return CaseResult(group, case, problem, non_strict, outcome.recording, lines, began, seconds)


def _crash(group: CaseGroup, lines: Sequence[ConsoleLine]) -> Problem | None:
    for number, line in enumerate(lines):
        if line.stream == "err" and _CRASHED.match(line.text):
            last = [other.text for other in lines if other.stream == "err"][-1]
            return _problem(group, "crashed", number, text=shown(last))
    return None


def _wrong_console(group: CaseGroup, case: Case, lines: Sequence[ConsoleLine]) -> Problem | None:
    errors = [(number, line.text) for number, line in enumerate(lines) if line.stream == "err"]
    place, texts = (errors[0][0] if errors else None), [text for _, text in errors]
    for wanted in case.console:
        if not any(re.fullmatch(wanted, text) for text in texts):
            printed = {"text": shown(texts[:_SHOWN_LINES])} if texts else {}
            return _problem(group, "error-line-missing", place, pattern=wanted, **printed)
    if texts and not case.console:
        return _problem(group, "error-line-unexpected", place, text=shown(texts[0]))
    for unwanted in case.hides:
        for number, line in enumerate(lines):
            if line.stream == "out" and re.fullmatch(unwanted, line.text):
                return _problem(group, "forbidden-line", number, pattern=unwanted, text=shown(line.text))
    return None
