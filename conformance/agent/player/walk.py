"""Goes through the steps of a case: does what each says, and finds out whether the program does what it must.

The player has no keyboard and no screen. What a case wants typed at a client, and seen of it, it hands to an `Operate`,
which does it and says what came of it: the runner has one for a program that it started, `check client` one that asks a
person.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from conformance.agent.player import steps as kind
from conformance.agent.player.items import encode_items
from conformance.agent.player.peer import Peer, UnexpectedError, shown
from conformance.agent.player.steps import OperatorStep, Step
from conformance.agent.problem import Problem, Where

__all__ = ["Operate", "Reply", "Stage", "attempt", "because_of", "nobody"]

_NON_STRICT_SECONDS = 0.5  # after which a connection counts as left open, where that is only noted


@dataclass(frozen=True)
class Reply:
    """What came of an operator's step: a problem where the client did wrong; or what is accepted in place of it."""

    problem: Problem | None = None
    non_strict: Problem | None = None


Operate: TypeAlias = Callable[[OperatorStep], Reply]


def nobody(step: OperatorStep) -> Reply:
    """Nobody is at the client."""
    return Reply(Problem("nobody-types", Where(side="client"), {}, time.monotonic()))


@dataclass(frozen=True)
class Stage:
    """What going through steps needs around it.

    `others` is what another client of a server goes through, `operate` the person at a client; `non_strict` takes each
    thing that the program does otherwise than it should, and that is accepted.
    """

    connect: Callable[[], Peer]
    others: Sequence[Step] = ()
    operate: Operate = nobody
    non_strict: list[Problem] = field(default_factory=list)


def attempt(steps: Iterable[Step], stage: Stage) -> Problem | None:
    """Goes through the steps: the problem where the program did wrong, None where it did right."""
    try:
        _walk(steps, stage)
    except UnexpectedError as error:
        return error.problem
    return None


def because_of(code: str, cause: Problem) -> Problem:
    """A problem of that code which another one shows: at its place, with its facts, and its code as `cause`."""
    return Problem(code, cause.where, {**cause.values, "cause": cause.code}, cause.at)


def _walk(steps: Iterable[Step], stage: Stage) -> None:
    with closing(_Walk(stage)) as walk:
        walk.go(steps)


class _Walk:
    """The connections of one walk through a list of steps, and the values it remembers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._peers: dict[str, Peer] = {}
        self._opening = threading.Lock()
        self._known: dict[str, Any] = {}

    def go(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case kind.Send():
                    data = encode_items(step.send, self._known)[: step.only]
                    cuts = range(1, len(data)) if step.cut == "every byte" else step.cut
                    assert not isinstance(cuts, str)
                    self._peer(step.by).send(data, [*cuts], step.pause_ms / 1000, lenient=step.lenient)
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
                    _side_by_side([partial(_walk, step.steps, self._stage)] * step.concurrency)
                case kind.Again():
                    for _ in range(step.again):
                        self.go(step.steps)
                case kind.Serve():
                    while self._peer(step.by).goes_on():
                        self.go(step.serve)
                case kind.Together():
                    _side_by_side([partial(self.go, inner) for inner in step.together])
                case kind.Type() | kind.Input() | kind.Shows() | kind.Rests():
                    self._operate(step)

    def close(self) -> None:
        for peer in self._peers.values():
            peer.do("close")

    def _peer(self, name: str) -> Peer:
        with self._opening:
            if name not in self._peers:
                self._peers[name] = self._stage.connect()
            return self._peers[name]

    def _ends(self, step: kind.Ends) -> None:
        peer, others = self._peer(step.by), self._stage.others
        if step.non_strict is None or not others or not peer.stays_open(_NON_STRICT_SECONDS):
            peer.ends(step.ends, step.after)
            return
        # A server that has left this connection behind has time for another client; one that hangs in it has not.
        problem = attempt(others, self._stage)
        if problem is not None:
            raise UnexpectedError(because_of("neither-ended-nor-served", problem))
        self._stage.non_strict.append(Problem("left-open", peer.where, {}, time.monotonic()))

    def _operate(self, step: OperatorStep) -> None:
        reply = self._stage.operate(step)
        if reply.problem is not None:
            raise UnexpectedError(reply.problem)
        if reply.non_strict is not None:
            self._stage.non_strict.append(reply.non_strict)

    def _same(self, step: kind.Same) -> None:
        """All of them have received the same messages, in one order, and none of these twice."""
        peers = [self._peer(name) for name in step.same]
        with ThreadPoolExecutor(len(peers)) as pool:
            orders = list(pool.map(lambda peer: peer.messages(step.messages, step.fields), peers))
        for name, peer, order in zip(step.same[1:], peers[1:], orders[1:], strict=True):
            for number, ((_, one), (offset, another)) in enumerate(zip(orders[0], order, strict=True), 1):
                if one != another:
                    names = {"first": step.same[0], "second": name}
                    raise _wrong("order-differs", peer, offset, number, one=shown(one), another=shown(another), **names)
        seen: set[tuple[str, ...]] = set()
        for number, (offset, message) in enumerate(orders[0], 1):
            if message in seen:
                raise _wrong("duplicate-message", peers[0], offset, number, texts=shown(message))
            seen.add(message)


def _wrong(code: str, peer: Peer, offset: int, message: int, **values: Any) -> UnexpectedError:
    """The problem of a message that the peer received, at its first byte."""
    problem = Problem(code, peer.where, {"message": message, **values}, time.monotonic())
    return UnexpectedError(problem.on(offset=offset))


def _side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
