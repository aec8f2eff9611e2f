"""Inputs that are likely to be misunderstood, drawn from a seeded random.

Uniform bytes hardly ever come near an edge, so everything here is put together from edges: the bytes at which a form
of UTF-8 begins or ends, the numbers at which a type wraps, lengths one off from the truth.
"""

import struct
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from .cases import Call, Case, ReadCase, WriteCase

__all__ = ["Nasty"]

T = TypeVar("T")

# What malformed, overlong and well-formed text is made of. Most atoms are whole characters, so that a bad one is met
# at any distance from the start.
ATOMS = [
    b"a",
    b"Z~\x7f",
    b"bonjour",
    b"\x00",
    b"\xc0\x80",  # U+0000, as Java writes it
    b"\xc2\x80",
    b"\xc3\xa9",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xe2\x82\xac",
    b"\xed\x9f\xbf",  # the last before the surrogates
    b"\xee\x80\x80",  # the first after them
    b"\xef\xbf\xbf",
    b"\xef\xbb\xbf",  # a byte order mark, which is a character like any other
    b"\xed\xa0\xbd\xed\xb8\x80",  # a pair
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xaf\xbf\xed\xbf\xbf",
    b"\xed\xa0\xbd",  # half of a pair
    b"\xed\xb8\x80",  # the other half
    b"\xed\xaf\xbf",
    b"\xed\xbf\xbf",
    b"\xc0\x81",  # overlong
    b"\xc1\xbf",
    b"\xe0\x80\x80",
    b"\xe0\x81\xbf",
    b"\xe0\x9f\xbf",
]
BAD_ATOMS = [
    b"\x80",
    b"\xbf",
    b"\xa0",
    b"\xc0",
    b"\xc2",
    b"\xdf",
    b"\xe0",
    b"\xe0\x80",
    b"\xed",
    b"\xed\xa0",
    b"\xef\xbf",
    b"\xc3a",
    b"\xe2a\x80",
    b"\xe2\x82a",
    b"\xe2\x82\xc0",
    b"\xe2\xc0\x80",
    b"\xc3\xc0\x80",
    b"\xf0\x9f\x98\x80",  # a four-byte form
    b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf8",
    b"\xfe",
    b"\xff",
]
CHARACTERS = "aZ\x01\x7f\x00\x80é߿ࠀ€\ud7ff\ue000\ufeff\uffff\ud800\udbff\udc00\udfff\U00010000😀\U0010ffff"
LINE_ATOMS = [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\r", b"a", b"GET /", b"\x00", b"\xe9", b"\xff", b"\x85"]

INTS = [0, 1, -1, 2, 84, 98, 127, 128, -128, -129, 255, 256, 300, 32767, 32768, -32768, -32769, 65535, 65536, 65537]
INTS += [0xD800, 0xDC00, 0x12345678, -0x12345678, 2**31 - 1, -(2**31), 2**31 - 2]
LONGS = [*INTS, 2**31, 2**32 - 1, 2**32, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0x0123456789ABCDEF]

_MAX_FLOAT = (2 - 2**-23) * 2.0**127
_MIN_FLOAT = 2.0**-149
DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 1e300, -1e300, 1e-300, -1e-300, float("inf"), float("-inf")]
# Around the largest float: half a unit beyond it is where rounding turns to infinity.
DOUBLES += [_MAX_FLOAT, -_MAX_FLOAT, 2.0**128, -(2.0**128), (2 - 2**-24) * 2.0**127, (2 - 2**-24 - 2**-52) * 2.0**127]
# Around the smallest: half of it is the tie that goes to zero. And ties between two ordinary floats, down and up.
DOUBLES += [_MIN_FLOAT, _MIN_FLOAT / 2, -_MIN_FLOAT / 2, _MIN_FLOAT * 0.500001, _MIN_FLOAT * 1.5, 2.0**-126, 5e-324]
DOUBLES += [1 + 2**-24, 1 + 3 * 2**-24, 1 + 2**-24 + 2**-52, 16777217.0]
FLOAT_BITS = [
    0x7F800000,
    0xFF800000,
    0x7FC00000,
    0xFFC00000,
    0x7F800001,
    0xFF800001,
    0x7FBFFFFF,
    0x7FFFFFFF,
    0xFFFFFFFF,
]
FLOAT_BITS += [0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0x80000000, 0x7FA00000, 0xFFA5A5A5]
_EXPONENT = 0x7FF << 52
DOUBLE_BITS = [_EXPONENT | bits for bits in (0, 1, 1 << 29, 1 << 51, (1 << 51) - 1, (1 << 52) - 1, 0x5555555555555)]
DOUBLE_BITS += [1 << 63 | bits for bits in DOUBLE_BITS]

