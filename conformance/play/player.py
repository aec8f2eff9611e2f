"""Plays a case: does what its steps say, and finds out whether the program does what it must."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from conformance.play.items import encode_items
from conformance.play.peer import Peer, UnexpectedError
from conformance.play.steps import Again, Crowd, Do, Ends, Receive, Same, Send, Serve, Silence, Step, Together
from conformance.recording import Recording
from conformance.tap.events import CLIENT, SERVER

__all__ = ["Outcome", "play_against_client", "play_against_server"]

_PATIENCE = 5.0
_CONNECT_SECONDS = 10.0


@dataclass
class Outcome:
    """What came of a case: one sentence where the program did wrong, and everything that passed."""

    problem: str | None = None
    recording: Recording = field(default_factory=Recording)


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

    outcome.problem = _attempt(steps, connect)
    if outcome.problem is None and afterwards:
        problem = _attempt(afterwards, connect)
        if problem is not None:
            outcome.problem = f"afterwards, a new client was not served: {problem}"
    return outcome


def play_against_client(
    steps: Sequence[Step],
    listener: socket.socket,
    connections: int,
    *,
    patience: float = _PATIENCE,
    wait: float | None = _CONNECT_SECONDS,
) -> Outcome:
    """The harness is the server, of so many connections, each of which goes through the steps.

    `wait` is how long each connection may take to come, in seconds; None has no limit.
    """
    outcome = Outcome()
    problems: list[str] = []
    listener.settimeout(wait)
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket, number: int) -> None:
        peer = Peer(sock, SERVER, number, outcome.recording.add, patience)
        problem = _attempt(steps, lambda: peer)
        if problem is not None:
            problems.append(problem)

    for number in range(1, connections + 1):
        try:
            sock, _ = listener.accept()
        except OSError:
            problems.append(f"{connections} connections were to come, and {number - 1} came")
            break
        threads.append(threading.Thread(target=serve, args=(sock, number)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    outcome.problem = problems[0] if problems else None
    return outcome


def _attempt(steps: Iterable[Step], connect: Callable[[], Peer]) -> str | None:
    play = _Play(connect)
    try:
        play.go(steps)
    except UnexpectedError as error:
        return str(error)
    finally:
        play.close()
    return None


class _Play:
    """The connections of one walk through a list of steps, and the values it remembers."""

    def __init__(self, connect: Callable[[], Peer], known: dict[str, Any] | None = None) -> None:
        self._connect = connect
        self._peers: dict[str, Peer] = {}
        self._opening = threading.Lock()
        self._known = {} if known is None else known

    def go(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._step(step)

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()

    def _peer(self, name: str) -> Peer:
        with self._opening:
            if name not in self._peers:
                self._peers[name] = self._connect()
            return self._peers[name]

    def _step(self, step: Step) -> None:
        match step:
            case Send():
                data = encode_items(step.send, self._known)[: step.only]
                cuts = range(1, len(data)) if step.cut == "every byte" else step.cut
                assert not isinstance(cuts, str)
                self._peer(step.by).send(data, [*cuts], step.pause_ms / 1000, lenient=step.lenient)
            case Receive():
                self._peer(step.by).receive(step.receive, self._known)
            case Silence():
                self._peer(step.by).silence(step.silence / 1000)
            case Ends():
                self._peer(step.by).ends(step.ends, step.after)
            case Do():
                self._act(self._peer(step.by), step.do)
            case Same():
                self._same(step)
            case Crowd():
                _side_by_side([lambda: _walk(step.steps, self._connect)] * step.crowd)
            case Again():
                for _ in range(step.again):
                    self.go(step.steps)
            case Serve():
                while self._peer(step.by).goes_on():
                    self.go(step.serve)
            case Together():
                _side_by_side([lambda steps=steps: self.go(steps) for steps in step.together])  # type: ignore[misc]

    @staticmethod
    def _act(peer: Peer, what: str) -> None:
        match what:
            case "half-close":
                peer.half_close()
            case "close":
                peer.close()
            case "reset":
                peer.reset()

    def _same(self, step: Same) -> None:
        names = step.same
        with ThreadPoolExecutor(len(names)) as pool:
            orders = list(pool.map(lambda name: self._peer(name).messages(step.messages, step.fields), names))
        for name, order in zip(names[1:], orders[1:], strict=True):
            for number, (one, other) in enumerate(zip(orders[0], order, strict=True), 1):
                if one != other:
                    raise UnexpectedError(
                        f"message {number} is {one!r} for client {names[0]}, and {other!r} for client {name}: "
                        "all must see one order"
                    )
        seen = orders[0]
        for message in seen:
            if seen.count(message) > 1:
                raise UnexpectedError(f"{message!r} came {seen.count(message)} times")


def _walk(steps: Sequence[Step], connect: Callable[[], Peer]) -> None:
    play = _Play(connect)
    try:
        play.go(steps)
    finally:
        play.close()


def _side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
