"""Plays a case: connects to a server, or waits for a client; goes through the steps, and judges what the program does.

What a case wants typed at a client, and seen of it, is handed to an `Operate`: the runner has one for a program that
it started, `check client` one that asks a person.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.player import steps as kind
from conformance.agent.player.items import encode_items
from conformance.agent.player.peer import Peer, Timeouts, shown
from conformance.agent.player.steps import OperatorStep, Step
from conformance.agent.problem import HarnessError, Problem, ProblemError, Where
from conformance.agent.recording import Recording

__all__ = ["TIMEOUT", "Operate", "Outcome", "Reply", "play_against_client", "play_against_server"]

T = TypeVar("T")

TIMEOUT = 5.0
"""How long what must come may take, in seconds."""
_CONNECT_SECONDS = 10.0
_MORE_SECONDS = 0.3  # how soon after its others a client's next connection comes


@dataclass(frozen=True)
class Reply:
    """What came of an operator's step: a problem where the client did wrong; or what is accepted in place of it."""

    problem: Problem | None = None
    non_strict: Problem | None = None


Operate: TypeAlias = Callable[[OperatorStep], Reply]


@dataclass
class Outcome:
    """What came of a case: the problem where the program did wrong, and everything that passed.

    `non_strict` is what the program did otherwise than it should, where the case accepts it.
    """

    problem: Problem | None = None
    recording: Recording = field(default_factory=Recording)
    non_strict: Problem | None = None


def play_against_server(
    steps: Sequence[Step], afterwards: Sequence[Step], host: str, port: int, *, timeout: float | Timeouts = TIMEOUT
) -> Outcome:
    """The harness is the client, and then a new one, `afterwards`: the server must still be there for it.

    `timeout` is how long what must come may take, in seconds; `Timeouts` learn from this case for the next ones.
    """
    timeouts = Timeouts(timeout) if isinstance(timeout, int | float) else timeout
    outcome = Outcome()
    count = itertools.count(1)

    def connect() -> Peer:
        try:
            sock = socket.create_connection((host, port), _CONNECT_SECONDS)
        except OSError as error:
            if (harness := HarnessError.of(error)).problem.code != "harness-failed":  # as "too many open files"
                raise harness from None
            values = {"host": host, "port": port, "reason": error.strerror or str(error)}
            raise _wrong("no-connection", Where(side=SERVER), **values) from None
        return Peer(sock, CLIENT, next(count), outcome.recording.add, timeouts)

    walk = _Walk(connect, afterwards)
    outcome.problem = walk.attempt(steps)
    outcome.non_strict = next(iter(walk.non_strict), None)
    if outcome.problem is None and (problem := replace(walk).attempt(afterwards)) is not None:
        outcome.problem = problem.shows("not-served-afterwards")
    timeouts.take_in(outcome.problem or outcome.non_strict)
    return outcome


def play_against_client(
    steps: Sequence[Step],
    listener: socket.socket,
    connections: int | None,
    *,
    timeout: float | Timeouts = TIMEOUT,
    wait: float | None = _CONNECT_SECONDS,
    operate: Operate | None = None,
) -> Outcome:
    """The harness is the server, of so many connections, each of which goes through the steps.

    None for `connections` takes all that come until those before have been over a while. `timeout` is how long what
    must come may take, in seconds, or `Timeouts` as above, and `wait` how long a connection may; None sets the first
    one no limit, and the others that of `timeout`.
    """
    timeouts = Timeouts(timeout) if isinstance(timeout, int | float) else timeout
    outcome = Outcome()
    problems: list[Problem] = []
    non_strict: list[Problem] = []
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket, number: int) -> None:
        peer = Peer(sock, SERVER, number, outcome.recording.add, timeouts)
        problem = _Walk(lambda: peer, operate=operate, non_strict=non_strict).attempt(steps)
        if problem is not None:
            problems.append(problem)

    listener.settimeout(wait)
    while connections is None or len(threads) < connections:
        busy = any(thread.is_alive() for thread in threads)
        try:
            sock, _ = listener.accept()
        except OSError as error:
            if connections is None and busy and isinstance(error, TimeoutError):
                continue
            if connections is not None or not threads:
                values = {"expected": connections or 1, "came": len(threads)}
                problems.append(Problem("too-few-connections", Where(side=CLIENT), values, time.monotonic()))
            break
        threads.append(threading.Thread(target=serve, args=(sock, len(threads) + 1), daemon=True))
        threads[-1].start()
        listener.settimeout(_MORE_SECONDS if connections is None else timeouts.seconds if wait is None else wait)
    for thread in threads:
        thread.join()
    outcome.problem, outcome.non_strict = (next(iter(found), None) for found in (problems, non_strict))
    timeouts.take_in(outcome.problem)
    return outcome


