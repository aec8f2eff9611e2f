"""Plays a case against a program: connects to a server, or waits for a client to connect."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.player.peer import Peer, UnexpectedError
from conformance.agent.player.steps import Step
from conformance.agent.player.walk import Operate, Stage, attempt, because_of, nobody
from conformance.agent.problem import Problem, Where
from conformance.agent.recording import Recording

__all__ = ["Outcome", "play_against_client", "play_against_server"]

_TIMEOUT = 5.0
_CONNECT_SECONDS = 10.0
_MORE_SECONDS = 0.3  # how soon after its others a client's next connection comes


@dataclass
class Outcome:
    """What came of a case: the problem where the program did wrong, and everything that passed.

    `non_strict` is what the program did otherwise than it should, where the case accepts it.
    """

    problem: Problem | None = None
    recording: Recording = field(default_factory=Recording)
    non_strict: Problem | None = None


def play_against_server(
    steps: Sequence[Step], afterwards: Sequence[Step], host: str, port: int, *, timeout: float = _TIMEOUT
) -> Outcome:
    """The harness is the client, and then a new one, `afterwards`: the server must still be there for it.

    `timeout` is how long what must come may take, in seconds.
    """
    outcome = Outcome()
    count = itertools.count(1)

    def connect() -> Peer:
        try:
            sock = socket.create_connection((host, port), _CONNECT_SECONDS)
        except OSError as error:
            values = {"host": host, "port": port, "reason": error.strerror or str(error)}
            raise UnexpectedError(Problem("no-connection", Where(side=SERVER), values, time.monotonic())) from None
        return Peer(sock, CLIENT, next(count), outcome.recording.add, timeout)

    stage = Stage(connect, afterwards)
    outcome.problem = attempt(steps, stage)
    outcome.non_strict = stage.non_strict[0] if stage.non_strict else None
    if outcome.problem is None and (problem := attempt(afterwards, stage)) is not None:
        outcome.problem = because_of("not-served-afterwards", problem)
    return outcome


def play_against_client(
    steps: Sequence[Step],
    listener: socket.socket,
    connections: int | None,
    *,
    timeout: float = _TIMEOUT,
    wait: float | None = _CONNECT_SECONDS,
    operate: Operate = nobody,
) -> Outcome:
    """The harness is the server, of so many connections, each of which goes through the steps.

    None for `connections` takes all that come until those before are over. `timeout` is how long what must come may
    take, in seconds, and `wait` how long a connection may; None sets the first one no limit, and the others that of
    `timeout`.
    """
    outcome = Outcome()
    problems: list[Problem] = []
    non_strict: list[Problem] = []
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket, number: int) -> None:
        peer = Peer(sock, SERVER, number, outcome.recording.add, timeout)
        if (problem := attempt(steps, Stage(lambda: peer, operate=operate, non_strict=non_strict))) is not None:
            problems.append(problem)

    while connections is None or len(threads) < connections:
        try:
            if connections is None and threads:
                sock = _one_more(listener, threads)
            else:
                listener.settimeout(timeout if wait is None and threads else wait)
                sock, _ = listener.accept()
        except OSError:
            if connections is not None or not threads:
                values = {"expected": connections or 1, "came": len(threads)}
                problems.append(Problem("too-few-connections", Where(side=CLIENT), values, time.monotonic()))
            break
        threads.append(threading.Thread(target=serve, args=(sock, len(threads) + 1), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()
    outcome.problem, outcome.non_strict = (found[0] if found else None for found in (problems, non_strict))
    return outcome


def _one_more(listener: socket.socket, threads: Sequence[threading.Thread]) -> socket.socket:
    """The next connection of a client that may make many; TimeoutError once all the others have been over a while."""
    listener.settimeout(_MORE_SECONDS)
    while True:
        all_over = not any(thread.is_alive() for thread in threads)
        try:
            return listener.accept()[0]
        except TimeoutError:
            if all_over:
                raise
