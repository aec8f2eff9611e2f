"""A run of the matrix: what it selects, what it says, what it leaves, and that nothing of it is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree

import docker
import psutil
import pytest

from conformance.backends.containers import LABEL
from conformance.backends.run_label import RUN_LABEL_VARIABLE
from conformance.backends.runtimes import find_jdks
from conformance.formatting import catalogue
from tests.conformance.running import HERE, ROOT, arguments, environment, run_matrix

WORDS = catalogue("en")
NOWHERE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
LONG = 60.0
START = 300.0  # images may have to be built first
PROGRAMS = ("--programs", str(HERE / "broken" / "programs.yaml"))
CELLS = [
    "addition/python-async/python-multithreaded/byte-by-byte",
    "chat/python-chat/all-python-chat/direct",
]


def collected(results: Path, *options: str) -> list[str]:
    """The names of the cells that such a run would have."""
    run = run_matrix(results, "--collect-only", "-q", *options, changes=NOWHERE)
    assert run.status == 0, run.output
    marker = "conformance/spec/matrix.yaml::"
    return [line.removeprefix(marker) for line in run.output.splitlines() if line.startswith(marker)]


# Selection -----------------------------------------------------------------------------------------------------------


def test_a_cells_name_selects_it_and_no_other(tmp_path: Path) -> None:
    name = "addition/java-SimpleServer/python-simple/byte-by-byte"
    assert collected(tmp_path, "-k", name) == [name]


def test_collecting_starts_nothing(tmp_path: Path) -> None:
    """Not even the search for an engine: with one that is asked for and absent, nothing complains."""
    run = run_matrix(tmp_path, "--collect-only", "--backend", "containers", changes=NOWHERE)
    assert run.status == 0, run.output
    assert "<CellItem addition/java-SimpleServer/python-simple/direct>" in run.output
    assert "as asked" not in run.output
    assert list(tmp_path.iterdir()) == []


def test_the_java_side_under_several_jdks(tmp_path: Path) -> None:
    names = collected(tmp_path, "--java", "17,25", "-k", "direct and addition and SimpleServer")
    assert "addition/java17-SimpleServer/java25-SimpleClient/direct" in names
    assert "addition/java25-SimpleServer/python-simple/direct" in names
    assert not any("/java-" in name for name in names)


def test_a_jdk_that_is_absent_is_skipped_and_said(tmp_path: Path) -> None:
    cell = "addition/java99-SimpleServer/python-simple/direct"
    run = run_matrix(tmp_path, "--backend", "processes", "--java", "99", "-k", cell)
    assert run.status == 0
    assert run.records[cell]["verdict"] == "skipped"
    problem = run.problem(cell)
    assert problem is not None
    assert problem.code == "cannot-run-here"
    assert WORDS.text("report.run.skipped-because", {"reason": problem.values["reason"]}, count=1) in run.output


@pytest.mark.parametrize("versions", ["x", "17;25", "17,latest"])
def test_versions_that_are_none(tmp_path: Path, versions: str) -> None:
    run = run_matrix(tmp_path, "--java", versions)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert WORDS.text("report.run.bad-versions", {"language": "java", "text": versions}) in run.output


# What a run says and leaves ------------------------------------------------------------------------------------------


def test_what_a_run_says_and_leaves(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    results = tmp_path / "results"
    options = ("--backend", "processes", "-k", " or ".join(CELLS), f"--junit-xml={report}")
    run = run_matrix(results, *options)
    assert run.status == 0, run.output
    two_cells = WORDS.text("report.run.cells", count=2)
    begins = {"backend": "processes", "why": "as asked", "what": two_cells}
    assert WORDS.text("report.run.backend", begins) in run.output
    passed = WORDS.text("report.run.passed", count=1)
    assert f"addition      python-multithreaded\npython-async  {passed}\n" in run.output
    assert f"chat         all-python-chat\npython-chat  {passed}\n" in run.output
    assert WORDS.text("report.run.records", {"folder": f"{results}{os.sep}"}) in run.output

    assert run.records.keys() == set(CELLS)
    assert run.facts["cells"] == CELLS
    assert (run.facts["backend"], run.facts["why"]) == ("processes", "as asked")
    assert run.facts["versions"]["python"]

    record = run.records[CELLS[0]]
    assert (record["verdict"], record["problems"], record["network"]) == ("passed", [], "byte-by-byte")
    assert {event["size"] for event in record["wire"] if event["kind"] == "sent"} == {1}
    assert all(event["at"] >= 0 for event in record["wire"])
    assert len(record["conversations"]) == 20
    for conversation in record["conversations"]:
        values = {field["field"]: field["value"] for field in conversation["fields"] if "field" in field}
        assert values["sum"] == values["first"] + values["second"]
        assert conversation["problems"] == []
    server, client = record["programs"]
    assert (server["role"], server["status"], client["role"], client["status"]) == ("server", None, "client", 0)
    assert sum(line["text"].startswith("--> Réponse serveur : ") for line in client["console"]) == 20
    assert [program["member"] for program in run.records[CELLS[1]]["programs"]] == [
        None,
        "alice",
        "bob",
        "chloe",
        "dora",
    ]

    cases = list(ElementTree.parse(report).iter("testcase"))
    assert sorted(case.get("name", "") for case in cases) == CELLS
    assert [float(case.get("time", "0")) for case in cases] == [
        pytest.approx(run.records[case.get("name", "")]["seconds"], abs=0.1) for case in cases
    ]


def test_a_run_speaks_the_language_of_the_environment(tmp_path: Path) -> None:
    cell = "addition/python-simple/python-simple/direct"
    run = run_matrix(tmp_path, "--backend", "processes", "-k", cell, changes={"LANGUAGE": "fr"})
    assert run.status == 0, run.output
    french = catalogue("fr")
    for name in ("report.run.matrix", "report.run.records", "report.run.report"):
        text, other = (words.text(name, {"folder": "", "path": ""}) for words in (french, WORDS))
        assert text in run.output
        assert other not in run.output


def test_auto_takes_processes_where_no_engine_answers_and_says_so(tmp_path: Path) -> None:
    if not find_jdks():
        pytest.skip("there is no JDK on this machine, and without one auto has nothing to take")
    cell = "addition/python-simple/python-simple/direct"
    run = run_matrix(tmp_path, "-k", cell, changes=NOWHERE)
    assert run.status == 0, run.output
    assert (run.facts["backend"], run.codes()) == ("processes", {cell: None})
    assert run.facts["why"] in run.output


def test_auto_takes_containers_where_an_engine_answers(engine: docker.DockerClient, tmp_path: Path) -> None:
    cell = "addition/python-simple/python-simple/direct"
    run = run_matrix(tmp_path, "-k", cell)
    assert run.status == 0, run.output
    assert (run.facts["backend"], run.codes()) == ("containers", {cell: None})
    assert run.facts["why"] in run.output
    assert left_in(engine) == []


def test_without_engine_and_jdk_one_line_says_what_to_install(tmp_path: Path) -> None:
    bare = {**NOWHERE, "PATH": str(tmp_path), "JAVA_HOME": None}
    run = run_matrix(tmp_path / "results", "-p", "tests.conformance.no_jdk", changes=bare)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert (
        "no container engine answers, and there is no JDK: install Docker (Docker Desktop, or docker.io on Debian), "
        "or a JDK from version 17 on (default-jdk-headless on Debian)"
    ) in run.output
    assert "Traceback" not in run.output


def test_containers_that_are_asked_for_and_absent(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, "--backend", "containers", changes=NOWHERE)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "--backend containers: no container engine answers: start Docker, or install it" in run.output


# Nothing is left -----------------------------------------------------------------------------------------------------

UNDER_WAY = "addition/python-simple/waits/direct"
NEXT = "addition/python-simple/python-simple/direct"


@contextmanager
def a_run_under_way(results: Path, backend: str, busy: Callable[[int], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """A run in the middle of a cell that does not end; `busy` says of a run's process id whether it has come so far."""
    with (results.parent / f"{results.name}.txt").open("wb") as output:
        process = subprocess.Popen(
            arguments(results, "--backend", backend, *PROGRAMS, "-k", UNDER_WAY),
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + START
        while not busy(process.pid):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def processes_of(run: int) -> list[psutil.Process]:
    """The processes with the label of that run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if f"/{run}/" in process.environ().get(RUN_LABEL_VARIABLE, "") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def left_in(engine: docker.DockerClient, run: int | None = None) -> list[str]:
    """The containers, networks and volumes with the label of that run; or of runs whose process is gone."""
    labelled: dict[str, str | list[str] | bool] = {"label": LABEL}
    things = [
        *(
            (container.name, container.labels)
            for container in engine.containers.list(all=True, filters=labelled, ignore_removed=True)
        ),
        *((network.name, (network.attrs or {}).get("Labels")) for network in engine.networks.list(filters=labelled)),
        *((volume.name, volume.attrs.get("Labels")) for volume in engine.volumes.list(filters=labelled)),
    ]
    runs = {str(name): int((labels or {})[LABEL].split("/")[1]) for name, labels in things}
    return [name for name, pid in runs.items() if (not psutil.pid_exists(pid) if run is None else pid == run)]


def busy_processes(run: int) -> bool:
    """A server, a tap and the client that waits."""
    return any("waits.py" in " ".join(process.cmdline()) for process in processes_of(run))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    with a_run_under_way(tmp_path / "results", "processes", busy_processes) as run:
        assert len(processes_of(run.pid)) >= 3
        run.send_signal(signal.SIGINT)
        assert run.wait(LONG) == pytest.ExitCode.INTERRUPTED
        assert processes_of(run.pid) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path: Path) -> None:
    with a_run_under_way(tmp_path / "results", "processes", busy_processes) as run:
        run.kill()
        run.wait()
        assert processes_of(run.pid) != []
        assert run_matrix(tmp_path / "next", "--backend", "processes", "-k", NEXT).status == 0
        assert processes_of(run.pid) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_a_run_that_lives_is_left_alone_by_the_next(tmp_path: Path) -> None:
    with a_run_under_way(tmp_path / "results", "processes", busy_processes) as run:
        before = {process.pid for process in processes_of(run.pid)}
        assert run_matrix(tmp_path / "next", "--backend", "processes", "-k", NEXT).status == 0
        assert {process.pid for process in processes_of(run.pid)} == before
        run.send_signal(signal.SIGINT)
        run.wait(LONG)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_leaves_nothing_in_the_engine(engine: docker.DockerClient, tmp_path: Path) -> None:
    def busy(run: int) -> bool:
        return len(left_in(engine, run)) >= 7  # tap, site, server and client; a network; sources and what was built

    with a_run_under_way(tmp_path / "results", "containers", busy) as run:
        run.send_signal(signal.SIGINT)
        assert run.wait(LONG) == pytest.ExitCode.INTERRUPTED
        assert left_in(engine, run.pid) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_run_left_in_the_engine_is_removed_by_the_next(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    with a_run_under_way(tmp_path / "results", "containers", lambda run: len(left_in(engine, run)) >= 7) as run:
        run.kill()
        run.wait()
        assert left_in(engine, run.pid) != []
        assert run_matrix(tmp_path / "next", "--backend", "containers", "-k", NEXT).status == 0
        assert left_in(engine, run.pid) == []