@dataclass
class _Walk:
    """One walk through a list of steps; `replace` gives another one, with connections and remembered values of its own.

    `others` is what another client of a server goes through, `operate` the person at a client; `non_strict` takes each
    thing that the program does otherwise than it should, and that is accepted.
    """

    connect: Callable[[], Peer]
    others: Sequence[Step] = ()
    operate: Operate | None = None
    non_strict: list[Problem] = field(default_factory=list)
    _peers: dict[str, Peer] = field(init=False, default_factory=dict)
    _opening: threading.Lock = field(init=False, default_factory=threading.Lock)
    _known: dict[str, Any] = field(init=False, default_factory=dict)

    def attempt(self, steps: Iterable[Step]) -> Problem | None:
        """Goes through the steps: the problem where the program did wrong, None where it did right."""
        try:
            self.run(steps)
        except ProblemError as error:
            return error.problem
        return None

    def run(self, steps: Iterable[Step]) -> None:
        try:
            self._go(steps)
        finally:
            for peer in self._peers.values():
                peer.do("close")

    def _go(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case kind.Send():
                    data = encode_items(step.send, self._known)[: step.only]
                    cuts = range(1, len(data)) if isinstance(step.cut, str) else step.cut
                    self._peer(step.by).send(data, cuts, step.pause_ms / 1000, lenient=step.lenient)
                case kind.Receive():
                    self._peer(step.by).receive(step.receive, self._known)
                case kind.Silence():
                    self._peer(step.by).silence(step.silence / 1000)
                case kind.Ends():
                    self._ends(step)
                case kind.Do():
                    peer = self._peer(step.by)
                    if step.do != "nothing":
                        peer.do(step.do)
                case kind.Same():
                    self._same(step)
                case kind.Concurrency():
                    _side_by_side([partial(replace(self).run, step.steps) for _ in range(step.concurrency)])
                case kind.Again():
                    for _ in range(step.again):
                        self._go(step.steps)
                case kind.Serve():
                    while self._peer(step.by).goes_on():
                        self._go(step.serve)
                case kind.Together():
                    _side_by_side([partial(self._go, inner) for inner in step.together])
                case kind.Type() | kind.Input() | kind.Shows() | kind.Rests():
                    self._operate(step)

    def _peer(self, name: str) -> Peer:
        with self._opening:
            if name not in self._peers:
                self._peers[name] = self.connect()
            return self._peers[name]

    def _ends(self, step: kind.Ends) -> None:
        peer = self._peer(step.by)
        if step.non_strict is None or not self.others or not peer.stays_open(step.after):
            peer.ends(step.ends, step.after)
            return
        # A server that has left this connection behind has time for another client; one that hangs in it has not. One
        # that serves one client at a time may wait for this one as long as it is there.
        if not peer.half_closed:
            peer.do("close")
        if (problem := replace(self).attempt(self.others)) is not None:
            raise ProblemError(problem.shows("neither-ended-nor-served"))
        self.non_strict.append(Problem("left-open", peer.where, {}, time.monotonic()))

    def _operate(self, step: OperatorStep) -> None:
        if self.operate is None:
            raise _wrong("nobody-types", Where(side=CLIENT))
        reply = self.operate(step)
        if reply.problem is not None:
            raise ProblemError(reply.problem)
        if reply.non_strict is not None:
            self.non_strict.append(reply.non_strict)

    def _same(self, step: kind.Same) -> None:
        """All of them have received the same messages, in one order, and none of these twice."""
        peers = [self._peer(name) for name in step.same]
        orders = _side_by_side([partial(peer.messages, step.messages, step.fields) for peer in peers])
        for name, order in zip(step.same[1:], orders[1:], strict=True):
            for number, ((_, one), (where, another)) in enumerate(zip(orders[0], order, strict=True), 1):
                if one != another:
                    texts = {"one": shown(one), "another": shown(another)}
                    raise _wrong("order-differs", where, message=number, **texts, first=step.same[0], second=name)
        seen: set[tuple[str, ...]] = set()
        for number, (where, message) in enumerate(orders[0], 1):
            if message in seen:
                raise _wrong("duplicate-message", where, message=number, texts=shown(message))
            seen.add(message)


def _wrong(code: str, where: Where, **values: Any) -> ProblemError:
    return ProblemError(Problem(code, where, values, time.monotonic()))


def _side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(lambda task: task(), tasks))
