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
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from conformance.agent.player.items import encode_items
from conformance.agent.player.peer import Peer, UnexpectedError, shown
from conformance.agent.player.steps import (
    Again,
    Concurrency,
    Do,
    Ends,
    Input,
    OperatorStep,
    Receive,
    Rests,
    Same,
    Send,
    Serve,
    Shows,
    Silence,
    Step,
    Together,
    Type,
)
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
    walk = _Walk(stage)
    try:
        walk.go(steps)
    finally:
        walk.close()


class _Walk:
    """The connections of one walk through a list of steps, and the values it remembers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._peers: dict[str, Peer] = {}
        self._opening = threading.Lock()
        self._known: dict[str, Any] = {}

    def go(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._step(step)

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()

    def _peer(self, name: str) -> Peer:
        with self._opening:
            if name not in self._peers:
                self._peers[name] = self._stage.connect()
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
                self._ends(step)
            case Do():
                self._act(self._peer(step.by), step.do)
            case Same():
                self._same(step)
            case Concurrency():
                _side_by_side([lambda: _walk(step.steps, self._stage)] * step.concurrency)
            case Again():
                for _ in range(step.again):
                    self.go(step.steps)
            case Serve():
                while self._peer(step.by).goes_on():
                    self.go(step.serve)
            case Together():
                _side_by_side([lambda steps=steps: self.go(steps) for steps in step.together])  # type: ignore[misc]
            case Type() | Input() | Shows() | Rests():
                self._operate(step)

    def _ends(self, step: Ends) -> None:
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
        """All of them have received the same messages, in one order, and none of these twice."""
        peers = [self._peer(name) for name in step.same]
        with ThreadPoolExecutor(len(peers)) as pool:
            orders = list(pool.map(lambda peer: peer.messages(step.messages, step.fields), peers))
        for name, peer, order in zip(step.same[1:], peers[1:], orders[1:], strict=True):
            for number, ((_, one), (offset, another)) in enumerate(zip(orders[0], order, strict=True), 1):
                if one != another:
                    values = {"message": number, "one": _shown(one), "another": _shown(another)}
                    values |= {"first": step.same[0], "second": name}
                    raise _at(peer, offset, "order-differs", values)
        seen: set[tuple[str, ...]] = set()
        for number, (offset, message) in enumerate(orders[0], 1):
            if message in seen:
                raise _at(peers[0], offset, "duplicate-message", {"message": number, "texts": _shown(message)})
            seen.add(message)


def _at(peer: Peer, offset: int, code: str, values: dict[str, Any]) -> UnexpectedError:
    return UnexpectedError(Problem(code, peer.where, values, time.monotonic()).on(offset=offset))


def _shown(message: tuple[str, ...]) -> list[str]:
    return [shown(text) for text in message]


def _side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
