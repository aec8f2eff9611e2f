"""What a case wants typed and seen goes to whoever has the client; connections are all judged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.agent.player.player import Outcome, Reply, play_against_client
from conformance.agent.player.steps import Input, OperatorStep, Rests, Shows, Step, Type, from_json, to_json
from conformance.agent.problem import Problem, Where
from conformance.backends.base import ConsoleLog, Handle, Started
from conformance.backends.processes import ProcessHandle
from conformance.runner.case_run import Typist
from tests.cli.running import LONG, ROOT, connect, received, utf

STEPS: tuple[Step, ...] = (Type(("bonjour",)), Shows(("--> bob : salut",), ("--> BOB : salut",)), Input("ends"))
RECEIVES_HI = from_json([{"receive": [["UTF", "hi"]]}])


def play(
    steps: Sequence[Step], clients: int, connections: int | None, reply: Reply | None = None
) -> tuple[Outcome, list[OperatorStep]]:
    """Plays against so many connections, each of which sends a UTF; what the operator was asked for."""
    asked: list[OperatorStep] = []

    def operate(step: OperatorStep) -> Reply:
        asked.append(step)
        return reply or Reply()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        socks = [connect(listener.getsockname()[1]) for _ in range(clients)]
        for number, sock in enumerate(socks):
            sock.sendall(utf("hi" if number < 3 else "oh"))
        outcome = play_against_client(steps, listener, connections, timeout=LONG, wait=1.0, operate=operate)
        for sock in socks:
            sock.close()
    return outcome, asked


def test_the_operator_does_the_steps_in_their_order() -> None:
    outcome, asked = play(STEPS, 1, 1)
    assert outcome.problem is None
    assert tuple(asked) == STEPS


def test_what_the_operator_sees_fails_or_is_noted() -> None:
    seen = Problem("not-shown", Where(program="mine", line=3))
    assert play(STEPS, 1, 1, Reply(seen))[0].problem == seen
    noted = Problem("shown-otherwise", Where(program="mine", line=3))
    assert play(STEPS, 1, 1, Reply(non_strict=noted))[0].non_strict == noted


def test_nobody_there_to_type_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(listener.getsockname()[1]):
        outcome = play_against_client(STEPS, listener, 1)
    assert outcome.problem is not None
    assert outcome.problem.code == "nobody-types"


def test_all_connections_that_come_are_judged() -> None:
    outcome, _ = play(RECEIVES_HI, 3, None)
    assert outcome.problem is None
    assert len(outcome.recording.connections) == 3
    wrong, _ = play(RECEIVES_HI, 4, None)
    assert wrong.problem is not None
    assert (wrong.problem.code, wrong.problem.where) == ("unexpected-bytes", Where(4, "client", 0, None, "UTF"))
    assert wrong.problem.values == {
        "due": "value",
        "expected": "hi",
        "right": utf("hi"),
        "needed": 4,
        "differs": 2,
        "size": 4,
        "raw": utf("oh"),
    }


def test_fewer_connections_than_were_said_are_too_few() -> None:
    outcome, _ = play(RECEIVES_HI, 2, 3)
    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.values) == ("too-few-connections", {"expected": 3, "came": 2})


def test_a_player_of_its_own_process_asks_for_each_step() -> None:
    order = {"against": "client", "host": "127.0.0.1", "port": 0, "connections": 1, "steps": to_json(STEPS[:2])}
    with subprocess.Popen(
        [sys.executable, "-m", "conformance.agent.player"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as player:
        assert player.stdin is not None
        assert player.stdout is not None

        def tell(line: object) -> None:
            assert player.stdin is not None
            player.stdin.write(json.dumps(line) + "\n")
            player.stdin.flush()

        give_up = threading.Timer(LONG, player.kill)
        give_up.start()
        tell(order)
        with connect(json.loads(player.stdout.readline())["listening"]) as client:
            assert json.loads(player.stdout.readline()) == {"operator": {"type": ["bonjour"]}}
            tell({"problem": None, "non_strict": None})
            asked = {"shows": ["--> bob : salut"], "non_strict": ["--> BOB : salut"]}
            assert json.loads(player.stdout.readline()) == {"operator": asked}
            noted = {"code": "shown-otherwise", "where": {"program": "mine", "line": 0}, "values": {}}
            tell({"problem": None, "non_strict": noted})
            outcome = json.loads(player.stdout.readline())
            assert (outcome["problem"], outcome["non_strict"]) == (None, noted)
            assert received(client, 1) == b""
        player.stdin.close()
        give_up.cancel()


class _Keyboard(Handle):
    """Takes what is typed."""

    def __init__(self) -> None:
        self.typed: list[str | None] = []
        self.ended = threading.Event()
        self.processor: list[float | None] = []

    def type(self, text: str) -> None:
        self.typed.append(text)

    def end_input(self) -> None:
        self.ended.set()

    def processor_seconds(self) -> float | None:
        return self.processor.pop(0)

    def wait(self, until: float) -> int | None:
        return None

    def stop(self) -> int | None:
        return None


def typist(*shown: str) -> tuple[Typist, _Keyboard]:
    """A typist at a client that has shown these lines and ended."""
    keyboard, console = _Keyboard(), ConsoleLog()
    console.feed("out", "".join(f"{line}\n" for line in shown).encode())
    console.end()
    return Typist(Started(keyboard, console), "mine", typed=True), keyboard


def test_the_typist_types_lines_and_then_ends_the_input() -> None:
    types, keyboard = typist()
    for step in (Type(("un", "")), Type(("deux",)), Input("ends")):
        assert types(step) == Reply()
    assert keyboard.ended.wait(LONG)
    assert keyboard.typed == ["un\n", "\n", "deux\n"]


def not_shown(types: Typist, *lines: str) -> tuple[int | None, object]:
    """The line at which these are not shown, and the lines that are there in their place."""
    problem = types(Shows(lines)).problem
    assert problem is not None
    assert (problem.code, problem.where.program, problem.values["shows"]) == ("not-shown", "mine", [*lines])
    return problem.where.line, problem.values.get("text")


def test_the_typist_sees_lines_in_their_order_and_each_once() -> None:
    types, _ = typist("un", "autre", "deux", "trois")
    assert types(Shows(("un", "deux"))) == Reply()
    assert not_shown(types, "un") == (3, ["trois"])
    assert not_shown(types, "trois", "quatre") == (None, ["trois"])
    assert types(Shows(("trois",))) == Reply()
    assert not_shown(types, "trois") == (None, None)


def test_the_typist_waits_for_lines_that_come_one_by_one() -> None:
    keyboard, console = _Keyboard(), ConsoleLog()
    types = Typist(Started(keyboard, console), "mine", typed=False)

    def feed() -> None:
        for data in (b"un\nde", b"ux\ntrois\n"):
            console.feed("out", data)

    feeding = threading.Thread(target=feed)
    feeding.start()
    assert types(Shows(("un", "trois"))) == Reply()
    feeding.join()


def test_the_typist_tells_what_is_non_strict_from_what_is_right() -> None:
    step = Shows(("a\\tb",), ("a\tb",))
    assert typist("a\\tb")[0](step) == Reply()
    noted = typist("x", "a\tb")[0](step)
    assert noted.problem is None
    assert noted.non_strict is not None
    assert (noted.non_strict.code, noted.non_strict.where) == ("shown-otherwise", Where(program="mine", line=1))
    assert not_shown(typist("a b")[0], "a\\tb") == (0, ["a b"])


@pytest.mark.parametrize(
    ("used", "values"),
    [
        ((1.0, 1.001), None),
        ((1.0, None), None),  # it has ended meanwhile, and the wire will tell
        ((1.0, 1.25), {"used": 0.25, "seconds": 0.01}),
    ],
    ids=["waits", "is gone", "spins"],
)
def test_a_client_that_waits_is_told_from_one_that_spins(
    used: tuple[float | None, ...], values: dict[str, float] | None
) -> None:
    types, keyboard = typist()
    keyboard.processor = list(used)
    problem = types(Rests(10)).problem
    assert (problem and (problem.code, problem.where, problem.values)) == (
        values and ("too-busy", Where(program="mine"), values)
    )


def test_a_process_tells_how_busy_it_was(tmp_path: Path) -> None:
    console = ConsoleLog()
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ntime.sleep(60)"
    handle = ProcessHandle([sys.executable, "-c", busy], tmp_path, os.environ, console)
    try:
        assert console.wait_for(lambda log: bool(log.lines), time.monotonic() + LONG)
        used = handle.processor_seconds()
    finally:
        handle.stop()
    assert used is not None
    assert used >= 0.4  # the system counts in ticks
    assert handle.processor_seconds() is None
