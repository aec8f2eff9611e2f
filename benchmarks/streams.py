"""The streams over a buffered file, against a loop around `struct` that does the same by hand, and against the JDK.

All three have the same file in the page cache behind a buffer of 8,192 bytes. The loop is what one writes who knows the
trade and needs no more than these values: packers and methods looked up once, no call of Python but its own lines. It
has no method per value, no `size()`, no answer to a file object that takes or gives less than it is asked to, and its
texts are plain UTF-8, so that U+0000 and emoji would be wrong.

The clock is the thread's own, here and in Java: what else the machine does meanwhile takes no time from it.
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
from functools import partial
from pathlib import Path
from typing import BinaryIO

from benchmarks.rows import Ratio, Row, UnavailableError
from benchmarks.sampling import Effort, in_turns
from javaio import DataInputStream, DataOutputStream

__all__ = ["COUNT", "PASSES", "measure", "stream_pass"]

# As in StreamPass.java.
COUNT = 20_000
_TEXTS = ("127.0.0.1", "alice", "bonjour tout le monde", "déjà vu") * (COUNT // 4)
_INTS = range(-COUNT // 2, COUNT - COUNT // 2)
_ARRAY = array("i", _INTS)
_BUFFER = 8192

_int, _short, _double = struct.Struct(">i"), struct.Struct(">H"), struct.Struct(">d")

Pass = Callable[[BinaryIO], None]


def _write_ints(file: BinaryIO) -> None:
    out = DataOutputStream(file)
    for number in _INTS:
        out.write_int(number)


def _write_ints_by_hand(file: BinaryIO) -> None:
    write, pack = file.write, _int.pack
    for number in _INTS:
        write(pack(number))


def _write_ints_at_once(file: BinaryIO) -> None:
    numbers = array("i", _ARRAY)
    if sys.byteorder == "little":
        numbers.byteswap()
    DataOutputStream(file).write(numbers.tobytes())


def _write_texts(file: BinaryIO) -> None:
    out = DataOutputStream(file)
    for text in _TEXTS:
        out.write_utf(text)


def _write_texts_by_hand(file: BinaryIO) -> None:
    write, pack = file.write, _short.pack
    for text in _TEXTS:
        data = text.encode()
        write(pack(len(data)) + data)


def _write_records(file: BinaryIO) -> None:
    out = DataOutputStream(file)
    for number, text in zip(_INTS, _TEXTS, strict=True):
        out.write_int(number)
        out.write_utf(text)
        out.write_double(number * 0.5)


def _write_records_by_hand(file: BinaryIO) -> None:
    write, pack_int, pack_short, pack_double = file.write, _int.pack, _short.pack, _double.pack
    for number, text in zip(_INTS, _TEXTS, strict=True):
        write(pack_int(number))
        data = text.encode()
        write(pack_short(len(data)) + data)
        write(pack_double(number * 0.5))


def _read_ints(file: BinaryIO) -> None:
    inp = DataInputStream(file)
    for _ in range(COUNT):
        inp.read_int()


def _read_ints_by_hand(file: BinaryIO) -> None:
    read, unpack = file.read, _int.unpack
    for _ in range(COUNT):
        (_number,) = unpack(read(4))


def _read_ints_at_once(file: BinaryIO) -> None:
    numbers = array("i")
    numbers.frombytes(DataInputStream(file).read_fully(4 * COUNT))
    if sys.byteorder == "little":
        numbers.byteswap()


def _read_texts(file: BinaryIO) -> None:
    inp = DataInputStream(file)
    for _ in range(COUNT):
        inp.read_utf()


def _read_texts_by_hand(file: BinaryIO) -> None:
    read, unpack = file.read, _short.unpack
    for _ in range(COUNT):
        (size,) = unpack(read(2))
        read(size).decode()


def _read_records(file: BinaryIO) -> None:
    inp = DataInputStream(file)
    for _ in range(COUNT):
        inp.read_int()
        inp.read_utf()
        inp.read_double()


def _read_records_by_hand(file: BinaryIO) -> None:
    read, unpack_int, unpack_short, unpack_double = file.read, _int.unpack, _short.unpack, _double.unpack
    for _ in range(COUNT):
        (_number,) = unpack_int(read(4))
        (size,) = unpack_short(read(2))
        read(size).decode()
        (_half,) = unpack_double(read(8))


PASSES: dict[str, tuple[Pass, Pass, Pass | None]] = {
    "write-ints": (_write_ints, _write_ints_by_hand, _write_ints_at_once),
    "write-texts": (_write_texts, _write_texts_by_hand, None),
    "write-records": (_write_records, _write_records_by_hand, None),
    "read-ints": (_read_ints, _read_ints_by_hand, _read_ints_at_once),
    "read-texts": (_read_texts, _read_texts_by_hand, None),
    "read-records": (_read_records, _read_records_by_hand, None),
}
"""By the name that StreamPass.java knows: through the streams, by hand, and through the streams all at once."""


def measure(effort: Effort) -> Iterator[Row]:
    """Values/s, or records/s, each way."""
    seconds = effort.seconds / 4
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name, stream_pass(Path(name)) as jdk:
        for work, (ours, by_hand, at_once) in PASSES.items():
            file = Path(name) / work.partition("-")[2]  # what is written first is read later
            measurements = [partial(_rate, ours, work, file, seconds), partial(_rate, by_hand, work, file, seconds)]
            measurements.append(partial(jdk, work, file, seconds))
            if at_once:
                measurements.append(partial(_rate, at_once, work, file, seconds))
            our_rates, loop_rates, jdk_rates, *rest = in_turns(effort.rounds, *measurements)
            shown, unit = work.replace("-", " "), f"{work.partition('-')[2]}/s"
            yield Ratio(shown, "a struct loop", our_rates, loop_rates, unit, at_least=0.7)
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
    """The same by the JDK: one JVM for all of it, whose first turn has made it warm."""
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
