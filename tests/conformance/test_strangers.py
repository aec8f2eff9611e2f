"""Programs that know nothing of the matrix join it by a YAML file: the course's unmodified ones, and students' own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import docker
import pytest

from conformance.backends.jdks import find_jdks
from tests.conformance.running import HERE, Run, any_of, run_matrix

ORIGINALS = HERE / "originals" / "programs.yaml"
COMMANDS = HERE / "originals" / "commands.yaml"

INSIST_ON_ONE_PORT = (
    "both programs insist on one port of 127.0.0.1, which leaves none for the tap; containers have room"
)


def meet(results: Path, backend: str, cells: Sequence[str]) -> Run:
    """Runs these cells, with all strangers."""
    files = ("--programs", str(ORIGINALS), "--programs", str(COMMANDS))
    run = run_matrix(results, "--backend", backend, *files, "-k", any_of(cells))
    assert run.records.keys() == set(cells), run.output
    return run


def verdicts(run: Run) -> dict[str, str]:
    """What came of each cell; where one failed, its reason."""
    return {
        name: record["verdict"] + (f": {record['reason']}" if record["reason"] else "")
        for name, record in run.records.items()
    }


# In processes --------------------------------------------------------------------------------------------------------

JOIN_AS_PROCESSES = [
    "addition/course-SimpleServer/python-simple/byte-by-byte",
    "addition/course-MultithreadedServer/python-multithreaded/direct",
    "addition/python-simple/course-SimpleClient/coalesced",
    "addition/python-async/course-MultithreadedClients/direct",
]
STUDENTS_AS_PROCESSES = [
    "addition/student-python/python-simple/direct",
    "addition/python-simple/student-python/byte-by-byte",
    "addition/a-command/python-simple/direct",
    "addition/python-simple/a-command/direct",
]


@pytest.mark.usefixtures("course_port")
@pytest.mark.skipif(not find_jdks(), reason="there is no JDK on this machine")
def test_the_course_joins_as_processes(tmp_path: Path) -> None:
    both = "addition/course-SimpleServer/course-SimpleClient/direct"
    found = verdicts(meet(tmp_path, "processes", [*JOIN_AS_PROCESSES, both]))
    assert found == {**dict.fromkeys(JOIN_AS_PROCESSES, "passed"), both: f"skipped: {INSIST_ON_ONE_PORT}"}


@pytest.mark.usefixtures("course_port")
def test_students_programs_and_commands_join_as_processes(tmp_path: Path) -> None:
    image = "addition/python-simple/an-image/direct"
    found = verdicts(meet(tmp_path, "processes", [*STUDENTS_AS_PROCESSES, image]))
    expected = {
        **dict.fromkeys(STUDENTS_AS_PROCESSES, "passed"),
        image: "skipped: an-image is an image, and needs the backend `containers`",
    }
    assert found == expected


# In containers -------------------------------------------------------------------------------------------------------

JOIN_IN_CONTAINERS = [
    "addition/course-SimpleServer/course-SimpleClient/byte-by-byte",
    "addition/course-MultithreadedServer/course-MultithreadedClients/direct",
    "addition/course-MultithreadedServer/python-multithreaded/coalesced",
    "addition/python-simple/course-SimpleClient/direct",
    "addition/student-python/student-python/direct",
    "addition/course-SimpleServer/student-python/slow",
    "addition/an-image/course-SimpleClient/direct",
    "addition/course-MultithreadedServer/an-image/direct",
]


def test_all_of_them_join_in_containers(engine: docker.DockerClient, tmp_path: Path) -> None:
    command = "addition/a-command/python-simple/direct"
    found = verdicts(meet(tmp_path, "containers", [*JOIN_IN_CONTAINERS, command]))
    assert found == {
        **dict.fromkeys(JOIN_IN_CONTAINERS, "passed"),
        command: "skipped: a-command is a command of this machine, and needs the backend `processes`",
    }


# Those that cannot ---------------------------------------------------------------------------------------------------

CANNOT = """
servers:
  no-such-command: {protocol: addition, console: any, command: [serveur-introuvable, "{port}"]}
  ends-at-once:
    {protocol: addition, console: simple-server, language: python,
     command: [python3, -c, "print('bonjour'); raise SystemExit(5)", "{port}"]}
  does-not-build:
    {protocol: addition, console: any, language: java, folder: sources, build: [javac, -d, "{build}", A.java],
     command: [java, A, "{port}"]}
clients:
  no-such-client: {protocol: addition, console: any, command: [client-introuvable, "{port}"]}
"""
REASONS = {
    "addition/no-such-command/python-simple/direct": (
        r"the server no-such-command cannot be started: {file}: servers\.no-such-command\.command: "
        r"no such program: serveur-introuvable"
    ),
    "addition/ends-at-once/python-simple/direct": (
        r"the server ends-at-once never said '### Écoute sur le port \d+' \(it ended with status 5\); "
        r"it printed 'bonjour'"
    ),
    "addition/does-not-build/python-simple/direct": (
        r"the server does-not-build cannot be started: {file}: servers\.does-not-build\.build: "
        r"javac ended with status 1: A\.java:1: error: .*"
    ),
    "addition/python-simple/no-such-client/direct": (
        r"a client cannot be started: {file}: clients\.no-such-client\.command: no such program: client-introuvable"
    ),
}


@pytest.mark.skipif(not find_jdks(), reason="there is no JDK on this machine")
def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    file, sources = tmp_path / "mine.yaml", tmp_path / "sources"
    sources.mkdir()
    (sources / "A.java").write_text("class A { int x = ; }\n", encoding="utf-8")
    file.write_text(CANNOT, encoding="utf-8")
    options = ("--backend", "processes", "--programs", str(file), "-k", any_of(list(REASONS)))
    run = run_matrix(tmp_path / "results", *options)
    assert run.records.keys() == REASONS.keys(), run.output
    for cell, expected in REASONS.items():
        assert re.fullmatch(expected.replace("{file}", re.escape(str(file))), run.reason(cell) or "", re.DOTALL), cell


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "servers: {mine: {protocol: addition, console: any, comand: [x]}}",
            "servers.mine: unknown key 'comand'; did you mean 'command'?",
        ),
        ("servers: {mine", "is not YAML: expected ',' or '}', but got '<stream end>'"),
    ],
)
def test_a_mistake_in_the_file_is_all_that_a_user_sees(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    run = run_matrix(tmp_path / "results", "--programs", str(file))
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert run.output.strip().startswith(f"ERROR: {file}")
    assert run.output.strip().endswith(sentence)
    assert run.output.count("\n") <= 2
