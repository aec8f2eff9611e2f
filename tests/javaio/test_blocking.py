"""The blocking streams over file objects of every temper."""

import errno
import io
import math
import struct
import sys
from array import array
from typing import Any

import pytest

from javaio import DataInputStream, DataOutputStream, IncompleteValueError, encode_modified_utf8

from .answers import Pieces, Trickle


class Nothing(io.RawIOBase):
    """A raw stream that would have to be waited for."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, room: Any) -> None:
        return None

    def write(self, data: Any) -> None:
        return None


def test_reads_over_a_buffered_reader() -> None:
    inp = DataInputStream(io.BufferedReader(Pieces([b"\x00", b"\x00\x00", b"\x54\x00\x02", b"h", b"i!"])))
    assert (inp.read_int(), inp.read_utf(), inp.read()) == (84, "hi", ord("!"))


def test_read_does_not_wait_for_more_than_there_is() -> None:
    inp = DataInputStream(io.BufferedReader(Pieces([b"ab", b"cd"])))
    assert [inp.read(10) for _ in range(3)] == [b"ab", b"cd", b""]


def test_read_takes_the_byte_held_back_and_then_what_there_is() -> None:
    inp = DataInputStream(io.BufferedReader(Pieces([b"\r", b"a", b"bc", b"d"])))
    assert inp.read_line() == ""
    assert [inp.read(10) for _ in range(3)] == [b"abc", b"d", b""]


def test_a_byte_held_back_is_read_without_asking_the_stream() -> None:
    class Once(Nothing):
        left = b"\rab"

        def read(self, size: int = -1, /) -> bytes | None:
            byte, self.left = self.left[:1], self.left[1:]
            return byte if byte != b"b" else None

    inp = DataInputStream(Once())
    assert (inp.read_line(), inp.read(1)) == ("", b"a")


def test_takes_no_byte_that_belongs_to_the_next_value() -> None:
    source = io.BytesIO(b"\x00\x00\x00\x01\x00\x02hi\x07")
    inp = DataInputStream(source)
    places = []
    for read in (inp.read_int, inp.read_utf, inp.read_byte):
        read()
        places.append(source.tell())
    assert places == [4, 8, 9]


def test_asks_for_no_more_than_a_piece_at_a_time() -> None:
    class Greedy(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    source = Greedy(bytes(100))
    with pytest.raises(EOFError, match=r"expected 2147483647 bytes, got 100"):
        DataInputStream(source).read_fully(2**31 - 1)
    assert DataInputStream(source).skip_bytes(2**31 - 1) == 0
    assert source.most == 65_536


@pytest.mark.parametrize(
    ("letter", "size", "write", "read", "numbers"),
    [
        ("h", 2, "write_short", "read_short", [1, -2, 32767]),
        ("i", 4, "write_int", "read_int", [84, 98, -1]),
        ("q", 8, "write_long", "read_long", [1 << 40, -1]),
        ("f", 4, "write_float", "read_float", [0.5, -2.0]),
        ("d", 8, "write_double", "read_double", [0.1, -math.inf]),
    ],
)
def test_an_array_is_its_numbers_one_after_the_other(
    letter: str, size: int, write: str, read: str, numbers: list[Any]
) -> None:
    """As docs/wire-format.md moves arrays whole."""
    numbers *= 10_000  # more than is asked for at a time
    one_by_one = io.BytesIO()
    out = DataOutputStream(one_by_one)
    for number in numbers:
        getattr(out, write)(number)
    whole: array[Any] = array(letter, numbers)
    if sys.byteorder == "little":
        whole.byteswap()
    at_once = io.BytesIO()
    DataOutputStream(at_once).write(whole.tobytes())
    assert at_once.getvalue() == one_by_one.getvalue()
    inp = DataInputStream(at_once)
    at_once.seek(0)
    came: array[Any] = array(letter)
    came.frombytes(inp.read_fully(size * len(numbers)))
    if sys.byteorder == "little":
        came.byteswap()
    assert came.tolist() == numbers
    one_by_one.seek(0)
    assert [getattr(DataInputStream(one_by_one), read)() for _ in numbers] == numbers


def test_the_end_of_the_stream_is_asked_for_once() -> None:
    class Ends(io.BytesIO):
        empty = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.empty += not data
            return data

    source = Ends(b"\x00\x00")
    with pytest.raises(IncompleteValueError):
        DataInputStream(source).read_int()
    assert source.empty == 1
    with pytest.raises(IncompleteValueError):
        DataInputStream(source).read_int()
    assert source.empty == 2


@pytest.mark.parametrize("name", ["read_int", "read_byte", "read_utf", "read_line", "read"])
def test_a_stream_that_does_not_block_is_refused_when_it_has_nothing_to_read(name: str) -> None:
    with pytest.raises(BlockingIOError, match="read: expected a blocking stream") as raised:
        getattr(DataInputStream(Nothing()), name)()
    assert raised.value.errno == errno.EAGAIN
    with pytest.raises(BlockingIOError):
        DataInputStream(Nothing()).read(3)
    with pytest.raises(BlockingIOError):
        DataInputStream(Nothing()).read_fully(3)


def test_a_stream_that_does_not_block_is_refused_when_it_takes_nothing() -> None:
    out = DataOutputStream(Nothing())
    with pytest.raises(BlockingIOError, match="write: expected a blocking stream"):
        out.write_int(1)
    assert out.size() == 0


@pytest.mark.parametrize("most", [1, 2, 3, 7, 1000])
def test_writes_the_rest_of_what_was_taken_in_part(most: int) -> None:
    whole = io.BytesIO()
    trickle = Trickle(most)
    for sink in (whole, trickle):
        out = DataOutputStream(sink)
        out.write_int(-2)
        out.write_utf("a\0é€😀" * 50)
        out.write(b"")
        out.write_chars("déjà")
        out.write_bytes("abc")
        out.write(bytearray(range(256)))
        out.write_double(0.1)
        assert out.size() == len(whole.getvalue())
    assert bytes(trickle.written) == whole.getvalue()


@pytest.mark.parametrize("room", [1, 3])
def test_the_methods_called_most_survive_short_writes_too(room: int) -> None:
    """They go to the file object by themselves, past what all others share."""
    trickle = Trickle(room)
    out = DataOutputStream(trickle)
    out.write_int(-2)
    out.write_long(1 << 40)
    out.write_double(0.5)
    out.write_double(math.nan)
    out.write_utf("é")
    whole = struct.pack(">iqd", -2, 1 << 40, 0.5) + bytes.fromhex("7ff8000000000000 0002 c3a9")
    assert bytes(trickle.written) == whole
    assert out.size() == len(whole)


@pytest.mark.parametrize(
    "text", ["", "a", "\0", "é", "a\0", "😀", "x" * 254, "x" * 255, "x" * 256, "é" * 128, "\0" * 128]
)
@pytest.mark.parametrize("room", [1, 10_000])
def test_text_is_written_and_read_the_same_however_long_it_is(text: str, room: int) -> None:
    """ASCII goes past the codec, unless it has a U+0000; the length of a short text is not worked out."""
    trickle = Trickle(room)
    out = DataOutputStream(trickle)
    out.write_utf(text)
    data = encode_modified_utf8(text)
    assert bytes(trickle.written) == struct.pack(">H", len(data)) + data
    assert out.size() == len(data) + 2
    inp = DataInputStream(io.BufferedReader(Pieces([bytes([byte]) for byte in trickle.written])))
    assert (inp.read_utf(), inp.read()) == (text, -1)


@pytest.mark.parametrize("wrong", [None, 3, b"text"])
def test_text_alone_is_written_as_text(wrong: Any) -> None:
    trickle = Trickle(100)
    out = DataOutputStream(trickle)
    with pytest.raises(TypeError, match="expected a str, got"):
        out.write_utf(wrong)
    assert (trickle.calls, out.size()) == (0, 0)


def test_each_value_is_one_write() -> None:
    trickle = Trickle(10_000)
    out = DataOutputStream(trickle)
    out.write_utf("salut")
    out.write_chars("salut")
    out.write_bytes("salut")
    out.write_long(1)
    assert trickle.calls == 4


def test_a_write_that_says_nothing_has_written_all() -> None:
    class Quiet:
        def __init__(self) -> None:
            self.data: list[bytes] = []

        def write(self, data: Any, /) -> None:
            self.data.append(bytes(data))

        def flush(self) -> None: ...

        def close(self) -> None: ...

    quiet = Quiet()
    out = DataOutputStream(quiet)
    out.write_int(84)
    assert (quiet.data, out.size()) == ([b"\x00\x00\x00\x54"], 4)


def test_a_failed_write_is_not_counted() -> None:
    class Broken(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            raise BrokenPipeError("Broken pipe")

    out = DataOutputStream(Broken())
    with pytest.raises(BrokenPipeError):
        out.write_int(1)
    assert out.size() == 0


def test_size_stays_at_the_largest_int() -> None:
    out = DataOutputStream(io.BytesIO())
    out._size = 2**31 - 3
    sizes = []
    for _ in range(4):
        out.write_byte(0)
        sizes.append(out.size())
    assert sizes == [2**31 - 2, 2**31 - 1, 2**31 - 1, 2**31 - 1]
    out.write_utf("bonjour")
    assert out.size() == 2**31 - 1


def test_flushes_and_closes_what_is_underneath() -> None:
    raw = Trickle(100)
    with DataOutputStream(io.BufferedWriter(raw)) as out:
        out.write_int(1)
        assert raw.written == b""
        out.flush()
        assert raw.written == b"\x00\x00\x00\x01"
        out.write_int(2)
    assert raw.written == b"\x00\x00\x00\x01\x00\x00\x00\x02"
    assert raw.closed
    source = io.BytesIO()
    with DataInputStream(source):
        pass
    assert source.closed


def test_closes_even_when_it_cannot_flush() -> None:
    class Stuck(io.BytesIO):
        def flush(self) -> None:
            raise OSError("No space left on device")

    sink = Stuck()
    with pytest.raises(OSError, match="No space left"):
        DataOutputStream(sink).close()
    assert sink.closed
