"""The wire format of java.io data streams, exact to the JDK in every value, error and byte.

    with socket.create_connection((host, 8999)) as connection:
        inp = DataInputStream(connection.makefile("rb"))
        out = DataOutputStream(connection.makefile("wb", buffering=0))
        out.write_utf("127.0.0.1")
        out.write_int(84)
        out.write_int(98)
        print(inp.read_int())

`AsyncDataInputStream` and `AsyncDataOutputStream` have the same names over asyncio. The format itself, byte by byte, is
told in docs/wire-format.md.
"""

from javaio.aio import AsyncDataInputStream, AsyncDataOutputStream
from javaio.blocking import DataInputStream, DataOutputStream
from javaio.errors import IncompleteValueError, UTFDataFormatError
from javaio.integers import to_int8, to_int16, to_int32, to_int64, to_uint8, to_uint16, to_uint32, to_uint64
from javaio.modified_utf8 import decode_modified_utf8, encode_modified_utf8
from javaio.wire_types import WIRE_TYPES, Decoded, WireType

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
