"""A protocol compiled: for each side the steps that it goes through, flat, with what each of them needs.

A side's program holds its own fields and the loops that it takes part in, in the order of the protocol. A loop is a
`Round`, its body, and a `Round` that leads back to the body. Names in expressions are bound here to the level of nested
rounds that they are found on, so that nothing is looked up by walking the protocol while bytes are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.expressions import compile_expression, names_in
from conformance.agent.sized_bytes import SizedBytes
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from javaio import WIRE_TYPES

__all__ = ["End", "Own", "Program", "Programs", "Round", "Said", "compile_protocol"]

Scopes = Sequence[Mapping[Any, Any]]
Computed = Callable[[Scopes], Any]


@dataclass(frozen=True, slots=True)
class Own:
    """A field of the side's own.

    ordinal   its place among all fields of the protocol
    size      of a field whose size is fixed, or of the head that tells how much follows (`rest`)
    counted   of `bytes`, the function that computes how many they are
    equals    the function that computes what the value must be; `asked` where the other side's last byte of what it is
              computed from stands
    level     of nested rounds; its value is kept there by its name, and the place behind its last byte by its ordinal
    """

    step: FieldStep
    ordinal: int
    name: str
    type: str
    size: int
    rest: Callable[[bytes], int] | None
    unpack: Callable[[bytes], Any]
    counted: Computed | None
    equals: Computed | None
    asked: Computed | None
    question: str | None
    is_address: bool
    level: int


@dataclass(frozen=True, slots=True)
class Round:
    """A loop begins or, `again`, a round of it is over: there is one round more, or none.

    loop     the key of its rounds among the values of the scope around it
    lead     the field that it begins with
    leads    the side's own bytes decide whether there is a round more
    shared   both sides take part in it
    more     how many steps ahead the program goes on with one round more, and without it, `past` the loop
    exports  the names that stand for the values of its last round behind the loop
    """

    loop: int
    lead: FieldStep
    leads: bool
    shared: bool
    again: bool
    more: int
    past: int
    exports: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A round of a loop that is one side's alone is over: its fields are a message."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """The protocol has nothing more from this side."""


Instruction = Own | Round | Said | End
Program = tuple[Instruction, ...]


@dataclass(frozen=True)
class Programs:
    """Both sides' programs; `places` gives each field's place in the session, from which the protocol's order comes."""

    client: Program
    server: Program
    places: tuple[tuple[int, ...], ...]


@dataclass
class _Known:
    """A name that an expression may use: who sends it, on which level it is found, the ordinal of its field."""

    sender: Side
    level: int
    ordinal: int


@dataclass
class _Compiler:
    """Compiles the session of one protocol, for both sides at once, so that both agree on levels and loops."""

    programs: dict[Side, list[Instruction]] = field(default_factory=lambda: {CLIENT: [], SERVER: []})
    places: list[tuple[int, ...]] = field(default_factory=list)
    known: dict[str, _Known] = field(default_factory=dict)
    loops: int = 0

    def steps(self, steps: tuple[Step, ...], place: tuple[int, ...], level: int, sides: tuple[Side, ...]) -> None:
        for number, step in enumerate(steps):
            here = (*place, number)
            match step:
                case FieldStep():
                    self.field(step, here, level)
                case Repeat(repeat=body):
                    self.loop(body, here, level, sides)
                case BothWays(sides=both):
                    self.steps(both.client, (*here, 0), level, (CLIENT,))
                    self.steps(both.server, (*here, 1), level, (SERVER,))

    def field(self, step: FieldStep, place: tuple[int, ...], level: int) -> None:
        wire = WIRE_TYPES[step.type] if step.size is None else SizedBytes(0)
        ordinal = len(self.places)
        self.places.append(place)
        asked, question = self._asked(step)
        self.programs[step.sender].append(
            Own(
                step=step,
                ordinal=ordinal,
                name=step.field,
                type=step.type,
                size=wire.size,
                rest=wire.rest,
                unpack=wire.unpack,
                counted=self._computed(step.size),
                equals=self._computed(step.equals),
                asked=asked,
                question=question,
                is_address=step.form == "IP address",
                level=level,
            )
        )
        self.known[step.field] = _Known(step.sender, level, ordinal)

    def loop(self, body: tuple[Step, ...], place: tuple[int, ...], level: int, sides: tuple[Side, ...]) -> None:
        self.loops += 1
        number = -self.loops  # names are text and places from 0 on: no key of a scope is taken twice
        lead = body[0]
        assert isinstance(lead, FieldStep)
        before = set(self.known)
        around, self.programs = self.programs, {CLIENT: [], SERVER: []}
        self.steps(body, place, level + 1, sides)
        inside, self.programs = self.programs, around
        shared = all(inside.values())
        for side, program in inside.items():
            if not program:
                continue
            own = [step for step in program if isinstance(step, Own) and step.level == level + 1]
            if len(sides) == 1:
                program.append(Said(tuple(step.name for step in own)))
            exports = tuple(key for step in own for key in (step.name, step.ordinal))
            size, how = len(program), (number, lead, side == lead.sender, shared)
            around[side] += [Round(*how, False, 1, size + 2), *program, Round(*how, True, -size, 1, exports)]
        # Behind the loop its names stand for those of its last round.
        for name, known in self.known.items():
            if name not in before or known.level > level:
                known.level = level

    def _computed(self, text: str | None) -> Computed | None:
        if text is None:
            return None
        return compile_expression(text, {name: self.known[name].level for name in names_in(text)})

    def _asked(self, step: FieldStep) -> tuple[Computed | None, str | None]:
        """The function that says up to which byte the other side must have been heard, and the last field there."""
        names = names_in(step.equals) if step.equals is not None else ()
        theirs = {name: self.known[name] for name in names if self.known[name].sender != step.sender}
        if not theirs:
            return None, None
        places = [(known.level, known.ordinal) for known in theirs.values()]
        last = max(theirs, key=lambda name: theirs[name].ordinal)

        def asked(scopes: Scopes) -> int:
            return max(int(scopes[level].get(key, 0)) for level, key in places)

        return asked, last


@lru_cache(maxsize=64)
def compile_protocol(protocol: Protocol) -> Programs:
    """The programs of both sides of `protocol`."""
    compiler = _Compiler()
    compiler.steps(protocol.session, (), 0, (CLIENT, SERVER))
    for program in compiler.programs.values():
        program.append(End())
    return Programs(tuple(compiler.programs[CLIENT]), tuple(compiler.programs[SERVER]), tuple(compiler.places))
