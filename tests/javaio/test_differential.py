"""The long run sees a disagreement, says where it is, and draws the same inputs each time."""

import sys

import pytest

from . import differential
from .answers import answer
from .cases import Call, Case, ReadCase, WriteCase, question
from .oracle import JdkOracle


def test_a_seed_means_the_same_inputs() -> None:
    assert list(differential.chunks(12_000, 7)) == [("7/0", 5_000), ("7/1", 5_000), ("7/2", 2_000)]
    first, again, other = (list(map(question, differential.draw((seed, 500)))) for seed in ("7/0", "7/0", "7/1"))
    assert first == again
    assert first != other


def test_a_disagreement_is_listed_with_its_input(oracle: JdkOracle, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[Case] = [
        ReadCase(b"\x00\x00\x00\x54", (Call("I"),)),
        WriteCase(0, (Call("B", 300), Call("U", "é"))),
        ReadCase(b"\x00\x01\x80", (Call("U"),)),
    ]
    assert differential.disagreements(oracle, cases) == []
    monkeypatch.setattr(differential, "answer", lambda case: answer(case).replace(b"\x2c", b"\x2d"))
    assert differential.disagreements(oracle, cases) == [
        "write_byte(300), write_utf('é') from size 0\n"
        "    javaio: B(300) -> done, size 1, written 1; U('é') -> done, size 5, written 5; bytes 2d 00 02 c3 a9\n"
        "    JDK:    B(300) -> done, size 1, written 1; U('é') -> done, size 5, written 5; bytes 2c 00 02 c3 a9"
    ]


def test_the_command_runs_all_inputs_and_says_so(oracle: JdkOracle, capsys: pytest.CaptureFixture[str]) -> None:
    assert differential.main(["--inputs", "6000", "--seed", "3", "--workers", "2"]) == 0
    assert "6,000 inputs, 0 disagreements, seed 3, 2 workers, " in capsys.readouterr().out


def test_a_disagreement_is_printed_and_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert differential.report([(10, []), (10, ["this input"])], 20, "seed 1") == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "DISAGREEMENT: this input"
    assert out[-1].startswith("20 inputs, 1 disagreements, seed 1, ")


def test_a_run_that_stops_early_fails() -> None:
    assert differential.report([(10, [])], 10, "") == 0
    assert differential.report([(10, [])], 20, "") == 1


def test_progress_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differential, "PROGRESS_SECONDS", 0)
    differential.report([(5_000, []), (5_000, [])], 10_000, "")
    assert capsys.readouterr().out.startswith("5,000 of 10,000 inputs, 0 disagreements, 0 s")


def test_the_command_without_a_jdk_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differential, "oracle_command", lambda _: "no JDK: nowhere")
    assert differential.main(["--inputs", "10"]) == 2
    assert "no JDK: nowhere" in capsys.readouterr().err


def test_an_oracle_that_ends_is_an_error_and_no_agreement() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.buffer.read(4)"]
    with JdkOracle(command) as ends, pytest.raises((RuntimeError, BrokenPipeError)):
        ends.ask([WriteCase(0, (Call("U", "a"),))])
