"""The two faces of the streams, so that one test can be put to both."""

import asyncio
import io
from typing import Any

from javaio import AsyncDataInputStream, AsyncDataOutputStream, DataInputStream, DataOutputStream

from .answers import MemoryWriter

__all__ = ["FACES", "AsyncFace", "BlockingFace", "Face"]


class BlockingFace:
    """Calls by name on blocking streams in memory."""

    def read(self, data: bytes, *calls: Any) -> list[Any]:
        """What each call, a name or a name with arguments, returns on one stream over `data`."""
        inp = DataInputStream(io.BytesIO(data))
        return [getattr(inp, name)(*arguments) for name, *arguments in map(_call, calls)]

    def write(self, *calls: Any) -> tuple[bytes, int]:
        """What the calls write to one stream, and its size then."""
        sink = io.BytesIO()
        out = DataOutputStream(sink)
        for name, *arguments in map(_call, calls):
            getattr(out, name)(*arguments)
        return sink.getvalue(), out.size()

    def refuse(self, kind: type[Exception], *calls: Any) -> tuple[str, bytes, int]:
        """The message with which the last call is refused, what was written by then, and the size."""
        sink = io.BytesIO()
        out = DataOutputStream(sink)
        for name, *arguments in map(_call, calls):
            try:
                getattr(out, name)(*arguments)
            except kind as error:
                return str(error), sink.getvalue(), out.size()
        raise AssertionError(f"{calls} raised no {kind.__name__}")


class AsyncFace:
    """The same on asyncio streams."""

    def read(self, data: bytes, *calls: Any) -> list[Any]:
        async def run() -> list[Any]:
            reader = asyncio.StreamReader()
            reader.feed_data(data)
            reader.feed_eof()
            inp = AsyncDataInputStream(reader)
            return [await getattr(inp, name)(*arguments) for name, *arguments in map(_call, calls)]

        return asyncio.run(run())

    def write(self, *calls: Any) -> tuple[bytes, int]:
        async def run() -> tuple[bytes, int]:
            writer: Any = MemoryWriter()
            out = AsyncDataOutputStream(writer)
            for name, *arguments in map(_call, calls):
                await getattr(out, name)(*arguments)
            return writer.sink.getvalue(), out.size()

        return asyncio.run(run())

    def refuse(self, kind: type[Exception], *calls: Any) -> tuple[str, bytes, int]:
        async def run() -> tuple[str, bytes, int]:
            writer: Any = MemoryWriter()
            out = AsyncDataOutputStream(writer)
            for name, *arguments in map(_call, calls):
                try:
                    await getattr(out, name)(*arguments)
                except kind as error:
                    return str(error), writer.sink.getvalue(), out.size()
            raise AssertionError(f"{calls} raised no {kind.__name__}")

        return asyncio.run(run())


Face = BlockingFace | AsyncFace
FACES: dict[str, type[Face]] = {"blocking": BlockingFace, "asyncio": AsyncFace}


def _call(call: Any) -> Any:
    return (call,) if isinstance(call, str) else call
