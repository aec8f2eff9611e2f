"""Plays a case against a program: connects to a server, or waits for a client to connect."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.player.operator import Operate
from conformance.agent.player.peer import Peer, UnexpectedError
from conformance.agent.player.steps import Step
from conformance.agent.player.walk import Stage, attempt, nobody
from conformance.agent.recording import Recording

__all__ = ["Outcome", "play_against_client", "play_against_server"]

_PATIENCE = 5.0
_CONNECT_SECONDS = 10.0
_MORE_SECONDS = 0.3  # how soon after its others a client's next connection comes


@dataclass
class Outcome:
    """What came of a case: one sentence where the program did wrong, and everything that passed.

    `rough` is a sentence where it did not what it should, and exactly what the course's Java does in its place.
    """

    problem: str | None = None
    recording: Recording = field(default_factory=Recording)
    rough: str | None = None


def play_against_server(
    steps: Sequence[Step], afterwards: Sequence[Step], host: str, port: int, *, patience: float = _PATIENCE
) -> Outcome:
    """The harness is the client, and then a new one, `afterwards`: the server must still be there for it."""
    outcome = Outcome()
    count = itertools.count(1)

    def connect() -> Peer:
        try:
            sock = socket.create_connection((host, port), _CONNECT_SECONDS)
        except OSError as error:
            raise UnexpectedError(f"no connection to {host}:{port}: {error.strerror or error}") from None
        return Peer(sock, CLIENT, next(count), outcome.recording.add, patience)

    stage = Stage(connect, afterwards)
    outcome.problem = attempt(steps, stage)
    outcome.rough = stage.rough[0] if stage.rough else None
    if outcome.problem is None and afterwards:
        problem = attempt(afterwards, stage)
        if problem is not None:
            outcome.problem = f"afterwards, a new client was not served: {problem}"
    return outcome


def play_against_client(
    steps: Sequence[Step],
    listener: socket.socket,
    connections: int | None,
    *,
    patience: float = _PATIENCE,
    wait: float | None = _CONNECT_SECONDS,
    operate: Operate = nobody,
) -> Outcome:
    """The harness is the server, of so many connections, each of which goes through the steps.

    None for `connections` takes all that come until those before are over. `wait` is how long a connection may take to
    come, in seconds; None sets the first one no limit, and the others that of the `patience`.
    """
    outcome = Outcome()
    problems: list[str] = []
    rough: list[str] = []
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket, number: int) -> None:
        peer = Peer(sock, SERVER, number, outcome.recording.add, patience)
        problem = attempt(steps, Stage(lambda: peer, operate=operate, rough=rough))
        if problem is not None:
            problems.append(problem)

    for number in itertools.count(1) if connections is None else range(1, connections + 1):
        try:
            if connections is None and threads:
                sock = _one_more(listener, threads)
            else:
                listener.settimeout(patience if wait is None and threads else wait)
                sock, _ = listener.accept()
        except OSError:
            if connections is not None or not threads:
                problems.append(f"{connections or 1} connections were to come, and {number - 1} came")
            break
        threads.append(threading.Thread(target=serve, args=(sock, number), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()
    outcome.problem = problems[0] if problems else None
    outcome.rough = rough[0] if rough else None
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
