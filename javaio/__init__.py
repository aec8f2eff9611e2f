"""The data streams of java.io in Python: the same bytes, values and errors as in the JDK.

    with socket.create_connection((host, 8999)) as connection:
        inp = DataInputStream(connection.makefile("rb"))
        out = DataOutputStream(connection.makefile("wb", buffering=0))
        out.write_utf("127.0.0.1")
        out.write_int(84)
        out.write_int(98)
        print(inp.read_int())

`AsyncDataInputStream` and `AsyncDataOutputStream` have the same methods over asyncio, which is imported when one of the
two is first used. docs/wire-format.md describes the format byte by byte.
"""

from typing import TYPE_CHECKING

from javaio.blocking import DataInputStream, DataOutputStream
from javaio.errors import IncompleteValueError, UTFDataFormatError
from javaio.integers import to_int8, to_int16, to_int32, to_int64, to_uint8, to_uint16, to_uint32, to_uint64
from javaio.modified_utf8 import decode_modified_utf8, encode_modified_utf8
from javaio.wire_types import WIRE_TYPES, Decoded, WireType

if TYPE_CHECKING:
    from javaio.aio import AsyncDataInputStream, AsyncDataOutputStream

__all__ = [
    "WIRE_TYPES",
    "AsyncDataInputStream",
    "AsyncDataOutputStream",
    "DataInputStream",
    "DataOutputStream",
    "Decoded",
    "IncompleteValueError",
    "UTFDataFormatError",
    "WireType",
    "decode_modified_utf8",
    "encode_modified_utf8",
    "to_int8",
    "to_int16",
    "to_int32",
    "to_int64",
    "to_uint8",
    "to_uint16",
    "to_uint32",
    "to_uint64",
]

_ASYNC = ("AsyncDataInputStream", "AsyncDataOutputStream")

# Type checkers do not see this function: they would take any name for an attribute of the module.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> type:
        """Imports the asyncio streams on first use: asyncio takes longer to import than all the rest."""
        if name in _ASYNC:
            from javaio import aio

            return getattr(aio, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ASYNC})