FIXED_READS = "ZBbSsCIJFD"
ALL_READS = FIXED_READS + "UULLkkrfn"
SIZES = {"Z": 1, "B": 1, "b": 1, "S": 2, "s": 2, "C": 2, "I": 4, "J": 8, "F": 4, "D": 8}
ALL_WRITES = "ZBSCIJFDUyhwaBSCFDU"
STARTS = [0, 0, 0, 1, 2**31 - 1, 2**31 - 2, 2**31 - 5, 2**31 - 20]
BIG_SIZES = [65533, 65534, 65535, 65536, 65537, 65538, 70000, 131071]


class Nasty:
    """An endless supply of cases; the same seed gives the same ones."""

    def __init__(self, seed: int | str, big_every: int = 1000) -> None:
        self._random = Random(seed)
        self._big_every = big_every  # how rare the cases around the limit of 65,535 bytes are: they cost the most
        self._kinds = (
            [self.malformed_text] * 6
            + [self.any_bytes] * 3
            + [self.lines] * 2
            + [self.many_reads] * 3
            + [self.floats] * 2
            + [self.one_write] * 5
            + [self.many_writes] * 2
        )

    def case(self) -> Case:
        if self._random.randrange(self._big_every) == 0:
            return self.big_text()
        return self._pick(self._kinds)()

    def _pick(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    # Cases

    def malformed_text(self) -> ReadCase:
        """A UTF whose text may be bad and whose length may be wrong, and what can be read after it."""
        data = self.encoded()
        stated = len(data)
        fate = self._random.random()
        if fate < 0.2:
            stated = max(0, stated + self._pick([-3, -2, -1, 1, 2, 3, 100]))
        data = stated.to_bytes(2, "big") + data
        if fate > 0.9:
            data = data[: self._random.randrange(len(data) + 1)]
        return ReadCase(data, (Call("U"), Call("B")) if fate < 0.5 else (Call("U"),))

    def any_bytes(self) -> ReadCase:
        """One read of any kind, on bytes that may be too few for it."""
        letter = self._pick(ALL_READS)
        size = SIZES.get(letter, 4)
        short = self._random.random() < 0.2
        data = self._random.randbytes(self._random.randrange(size) if short else size)
        return ReadCase(data, (self.read_call(letter),))

    def lines(self) -> ReadCase:
        """Lines of every ending, with other reads between them that meet the byte held back."""
        data = b"".join(self._pick(LINE_ATOMS) for _ in range(self._random.randrange(12)))
        calls = []
        for _ in range(self._random.randrange(1, 6)):
            letter = "L" if self._random.random() < 0.6 else self._pick(ALL_READS)
            calls.append(self.read_call(letter))
        return ReadCase(data, tuple(calls))

    def many_reads(self) -> ReadCase:
        """A sequence of reads, which goes on after the stream has ended or a text was bad."""
        parts, calls = [], []
        for _ in range(self._random.randrange(2, 9)):
            call = self.read_call(self._pick(ALL_READS))
            calls.append(call)
            if call.letter == "U":
                data = self.encoded()
                parts.append(len(data).to_bytes(2, "big") + data)
            elif call.letter == "L":
                parts.append(self._pick(LINE_ATOMS) + self._pick(LINE_ATOMS))
            else:
                parts.append(self._random.randbytes(SIZES.get(call.letter, 3)))
        data = b"".join(parts)
        if self._random.random() < 0.3:
            data = data[: self._random.randrange(len(data) + 1)]
        return ReadCase(data, tuple(calls))

    def floats(self) -> ReadCase:
        """Floats and doubles with the bits that conversions like to change."""
        if self._random.random() < 0.5:
            bits = self._pick(FLOAT_BITS) if self._random.random() < 0.5 else self.nan_bits(32, 23)
            return ReadCase(bits.to_bytes(4, "big"), (Call("F"),))
        return ReadCase(self.double_bits().to_bytes(8, "big"), (Call("D"),))

    def one_write(self) -> WriteCase:
        """One write of any kind."""
        return WriteCase(0, (self.write_call(),))

    def many_writes(self) -> WriteCase:
        """A sequence of writes, `size()` being near its end at times."""
        calls = tuple(self.write_call() for _ in range(self._random.randrange(2, 7)))
        return WriteCase(self._pick(STARTS), calls)

    def big_text(self) -> Case:
        """A text about as long as a text can be."""
        size = self._pick(BIG_SIZES)
        atom = self._pick(ATOMS)
        if self._random.random() < 0.5:
            tail = self.encoded()
            data = (atom * (size // len(atom) + 1))[: max(0, size - len(tail))] + tail
            stated = min(len(data), 65535)
            return ReadCase(stated.to_bytes(2, "big") + data, (Call("U"), Call("r")))
        character = self._pick(CHARACTERS)
        taken = {0: 2}.get(ord(character), 1 if character < "\x80" else 2 if character < "\u0800" else 3)
        taken = 6 if character > "\uffff" else taken
        # One byte more or less, by ASCII at one end.
        text = (
            self._pick(["", "a", "ab", "😀", "\ud83d"])
            + character * (size // taken)
            + self._pick(["", "b", "bcd", "\ude00"])
        )
        return WriteCase(0, (Call("U", text), Call("B", 1)))

    # Parts

    def encoded(self) -> bytes:
        """Bytes that may be modified UTF-8."""
        fate = self._random.random()
        count = int(self._random.random() * 8)
        if fate < 0.1:
            return self._random.randbytes(count)
        parts = [self._pick(ATOMS) for _ in range(count)]
        if fate < 0.4:
            parts.insert(self._random.randrange(count + 1), self._pick(BAD_ATOMS))
        data = b"".join(parts)
        if fate > 0.9 and data:
            at = self._random.randrange(len(data))
            data = data[:at] + self._random.randbytes(1) + data[at + 1 :]
        return data

    def text(self) -> str:
        """Any text that Java can hold."""
        count = int(self._random.random() * 10)
        if self._random.random() < 0.2:
            return "".join(chr(self._random.randrange(0x110000)) for _ in range(count))
        return "".join(self._pick(CHARACTERS) for _ in range(count))

    def nan_bits(self, width: int, mantissa: int) -> int:
        sign = self._random.getrandbits(1) << width - 1
        exponent = (1 << width - 1) - (1 << mantissa)
        return sign | exponent | self._random.getrandbits(mantissa)

    def double_bits(self) -> int:
        fate = self._random.random()
        if fate < 0.4:
            return self._pick(DOUBLE_BITS)
        return self.nan_bits(64, 52) if fate < 0.7 else self._random.getrandbits(64)

    def double(self) -> float:
        fate = self._random.random()
        if fate < 0.4:
            return self._pick(DOUBLES)
        bits = self.double_bits()
        if fate < 0.8:
            # An exponent that a float has, or nearly: here rounding, underflow and overflow are decided.
            bits = self._random.getrandbits(1) << 63 | self._random.randrange(870, 1155) << 52
            bits |= self._random.getrandbits(52) if fate < 0.6 else self._random.getrandbits(24) << 28
        value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
        return value

    def int(self) -> int:
        return self._pick(INTS) if self._random.random() < 0.5 else self._random.getrandbits(32) - 2**31

    def read_call(self, letter: str) -> Call:
        if letter == "f":
            return Call("f", self._random.randrange(6))
        if letter == "n":
            return Call("n", self._random.randrange(1, 6))
        if letter == "k":
            return Call("k", self._pick([-1, 0, 1, 2, 3, 5, 100, -(2**31), 2**31 - 1]))
        return Call(letter)

    def write_call(self) -> Call:
        letter = self._pick(ALL_WRITES)
        if letter == "Z":
            return Call("Z", self._random.random() < 0.5)
        if letter == "J":
            return Call("J", self._pick(LONGS) if self._random.random() < 0.5 else self._random.getrandbits(64) - 2**63)
        if letter in "FD":
            return Call(letter, self.double())
        if letter in "Uyh":
            return Call(letter, self.text())
        if letter == "a":
            return Call("a", self._random.randbytes(self._random.randrange(6)))
        if letter == "C" and self._random.random() < 0.3:
            return Call("C", chr(self._random.getrandbits(16)))
        return Call(letter, self.int())
