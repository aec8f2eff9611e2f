"""What only asyncio brings: reads that are cancelled, writes that must wait, tasks that write to one stream."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from javaio import AsyncDataInputStream, AsyncDataOutputStream, DataInputStream, DataOutputStream, UTFDataFormatError
from javaio.output import DataOutput

from .answers import MemoryWriter

READS: list[tuple[str, tuple[Any, ...], bytes, object]] = [
    ("read_boolean", (), b"\x01", True),
    ("read_short", (), b"\xff\xfe", -2),
    ("read_int", (), b"\x00\x00\x00\x54", 84),
    ("read_double", (), b"\xbf\xf8" + bytes(6), -1.5),
    ("read_fully", (5,), b"abcde", b"abcde"),
    ("read_utf", (), b"\x00\x05ab\xc3\xa9c", "abéc"),
    ("read_line", (), b"abc\n", "abc"),
    ("read_line", (), b"abc\r\n", "abc"),
    ("read_line", (), b"\r\n", ""),
]


async def _turns() -> None:
    for _ in range(3):  # enough for a task to take what was fed and to wait again
        await asyncio.sleep(0)


@pytest.mark.parametrize("held_back", [False, True], ids=["", "after a byte held back"])
@pytest.mark.parametrize(("name", "arguments", "data", "value"), READS)
def test_a_cancelled_read_has_consumed_nothing(
    name: str, arguments: tuple[Any, ...], data: bytes, value: object, held_back: bool
) -> None:
    async def run(split: int) -> None:
        reader = asyncio.StreamReader()
        inp = AsyncDataInputStream(reader)
        if held_back:
            reader.feed_data(b"x\r" + data[:1])
            assert await inp.read_line() == "x"
        reader.feed_data(data[held_back:split])
        reading = asyncio.create_task(getattr(inp, name)(*arguments))
        await _turns()
        assert not reading.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        reader.feed_data(data[split:] + b"!")
        reader.feed_eof()
        assert await getattr(inp, name)(*arguments) == value
        assert [await inp.read(), await inp.read()] == [ord("!"), -1]

    for split in range(held_back, len(data)):
        if data[:split] == b"\r" and held_back:
            continue  # a line end right after another is one, and nothing is held back
        asyncio.run(run(split))


def test_what_a_cancelled_read_gave_back_can_be_read_as_anything() -> None:
    async def run() -> None:
        reader = asyncio.StreamReader()
        inp = AsyncDataInputStream(reader)
        reader.feed_data(b"\x00\x09abc")
        reading = asyncio.create_task(inp.read_utf())
        await _turns()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert await inp.read_byte() == 0
        assert await inp.read(2) == b"\x09a"
        assert await inp.skip_bytes(1) == 1
        reader.feed_eof()
        with pytest.raises(EOFError, match=r"^end of stream in int: expected 4 bytes, got 1$"):
            await inp.read_int()
        assert await inp.read() == -1

    asyncio.run(run())


def test_after_malformed_text_the_stream_goes_on() -> None:
    async def run() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"\x00\x02a\x80\x00\x00\x00\x07")
        inp = AsyncDataInputStream(reader)
        with pytest.raises(UTFDataFormatError):
            await inp.read_utf()
        assert await inp.read_int() == 7

    asyncio.run(run())


def test_no_bytes_are_read_without_asking_the_connection() -> None:
    async def run() -> None:
        reader = asyncio.StreamReader()
        reader.set_exception(ConnectionResetError("Connection reset"))
        inp = AsyncDataInputStream(reader)
        assert await inp.read_fully(0) == b""
        with pytest.raises(ConnectionResetError):
            await inp.read_fully(1)

    asyncio.run(run())


class Gate(MemoryWriter):
    """A writer whose transport is full until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def drain(self) -> None:
        await self.open.wait()


def test_a_write_returns_when_there_is_room_again() -> None:
    async def run() -> None:
        gate = Gate()
        writer: Any = gate
        out = AsyncDataOutputStream(writer)
        writing = asyncio.create_task(out.write_int(84))
        await _turns()
        assert not writing.done()
        assert gate.sink.getvalue() == b"\x00\x00\x00\x54"
        gate.open.set()
        await writing
        assert out.size() == 4

    asyncio.run(run())


def test_values_of_several_tasks_do_not_mix() -> None:
    async def run() -> None:
        writer: Any = MemoryWriter()
        out = AsyncDataOutputStream(writer)
        texts = [letter * 50 for letter in "abcdefgh"]
        await asyncio.gather(*map(out.write_utf, texts))
        data = writer.sink.getvalue()
        found = {data[start + 2 : start + 52].decode() for start in range(0, len(data), 52)}
        assert found == set(texts)

    asyncio.run(run())


def test_flush_waits_for_room_too() -> None:
    async def run() -> None:
        gate = Gate()
        writer: Any = gate
        flushing = asyncio.create_task(AsyncDataOutputStream(writer).flush())
        await _turns()
        assert not flushing.done()
        gate.open.set()
        await flushing

    asyncio.run(run())


def _public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_faces_have_the_same_names() -> None:
    assert _public(DataInputStream) == _public(AsyncDataInputStream) | {"close"}  # a StreamReader has nothing to close
    assert _public(DataOutputStream) == _public(AsyncDataOutputStream)


def test_every_method_says_which_java_method_it_equals() -> None:
    kinds: list[type] = [DataInputStream, AsyncDataInputStream, DataOutputStream, AsyncDataOutputStream, DataOutput]
    for kind in kinds:
        for name in _public(kind):
            method: Callable[..., Coroutine[Any, Any, Any]] = getattr(kind, name)
            assert "Java: `" in (method.__doc__ or ""), f"{kind.__name__}.{name}"
