"""Walks through the steps of a case: does what each says, and finds out whether the program does what it must."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from conformance.agent.player.items import encode_items
from conformance.agent.player.operator import Operate, OperatorStep, Reply
from conformance.agent.player.peer import Peer, UnexpectedError
from conformance.agent.player.steps import (
    Again,
    Crowd,
    Do,
    Ends,
    Input,
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

__all__ = ["Stage", "attempt", "nobody"]

_ROUGH_SECONDS = 0.5  # after which a connection counts as left open, where that is only noted


def nobody(step: OperatorStep) -> Reply:
    """Nobody is at the client."""
    return Reply("the case wants something typed or seen, and nobody is there to do it")


@dataclass(frozen=True)
class Stage:
    """What a walk through steps needs around it.

    `others` is what another client of a server goes through, `operate` the person at a client; `rough` takes a sentence
    for each thing that the program does as the course's Java does.
    """

    connect: Callable[[], Peer]
    others: Sequence[Step] = ()
    operate: Operate = nobody
    rough: list[str] = field(default_factory=list)


def attempt(steps: Iterable[Step], stage: Stage) -> str | None:
    """Goes through the steps: one sentence where the program did wrong, None where it did right."""
    play = _Play(stage)
    try:
        play.go(steps)
    except UnexpectedError as error:
        return str(error)
    finally:
        play.close()
    return None


class _Play:
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
            case Crowd():
                _side_by_side([lambda: _walk(step.steps, self._stage)] * step.crowd)
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
        if step.rough is None or not others or not peer.stays_open(_ROUGH_SECONDS):
            peer.ends(step.ends, step.after)
            return
        # Whoever has left this connection behind has time for another client; whoever hangs in it has not.
        try:
            _walk(others, self._stage)
        except UnexpectedError as error:
            raise UnexpectedError(
                f"the server neither ended the connection nor served another client meanwhile: {error}"
            ) from None
        self._stage.rough.append("it left the connection open, and served another client meanwhile")

    def _operate(self, step: OperatorStep) -> None:
        reply = self._stage.operate(step)
        if reply.problem is not None:
            raise UnexpectedError(reply.problem)
        if reply.rough is not None:
            self._stage.rough.append(reply.rough)

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


def _walk(steps: Sequence[Step], stage: Stage) -> None:
    play = _Play(stage)
    try:
        play.go(steps)
    finally:
        play.close()


def _side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
