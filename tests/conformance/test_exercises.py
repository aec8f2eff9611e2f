"""A teacher's exercise is files and no code: a protocol, consoles, cases and programs, and all of it is really run."""

from __future__ import annotations

import re
from pathlib import Path

import docker
import pytest
import yaml

from conformance.backends.runtimes import find_jdks
from tests.conformance.exercise import FOLDER
from tests.conformance.running import Run, any_of, run_matrix

# The exercise of this repository -------------------------------------------------------------------------------------

PAIRS = [
    f"file-transfer/{server}/{client}/{network}"
    for server in ("java-FileServer", "python-file-server")
    for client in ("java-FileClient", "python-file-client")
    for network in ("direct", "byte-by-byte")
]
CASES = [
    "case/file-transfer/server/python-file-server/negative-size/size--1",
    "case/file-transfer/server/java-FileServer/absurd-size/size-9223372036854775807",
    "case/file-transfer/client/python-file-client/wrong-checksum/by--1",
    "case/file-transfer/client/java-FileClient/split/byte-8",
]


def check(run: Run, wanted: list[str]) -> None:
    assert run.codes() == dict.fromkeys(wanted), run.output
    assert run.status == 0


@pytest.mark.skipif(not find_jdks(), reason="there is no JDK on this machine")
def test_every_pair_of_the_file_transfer_meets_as_processes(tmp_path: Path) -> None:
    options = ("--backend", "processes", "--cases", "-k", any_of([*PAIRS, *CASES]))
    check(run_matrix(tmp_path, *options), [*PAIRS, *CASES])


def test_the_file_transfer_meets_in_containers(engine: docker.DockerClient, tmp_path: Path) -> None:
    options = ("--backend", "containers", "--cases", "-k", any_of([*PAIRS[:4], *CASES]))
    check(run_matrix(tmp_path, *options), [*PAIRS[:4], *CASES])


def test_the_table_at_the_end_has_the_cases_of_an_exercise(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, "--backend", "processes", "--cases", "-k", CASES[0])
    assert run.status == 0, run.output
    assert re.search(r"^file-transfer/server/python-file-server +1 ok$", run.output, re.MULTILINE), run.output


def test_the_file_that_is_in_the_matrix_may_be_given_again(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, "--programs", str(FOLDER / "programs.yaml"), "--collect-only", "-q", "-k", PAIRS[0])
    assert run.status == 0
    assert run.output.count(PAIRS[0]) == 1


def test_the_guide_shows_the_files_as_they_are() -> None:
    guide = (FOLDER.parents[1] / "docs" / "write-an-exercise.md").read_text(encoding="utf-8")
    shown = {name: content for block in re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
             for name, content in yaml.safe_load(block).items()}  # fmt: skip
    protocol, consoles, programs, cases = (
        yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
        for name in ("protocol.yaml", "consoles.yaml", "programs.yaml", "cases/server.yaml")
    )
    assert protocol.items() <= shown.items()
    assert shown["file-server"] == consoles["file-server"]
    assert shown["servers"].items() <= programs["servers"].items()
    assert [shown[key] for key in ("protocols", "consoles")] == [programs[key] for key in ("protocols", "consoles")]
    assert shown["afterwards"] == cases["afterwards"]
    named = {case["name"]: case for case in cases["cases"]}
    shown_case = named["negative-size"]
    assert shown["cases"][1] == {**shown_case, "about": shown_case["about"]["en"]}


# One that nobody knows -----------------------------------------------------------------------------------------------

