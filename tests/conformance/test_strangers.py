"""Programs that know nothing of the matrix join it by a YAML file: the course's unmodified ones, and students' own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import docker
import pytest

from conformance.backends.runtimes import find_jdks
from tests.conformance.running import HERE, Run, any_of, run_matrix

ORIGINALS = HERE / "originals" / "programs.yaml"
COMMANDS = HERE / "originals" / "commands.yaml"


def meet(results: Path, backend: str, cells: Sequence[str]) -> Run:
    """Runs these cells, with all strangers."""
    files = ("--programs", str(ORIGINALS), "--programs", str(COMMANDS))
    run = run_matrix(results, "--backend", backend, *files, "-k", any_of(cells))
    assert run.records.keys() == set(cells), run.output
    return run


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
    both = "addition/course-SimpleServer/course-SimpleClient/direct"  # which insist on one port of one address
    run = meet(tmp_path, "processes", [*JOIN_AS_PROCESSES, both])
    assert run.codes() == {**dict.fromkeys(JOIN_AS_PROCESSES), both: "cannot-run-here"}


@pytest.mark.usefixtures("course_port")
def test_students_programs_and_commands_join_as_processes(tmp_path: Path) -> None:
    image = "addition/python-simple/an-image/direct"
    run = meet(tmp_path, "processes", [*STUDENTS_AS_PROCESSES, image])
    assert run.codes() == {**dict.fromkeys(STUDENTS_AS_PROCESSES), image: "cannot-run-here"}
    assert run.records[image]["verdict"] == "skipped"


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
    run = meet(tmp_path, "containers", [*JOIN_IN_CONTAINERS, command])
    assert run.codes() == {**dict.fromkeys(JOIN_IN_CONTAINERS), command: "cannot-run-here"}


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
# Of each cell the code, and what must stand among the values of its problem.
REASONS = {
    "addition/no-such-command/python-simple/direct": ("cannot-start", "servers.no-such-command.command"),
    "addition/ends-at-once/python-simple/direct": ("never-listened", "bonjour"),
    "addition/does-not-build/python-simple/direct": ("cannot-start", "servers.does-not-build.build"),
    "addition/python-simple/no-such-client/direct": ("cannot-start", "clients.no-such-client.command"),
}


@pytest.mark.skipif(not find_jdks(), reason="there is no JDK on this machine")
def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    file, sources = tmp_path / "mine.yaml", tmp_path / "sources"
    sources.mkdir()
    (sources / "A.java").write_text("class A { int x = ; }\n", encoding="utf-8")
    file.write_text(CANNOT, encoding="utf-8")
    options = ("--backend", "processes", "--programs", str(file), "-k", any_of(list(REASONS)))
    run = run_matrix(tmp_path / "results", *options)
    assert run.codes() == {cell: code for cell, (code, _) in REASONS.items()}, run.output
    for cell, (code, part) in REASONS.items():
        problem = run.problem(cell)
        assert problem is not None
        values = " ".join(map(str, problem.values.values()))
        assert part in values
        assert (str(file) in values) == (code == "cannot-start")
    assert "A.java:1" in str(run.records["addition/does-not-build/python-simple/direct"]["problems"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "servers: {mine: {protocol: addition, console: any, comand: [x]}}",
            "servers.mine: unknown key 'comand'; did you mean 'command'?",
        ),
        ("servers: {mine", "is not YAML: did not find expected ',' or '}'"),
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
