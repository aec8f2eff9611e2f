"""Real sockets: nothing here is a stand-in."""

import asyncio
import os
import socket
import threading

import pytest

from javaio import AsyncDataInputStream, AsyncDataOutputStream, DataInputStream, DataOutputStream

LONG = "a\0é€😀" * 4_000  # 60,000 bytes


@pytest.mark.parametrize("buffering", [0, -1], ids=["raw", "buffered"])
def test_a_conversation_over_a_socket(buffering: int) -> None:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(30)  # with a timeout a socket reads and writes in part
        there.settimeout(30)

        def serve() -> None:
            inp = DataInputStream(there.makefile("rb", buffering=0))
            out = DataOutputStream(there.makefile("wb", buffering=0))
            out.write_utf(inp.read_utf())
            for _ in range(30):
                out.write_utf(LONG)
            out.write_int(inp.read_int() + inp.read_int())
            there.shutdown(socket.SHUT_WR)

        server = threading.Thread(target=serve)
        server.start()
        inp = DataInputStream(here.makefile("rb", buffering=buffering))
        out = DataOutputStream(here.makefile("wb", buffering=0))
        out.write_utf("127.0.0.1")
        assert inp.read_utf() == "127.0.0.1"
        out.write_int(84)
        out.write_int(98)
        for _ in range(30):
            assert inp.read_utf() == LONG
        assert inp.read_int() == 182
        with pytest.raises(EOFError, match=r"^end of stream in int: expected 4 bytes, got 0$"):
            inp.read_int()
        server.join()


def test_a_conversation_over_asyncio() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inp = AsyncDataInputStream(reader)
        async with AsyncDataOutputStream(writer) as out:
            await out.write_utf(await inp.read_utf())
            for _ in range(30):
                await out.write_utf(LONG)
            await out.write_int(await inp.read_int() + await inp.read_int())

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            inp = AsyncDataInputStream(reader)
            async with AsyncDataOutputStream(writer) as out:
                await out.write_utf("127.0.0.1")
                assert await inp.read_utf() == "127.0.0.1"
                await out.write_int(84)
                await out.write_int(98)
                for _ in range(30):
                    assert await inp.read_utf() == LONG
                assert await inp.read_int() == 182
                with pytest.raises(EOFError, match=r"^end of stream in int: expected 4 bytes, got 0$"):
                    await inp.read_int()
                assert out.size() == 11 + 4 + 4
            assert writer.is_closing()

    asyncio.run(run())


def test_over_a_pipe() -> None:
    reading, writing = os.pipe()
    with DataInputStream(open(reading, "rb")) as inp:  # noqa: PTH123
        with DataOutputStream(open(writing, "wb")) as out:  # noqa: PTH123
            out.write_long(-2)
            out.write_chars("é")
        assert (inp.read_long(), inp.read_char(), inp.read()) == (-2, "é", -1)


def test_a_socket_that_does_not_block_is_refused() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        with pytest.raises(BlockingIOError, match="expected a blocking stream"):
            DataInputStream(here.makefile("rb", buffering=0)).read_int()


MUCH = bytes(8 << 20)  # more than the buffers of a socket pair take


def received(there: socket.socket) -> int:
    """How many bytes are there for the peer, and its end of the stream behind them."""
    size = 0
    while piece := there.recv(1 << 16):
        size += len(piece)
    return size


@pytest.mark.parametrize(("timeout", "error"), [(0.0, BlockingIOError), (0.1, TimeoutError)])
def test_a_write_that_could_not_be_finished_may_have_sent_a_part(timeout: float, error: type[Exception]) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(30)
        here.settimeout(timeout)
        out = DataOutputStream(here.makefile("wb", buffering=0))
        with pytest.raises(error):
            out.write(MUCH)
        assert out.size() == 0
        here.shutdown(socket.SHUT_WR)
        assert 0 < received(there) < len(MUCH)


def test_after_a_timeout_inside_a_value_python_reads_no_more() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(0.1)
        inp = DataInputStream(here.makefile("rb", buffering=0))
        there.sendall(b"\0\0")
        with pytest.raises(TimeoutError):
            inp.read_int()
        there.sendall(b"\0\7")
        with pytest.raises(OSError, match="timed out"):
            inp.read_int()


def test_a_cancelled_write_is_sent_all_the_same() -> None:
    async def run(here: socket.socket) -> int:
        _, writer = await asyncio.open_connection(sock=here)
        out = AsyncDataOutputStream(writer)
        writing = asyncio.ensure_future(out.write(MUCH))
        await asyncio.sleep(0)  # it writes, and waits for room
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await out.close()
        return out.size()

    here, there = socket.socketpair()
    with there:
        there.settimeout(30)
        peer: list[int] = []
        reading = threading.Thread(target=lambda: peer.append(received(there)))
        reading.start()
        assert asyncio.run(run(here)) == len(MUCH)
        reading.join()
        assert peer == [len(MUCH)]