FILES = {
    "protocol.yaml": """
protocol: double
about: the client sends numbers, the server twice each of them
port: 7000
session:
  - repeat:
      - {from: client, field: number, type: long}
      - {from: server, field: twice, type: long, equals: number * 2}
""",
    "consoles.yaml": """
doubler: {role: server, order: interleaved, listening: "listening on {port}", after: {client.number: ["{number}"]}}
asker: {role: client, order: one at a time, rounds: 2, after: {server.twice: ["{number} {twice}"]}}
""",
    "cases/server.yaml": """
protocol: double
against: server
afterwards: [{send: [long: 21]}, {receive: [long: 42]}]
cases:
  - name: doubled
    about: a number comes back twice as large
    for: {number: [0, -1, 4611686018427387903]}
    steps: [{send: [long: "{number}"], cut: every byte}, {receive: [long: "= {number} * 2"]}]
  - name: tripled
    about: what no server does
    steps: [{send: [long: 1]}, {receive: [long: 3]}]
""",
    "server.py": """
import socket, sys, threading
from javaio import DataInputStream, DataOutputStream

def serve(connection):
    with connection, connection.makefile("rwb", buffering=0) as stream:
        try:
            while True:
                number = DataInputStream(stream).read_long()
                print(f"{number}\\n", end="", flush=True)  # in one piece, beside the other thread's line
                DataOutputStream(stream).write_long(2 * number)
        except (EOFError, OSError):
            pass

listener = socket.create_server(("", int(sys.argv[1])))
while True:
    print(f"listening on {sys.argv[1]}\\n", end="", flush=True)
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
""",
    "client.py": """
import socket, sys
from javaio import DataInputStream, DataOutputStream

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s, s.makefile("rwb", buffering=0) as stream:
    for number in (21, 50):
        DataOutputStream(stream).write_long(number)
        print(number, DataInputStream(stream).read_long(), flush=True)
""",
    "programs.yaml": """
protocols: [protocol.yaml]
consoles: [consoles.yaml]
cases: [cases]
servers:
  doubler: {protocol: double, console: doubler, language: python, folder: ., command: [python3, server.py, "{port}"]}
clients:
  asker:
    {protocol: double, console: asker, language: python, folder: ., command: [python3, client.py, "{host}", "{port}"]}
""",
}
NETWORKS = ("direct", "byte-by-byte", "coalesced", "slow", "rough")
TRIPLED = "case/double/server/doubler/tripled"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The folder of an exercise."""
    (tmp_path / "double" / "cases").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / "double" / name).write_text(text, encoding="utf-8")
    return tmp_path / "double"


def test_a_folder_of_files_joins_with_its_protocol_its_consoles_and_its_cases(stranger: Path, tmp_path: Path) -> None:
    programs = str(stranger / "programs.yaml")
    run = run_matrix(tmp_path / "results", "--backend", "processes", "--programs", programs, "--cases", "-k", "double")
    wrong = run.problem(TRIPLED)
    assert wrong is not None, run.output
    assert (wrong.code, wrong.where.side, wrong.where.offset) == ("unexpected-bytes", "server", 0)
    codes = run.codes()
    del codes[TRIPLED]
    assert codes == dict.fromkeys(
        [
            *(f"double/doubler/asker/{network}" for network in NETWORKS),
            *(f"case/double/server/doubler/doubled/number-{n}" for n in ("0", "-1", "4611686018427387903")),
        ]
    )
    assert run.status == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("name", "right", "wrong", "sentence"),
    [
        ("cases/server.yaml", "long: 21", "lang: 21", "afterwards.0.send: no such type on the wire: 'lang'"),
        (
            "cases/server.yaml",
            "protocol: double",
            "protocol: dubble",
            "protocol: no such protocol: 'dubble'; known are",
        ),
        ("cases/server.yaml", "name: tripled", "name: doubled/number-0", "the name 'doubled/number-0' stands twice"),
    ],
)
def test_a_mistake_in_its_cases_is_all_that_is_told(
    stranger: Path, tmp_path: Path, name: str, right: str, wrong: str, sentence: str
) -> None:
    path = stranger / name
    path.write_text(FILES[name].replace(right, wrong), encoding="utf-8")
    run = run_matrix(tmp_path / "results", "--programs", str(stranger / "programs.yaml"), "--cases", "-k", "double")
    assert run.status == pytest.ExitCode.INTERRUPTED
    assert f"{path}: " in run.output
    assert sentence in run.output
    assert "Traceback" not in run.output


def test_cases_may_be_added_to_those_of_a_protocol_that_has_some(stranger: Path, tmp_path: Path) -> None:
    (stranger / "more.yaml").write_text(
        "{protocol: addition, against: server, cases: [{name: mine, about: mine, steps: [{do: nothing}]}]}", "utf-8"
    )
    path = stranger / "programs.yaml"
    path.write_text("cases: [more.yaml]", encoding="utf-8")
    wanted = "case/addition/server/python-async/mine"
    run = run_matrix(tmp_path / "results", "--backend", "processes", "--programs", str(path), "--cases", "-k", wanted)
    check(run, [wanted])
