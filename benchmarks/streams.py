"""The streams over a buffered file, against a loop around `struct`, and against the JDK.

All three use the same file in the page cache, with a buffer of 8,192 bytes. The loop is optimised code for these values
alone: packers and methods are looked up once, and it calls no Python function. It has no method for each value, no
`size()`, no handling of file objects that read or write fewer bytes than asked, and its texts are plain UTF-8, which is
wrong for U+0000 and emoji.

Time is processor time of the thread, here and in Java, so that other work of the machine does not count.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from benchmarks.rows import Ratio, Row, UnavailableError
from benchmarks.sampling import Effort, in_turns
from javaio import DataInputStream, DataOutputStream

__all__ = ["COUNT", "WORKS", "Work", "measure", "stream_pass"]

# As in StreamPass.java.
COUNT = 20_000
_TEXTS = ("127.0.0.1", "alice", "bonjour tout le monde", "déjà vu") * (COUNT // 4)
_INTS = range(-COUNT // 2, COUNT - COUNT // 2)
_ARRAY = array("i", _INTS)
_BUFFER = 8192

_pack_int, _unpack_int = struct.Struct(">i").pack, struct.Struct(">i").unpack
_pack_short, _unpack_short = struct.Struct(">H").pack, struct.Struct(">H").unpack
_pack_double, _unpack_double = struct.Struct(">d").pack, struct.Struct(">d").unpack

Pass = Callable[[BinaryIO], None]


class _BareOutput:
    """A method for each value with the lines of the loop: the least that a `DataOutputStream` can cost."""

    __slots__ = ("_write",)

    def __init__(self, file: BinaryIO) -> None:
        self._write = file.write

    def write_int(self, value: int) -> None:
        self._write(_pack_int(value))

    def write_double(self, value: float) -> None:
        self._write(_pack_double(value))

    def write_utf(self, text: str) -> None:
        data = text.encode()
        self._write(_pack_short(len(data)) + data)


class _BareInput:
    """The same for `DataInputStream`."""

    __slots__ = ("_read",)

    def __init__(self, file: BinaryIO) -> None:
        self._read = file.read

    def read_int(self) -> int:
        (value,) = _unpack_int(self._read(4))
        return value  # type: ignore[no-any-return]

    def read_double(self) -> float:
        (value,) = _unpack_double(self._read(8))
        return value  # type: ignore[no-any-return]

    def read_utf(self) -> str:
        (size,) = _unpack_short(self._read(2))
        return self._read(size).decode()


def _write_ints(file: BinaryIO, stream: type[DataOutputStream | _BareOutput] = DataOutputStream) -> None:
    out = stream(file)
    for number in _INTS:
        out.write_int(number)


def _write_ints_by_hand(file: BinaryIO) -> None:
    write, pack = file.write, _pack_int
    for number in _INTS:
        write(pack(number))


def _write_ints_at_once(file: BinaryIO) -> None:
    numbers = array("i", _ARRAY)
    if sys.byteorder == "little":
        numbers.byteswap()
    DataOutputStream(file).write(numbers.tobytes())


def _write_texts(file: BinaryIO, stream: type[DataOutputStream | _BareOutput] = DataOutputStream) -> None:
    out = stream(file)
    for text in _TEXTS:
        out.write_utf(text)


def _write_texts_by_hand(file: BinaryIO) -> None:
    write, pack = file.write, _pack_short
    for text in _TEXTS:
        data = text.encode()
        write(pack(len(data)) + data)


def _write_records(file: BinaryIO, stream: type[DataOutputStream | _BareOutput] = DataOutputStream) -> None:
    out = stream(file)
    for number, text in zip(_INTS, _TEXTS, strict=True):
        out.write_int(number)
        out.write_utf(text)
        out.write_double(number * 0.5)


def _write_records_by_hand(file: BinaryIO) -> None:
    write, pack_int, pack_short, pack_double = file.write, _pack_int, _pack_short, _pack_double
    for number, text in zip(_INTS, _TEXTS, strict=True):
        write(pack_int(number))
        data = text.encode()
        write(pack_short(len(data)) + data)
        write(pack_double(number * 0.5))


def _read_ints(file: BinaryIO, stream: type[DataInputStream | _BareInput] = DataInputStream) -> None:
    inp = stream(file)
    for _ in range(COUNT):
        inp.read_int()


def _read_ints_by_hand(file: BinaryIO) -> None:
    read, unpack = file.read, _unpack_int
    for _ in range(COUNT):
        (_number,) = unpack(read(4))


def _read_ints_at_once(file: BinaryIO) -> None:
    numbers = array("i")
    numbers.frombytes(DataInputStream(file).read_fully(4 * COUNT))
    if sys.byteorder == "little":
        numbers.byteswap()


def _read_texts(file: BinaryIO, stream: type[DataInputStream | _BareInput] = DataInputStream) -> None:
    inp = stream(file)
    for _ in range(COUNT):
        inp.read_utf()


def _read_texts_by_hand(file: BinaryIO) -> None:
    read, unpack = file.read, _unpack_short
    for _ in range(COUNT):
        (size,) = unpack(read(2))
        read(size).decode()


def _read_records(file: BinaryIO, stream: type[DataInputStream | _BareInput] = DataInputStream) -> None:
    inp = stream(file)
    for _ in range(COUNT):
        inp.read_int()
        inp.read_utf()
        inp.read_double()


def _read_records_by_hand(file: BinaryIO) -> None:
    read, unpack_int, unpack_short, unpack_double = file.read, _unpack_int, _unpack_short, _unpack_double
    for _ in range(COUNT):
        (_number,) = unpack_int(read(4))
        (size,) = unpack_short(read(2))
        read(size).decode()
        (_half,) = unpack_double(read(8))


@dataclass(frozen=True)
class Work:
    """The same work through the streams, through bare methods, by the loop, and, if possible, in one call."""

    ours: Pass
    bare: Pass
    by_hand: Pass
    at_once: Pass | None = None

    @property
    def passes(self) -> list[Pass]:
        """All of them."""
        return [one for one in (self.ours, self.bare, self.by_hand, self.at_once) if one is not None]


WORKS = {
    "write-ints": Work(_write_ints, partial(_write_ints, stream=_BareOutput), _write_ints_by_hand, _write_ints_at_once),
    "write-texts": Work(_write_texts, partial(_write_texts, stream=_BareOutput), _write_texts_by_hand),
    "write-records": Work(_write_records, partial(_write_records, stream=_BareOutput), _write_records_by_hand),
    "read-ints": Work(_read_ints, partial(_read_ints, stream=_BareInput), _read_ints_by_hand, _read_ints_at_once),
    "read-texts": Work(_read_texts, partial(_read_texts, stream=_BareInput), _read_texts_by_hand),
    "read-records": Work(_read_records, partial(_read_records, stream=_BareInput), _read_records_by_hand),
}
"""By the names in StreamPass.java."""


def measure(effort: Effort) -> Iterator[Row]:
    """Values/s or records/s, written and read."""
    seconds = effort.seconds / 4
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder, stream_pass(Path(folder)) as jdk:
        for name, work in WORKS.items():
            way, kind = name.split("-")
            file = Path(folder) / kind  # the writing passes create the files that are read
            our_rates, bare_rates, loop_rates, jdk_rates, *rest = in_turns(
                effort.rounds,
                partial(_rate, work.ours, name, file, seconds),
                partial(_rate, work.bare, name, file, seconds),
                partial(_rate, work.by_hand, name, file, seconds),
                partial(jdk, name, file, seconds),
                *([partial(_rate, work.at_once, name, file, seconds)] if work.at_once else []),
            )
            shown, unit = f"{way} {kind}", f"{kind}/s"
            yield Ratio(shown, "a struct loop", our_rates, loop_rates, unit, at_least=0.7)
            yield Ratio(f"{shown}, by bare methods", "a struct loop", bare_rates, loop_rates, unit)
            yield Ratio(shown, "the JDK", our_rates, jdk_rates, unit)
            for rates in rest:
                yield Ratio(f"{shown}, all at once", "the JDK", rates, jdk_rates, unit)


def _rate(one: Pass, work: str, path: Path, seconds: float) -> float:
    passes, taken, began = 0, 0.0, time.thread_time()
    while taken < seconds:
        with path.open("rb" if work.startswith("read") else "wb", buffering=_BUFFER) as file:
            one(file)
        passes += 1
        taken = time.thread_time() - began
    return passes * COUNT / taken


@contextmanager
def stream_pass(folder: Path) -> Iterator[Callable[[str, Path, float], float]]:
    """The same work in one JVM, which the first calls warm up."""
    if shutil.which("javac") is None or shutil.which("java") is None:
        raise UnavailableError("there is no JDK on the PATH")
    source = Path(__file__).with_name("peers") / "StreamPass.java"
    subprocess.run(["javac", "-encoding", "UTF-8", "-d", folder, source], check=True)
    command = ["java", "-cp", str(folder), "StreamPass"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def rate(work: str, path: Path, seconds: float) -> float:
            orders.write(f"{work} {path} {seconds}\n")
            orders.flush()
            return float(answers.readline())

        yield rate
