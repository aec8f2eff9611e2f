"""What is asked of both sides, and how a question and an answer are written for the oracle.

A case is one stream and the calls made on it, one after the other, errors included. The bytes are those that
`JdkOracle.java` describes; they are made here with `struct` alone, so that javaio never judges itself.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["READS", "WRITES", "Call", "Case", "ReadCase", "WriteCase", "error_answer", "explain", "question"]


class Call(NamedTuple):
    """A method, by its letter in READS or WRITES, and its argument, if it takes one."""

    letter: str
    argument: Any = None

    def __str__(self) -> str:
        return f"{self.letter}({'' if self.argument is None else repr(self.argument)})"


class ReadCase(NamedTuple):
    """Calls on one input stream over `data`."""

    data: bytes
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        calls = ", ".join(f"{READS[call.letter].method}{str(call)[1:]}" for call in self.calls)
        return f"{calls} on {self.data!r}"


class WriteCase(NamedTuple):
    """Calls on one output stream, whose `size()` begins at `start`."""

    start: int
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        calls = ", ".join(f"{WRITES[call.letter].method}{str(call)[1:]}" for call in self.calls)
        return f"{calls} from size {self.start}"


Case = ReadCase | WriteCase

_byte = struct.Struct(">B").pack
_int = struct.Struct(">i").pack
_long = struct.Struct(">q").pack
_double = struct.Struct(">d").pack
_short = struct.Struct(">H").pack


def _boolean(value: bool) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(f"no boolean: {value!r}")
    return b"\x01" if value else b"\x00"


def _bytes(value: bytes) -> bytes:
    return _int(len(value)) + value


def _text(value: str | None) -> bytes:
    if value is None:
        return _int(-1)
    units = value.encode("utf-16-be", "surrogatepass")
    return _int(len(units) // 2) + units


def _text_read(value: str | None) -> bytes:
    # Java's strings cannot tell a pair from its halves; Python's can, and what is read must have the pair.
    if value is not None and value.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass") != value:
        raise ValueError(f"a pair in halves: {value!a}")
    return _text(value)


def _char(value: str) -> bytes:
    return _int(ord(value))


def _float_bits(value: float) -> bytes:
    """The raw bits of a float that Python can only hold as a double; a double that no float widens to has none."""
    if value == value:
        bits = struct.pack(">f", value)
        if struct.unpack(">f", bits)[0] != value:
            raise ValueError(f"no float widens to {value}")
        return bits
    wide = int.from_bytes(_double(value), "big")
    if wide & 0x1FFFFFFF:
        raise ValueError(f"no float NaN widens to {wide:016X}")
    return (wide >> 63 << 31 | 0x7F800000 | wide >> 29 & 0x7FFFFF).to_bytes(4, "big")


def _some(value: bytes) -> bytes:
    return _int(len(value) or -1) + value


class Method(NamedTuple):
    """A method's name in javaio and the bytes of what the oracle is told about it: for reads the value that was read,
    for writes the value to write."""

    method: str
    render: Callable[[Any], bytes]
    takes_int: bool = False


READS = {
    "Z": Method("read_boolean", _boolean),
    "B": Method("read_byte", _int),
    "b": Method("read_unsigned_byte", _int),
    "S": Method("read_short", _int),
    "s": Method("read_unsigned_short", _int),
    "C": Method("read_char", _char),
    "I": Method("read_int", _int),
    "J": Method("read_long", _long),
    "F": Method("read_float", _float_bits),
    "D": Method("read_double", _double),
    "U": Method("read_utf", _text_read),
    "L": Method("read_line", _text),
    "r": Method("read", _int),
    "k": Method("skip_bytes", _int, takes_int=True),
    "f": Method("read_fully", _bytes, takes_int=True),
    "n": Method("read", _some, takes_int=True),  # never asked for 0 bytes, where Java says 0 and not -1
}

WRITES = {
    "Z": Method("write_boolean", _boolean),
    "B": Method("write_byte", _int),
    "S": Method("write_short", _int),
    "C": Method("write_char", lambda value: _int(ord(value) if isinstance(value, str) else value)),
    "I": Method("write_int", _int),
    "J": Method("write_long", _long),
    "F": Method("write_float", _double),
    "D": Method("write_double", _double),
    "U": Method("write_utf", _text),
    "y": Method("write_bytes", _text),
    "h": Method("write_chars", _text),
    "w": Method("write", _int),
    "a": Method("write", _bytes),
}


def question(case: Case) -> bytes:
    """The case as the oracle reads it."""
    if isinstance(case, ReadCase):
        parts = [b"R", _bytes(case.data), _short(len(case.calls))]
        for letter, argument in case.calls:
            parts.append(letter.encode())
            if argument is not None:
                parts.append(_int(argument))
    else:
        parts = [b"W", _int(case.start), _short(len(case.calls))]
        for letter, argument in case.calls:
            parts.append(letter.encode())
            parts.append(WRITES[letter].render(argument))
    return b"".join(parts)


def error_answer(name: str, message: str | None) -> bytes:
    """An exception, as an answer has it."""
    return b"\x01" + _text(name) + _text(message)


# For a human, when two answers differ ------------------------------------------------------------------------------


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def int(self) -> int:
        return int.from_bytes(self.take(4), "big", signed=True)

    def text(self) -> str | None:
        size = self.int()
        return None if size < 0 else self.take(2 * size).decode("utf-16-be", "surrogatepass")

    def value(self, letter: str) -> object:
        if letter in "UL":
            return self.text()
        if letter in "fn":
            return self.take(max(self.int(), 0))
        if letter in "FDJ":
            return self.take(4 if letter == "F" else 8).hex(" ")
        return self.take(1)[0] if letter == "Z" else self.int()


def explain(case: Case, answer: bytes) -> str:
    """An answer in words: each call's value or exception, then the bytes consumed or `size()` and the bytes written."""
    cursor = _Cursor(answer)
    lines = []
    for call in case.calls:
        outcome: object
        if cursor.take(1) == b"\x01":
            outcome = f"{cursor.text()}: {cursor.text()}"
        elif isinstance(case, ReadCase):
            outcome = ascii(cursor.value(call.letter))
        else:
            outcome = "done"
        if isinstance(case, ReadCase):
            lines.append(f"{call} -> {outcome}, consumed {cursor.int()}")
        else:
            lines.append(f"{call} -> {outcome}, size {cursor.int()}, written {cursor.int()}")
    rest = answer[cursor.at :]
    return "; ".join(lines) + (f"; bytes {rest[4:].hex(' ')}" if rest else "")
