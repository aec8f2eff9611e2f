"""`explain`: the messages of the JDK and the Python that are here, and of others, are known by what caused them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pickle
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.formatting import LANGUAGES, Language, catalogue
from conformance.formatting.errors import error_texts
from conformance.model.error_messages import ErrorEntry, explain_error, known_errors
from javaio import DataInputStream, DataOutputStream
from tests.cli.running import LONG, ROOT, free_port, run_here
from tests.formatting.golden import places, raw_texts

ENTRIES = {entry.key: entry for entry in known_errors()}
JAVA = Path(__file__).with_name("errors") / "Errors.java"
EACH = pytest.mark.parametrize("language", LANGUAGES)
needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK: there is no javac on the PATH")


def keys(text: str) -> list[str]:
    return [error.key for error in explain_error(text)]


@EACH
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_entry_has_a_cause_and_a_remedy_of_values_that_each_pattern_has(
    entry: ErrorEntry, language: Language
) -> None:
    for part in ("cause", "remedy"):
        (text,) = raw_texts(catalogue(language), f"error.{entry.key}.{part}")
        assert text.endswith(".")
        for pattern in entry.patterns:
            assert places(text) <= set(re.compile(pattern).groupindex)
    assert entry.bytes is None or all(entry.bytes in re.compile(pattern).groupindex for pattern in entry.patterns)


@EACH
def test_no_text_is_of_an_entry_that_is_none(language: Language) -> None:
    texts = {name.split(".")[1] for name in catalogue(language).ids if name.startswith("error.")}
    assert texts == {*ENTRIES, "bytes"}


@pytest.mark.parametrize("key", ENTRIES)
def test_code_in_a_remedy_is_the_same_in_every_language(key: str) -> None:
    texts = [raw_texts(catalogue(language), f"error.{key}.remedy")[0] for language in LANGUAGES]
    code = [set(re.findall("`[^`]+`", text)) for text in texts]
    assert code[0] == code[1]


# As they are printed here -------------------------------------------------------------------------------------------


def after_close() -> None:
    sock = socket.socket()
    sock.close()
    sock.recv(1)


def connected(then: Callable[[socket.socket, socket.socket], object]) -> Callable[[], None]:
    """What happens to a client, after it and its server have been connected."""

    def play() -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as one,
        ):
            one.settimeout(LONG)
            with listener.accept()[0] as other:
                then(one, other)

    return play


def was_reset(one: socket.socket, other: socket.socket) -> None:
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    one.recv(1)


def writes_on(one: socket.socket, other: socket.socket) -> None:
    with pytest.raises(ConnectionResetError):
        was_reset(one, other)
    one.send(b"a")


def times_out(one: socket.socket, other: socket.socket) -> None:
    one.settimeout(0.001)
    one.recv(1)


def does_not_wait(one: socket.socket, other: socket.socket) -> None:
    one.setblocking(False)
    one.recv(1)


def in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_server(listener.getsockname())


def changed() -> None:
    clients = {1, 2}
    for client in clients:
        clients.add(client + 5)


async def half() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"ab")
    reader.feed_eof()
    await reader.readexactly(4)


PYTHON: list[tuple[str, Callable[[], object]]] = [
    ("unpack-size", lambda: struct.unpack(">i", b"ab")),
    ("unpack-size", lambda: struct.unpack_from(">i", b"ab")),
    ("pack-count", lambda: struct.pack(">ii", 1)),
    ("number-out-of-range", lambda: struct.pack(">i", 2**31)),
    ("number-out-of-range", lambda: struct.pack(">q", 2**63)),
    ("number-out-of-range", lambda: struct.pack(">B", 300)),
    ("number-out-of-range", lambda: (300).to_bytes(1, "big")),
    ("number-out-of-range", lambda: (-1).to_bytes(4, "big")),
    ("number-out-of-range", lambda: bytes([300])),
    ("not-an-integer", lambda: struct.pack(">i", "3")),
    ("str-for-bytes", lambda: io.BytesIO().write("a")),  # type: ignore[arg-type]
    ("str-for-bytes", lambda: b"a" + "b"),  # type: ignore[operator]
    ("bytes-for-str", lambda: io.StringIO().write(b"a")),  # type: ignore[arg-type]
    ("bytes-for-str", lambda: "a" + b"b"),  # type: ignore[operator]
    ("decode-byte", lambda: b"\0\x09\xe9 l".decode()),
    ("decode-byte", b"\x81".decode),
    ("decode-cut", b"a\xc3".decode),
    ("decode-modified", b"\xed\xa0\xbd\xed\xb8\x80".decode),
    ("decode-modified", b"\xc0\x80".decode),
    ("encode-character", lambda: "é".encode("ascii")),
    ("number-of-binary", lambda: int(b"\x00\t127")),
    ("number-of-text", lambda: int("12a")),
    ("number-of-text", lambda: float("x")),
    ("json-value", lambda: json.loads("")),
    ("pickle-load", lambda: pickle.loads(b"\0\t12")),
    ("eof", lambda: DataInputStream(io.BytesIO(b"ab")).read_int()),
    ("eof", lambda: asyncio.run(half())),
    ("malformed-text", lambda: DataInputStream(io.BytesIO(b"\0\2\xf0a")).read_utf()),
    ("text-too-long", lambda: DataOutputStream(io.BytesIO()).write_utf("a" * 70000)),
    ("number-out-of-range", lambda: DataOutputStream(io.BytesIO()).write_int(2**31)),
    ("address-in-use", in_use),
    ("refused", lambda: socket.create_connection(("127.0.0.1", free_port()))),
    ("reset", connected(was_reset)),
    ("broken-pipe", connected(writes_on)),
    ("read-timed-out", connected(times_out)),
    ("would-block", connected(does_not_wait)),
    ("socket-closed", after_close),
    ("bad-port", lambda: socket.socket().bind(("127.0.0.1", 70000))),
    ("port-is-text", lambda: socket.socket().bind(("127.0.0.1", "8999"))),
    ("address-is-no-pair", lambda: socket.socket().connect("127.0.0.1", 8999)),  # type: ignore[call-arg]
    ("accept-is-a-pair", lambda: (1, 2).recv(1)),  # type: ignore[attr-defined]
    ("socket-is-no-file", lambda: socket.socket().readline()),  # type: ignore[attr-defined]
    ("changed-while-iterating", changed),
    ("no-module", lambda: __import__("java_io")),
]


@pytest.mark.parametrize(("key", "wrong"), PYTHON, ids=[f"{n} {key}" for n, (key, _) in enumerate(PYTHON)])
def test_python_prints_it_so(key: str, wrong: Callable[[], object]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        wrong()
    kind = type(caught.value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    assert keys(f"{module}{kind.__qualname__}: {caught.value}") == [key]


@needs_jdk
def test_the_jdk_prints_it_so() -> None:
    done = subprocess.run(["java", str(JAVA)], capture_output=True, text=True, encoding="utf-8", timeout=4 * LONG)
    lines = [line.split("\t", 1) for line in done.stdout.splitlines()]
    assert len(lines) > 20, done.stderr
    assert [(line, keys(line)) for key, line in lines if keys(line) != [key]] == []


@needs_jdk
def test_the_compiler_prints_it_so(tmp_path: Path) -> None:
    source = tmp_path / "A.java"
    source.write_text(
        'import javaio.B; class A { void f(int n, java.io.InputStream in) { byte b = n; int i = "a"; in.read(); } }'
    )
    english = {**os.environ, "JAVA_TOOL_OPTIONS": "-Duser.language=en"}
    done = subprocess.run(["javac", str(source)], capture_output=True, text=True, env=english, timeout=4 * LONG)
    assert set(keys(done.stderr)) >= {"no-module"}, done.stderr
    source.write_text(source.read_text().replace("import javaio.B; ", ""))
    done = subprocess.run(["javac", str(source)], capture_output=True, text=True, env=english, timeout=4 * LONG)
    assert set(keys(done.stderr)) >= {"lossy-conversion", "incompatible-types"}, done.stderr


OTHERS = [
    ("Error: connect ECONNREFUSED 127.0.0.1:8999", "refused"),
    ("Error: listen EADDRINUSE: address already in use :::8999", "address-in-use"),
    ("Error: listen EACCES: permission denied 0.0.0.0:80", "port-forbidden"),
    ("Error: read ECONNRESET", "reset"),
    ("Error: write EPIPE", "broken-pipe"),
    ("Error: getaddrinfo ENOTFOUND servr", "unknown-host"),
    (
        'RangeError [ERR_OUT_OF_RANGE]: The value of "value" is out of range. It must be >= -2147483648',
        "number-out-of-range",
    ),
    ("RangeError [ERR_BUFFER_OUT_OF_BOUNDS]: Attempt to access memory outside buffer bounds", "buffer-too-small"),
    ("System.IO.EndOfStreamException: Unable to read beyond the end of the stream.", "eof"),
    (
        "System.Net.Sockets.SocketException (10061): No connection could be made because the target machine actively "
        "refused it. 127.0.0.1:8999",
        "refused",
    ),
    ("System.IO.IOException: An existing connection was forcibly closed by the remote host.", "reset"),
    ("System.ObjectDisposedException: Cannot access a disposed object.", "socket-closed"),
    ("OSError: [WinError 10048] Only one usage of each socket address is normally permitted", "address-in-use"),
    ("ConnectionResetError: [WinError 10054] Eine vorhandene Verbindung wurde geschlossen", "reset"),
    ("ConnectionAbortedError: [WinError 10053] Une connexion établie a été abandonnée", "aborted"),
    ("TimeoutError: [WinError 10060]", "connect-timed-out"),
    ("PermissionError: [WinError 10013]", "port-forbidden"),
    ("OSError: [Errno 48] Address already in use", "address-in-use"),
    ("PermissionError: [Errno 13] Permission denied", "port-forbidden"),
    ("java.net.BindException: Permission denied (Bind failed)", "port-forbidden"),
    ("java.net.NoRouteToHostException: No route to host (Host unreachable)", "no-route"),
    ("java.net.UnknownHostException: servr", "unknown-host"),
    ("java.io.StreamCorruptedException: invalid type code: 00", "invalid-type-code"),
    ("socket.gaierror: [Errno -2] Name or service not known", "unknown-host"),
    ("OSError: [Errno 24] Too many open files", "too-many-files"),
    ("dial tcp 127.0.0.1:8999: connect: connection refused", "refused"),
    ('Error: Custom { kind: UnexpectedEof, error: "failed to fill whole buffer" }', "eof"),
    ("error: unreported exception IOException; must be caught or declared to be thrown", "exception-not-caught"),
    ("Error: Could not find or load main class Server.class", "no-main-class"),
]


@pytest.mark.parametrize(("text", "key"), OTHERS)
def test_others_print_it_so(text: str, key: str) -> None:
    assert keys(text) == [key]


@pytest.mark.parametrize(
    ("header", "kind", "values"),
    [
        ("00093132", "utf", {"length": 9, "text": "12"}),
        ("00000054", "int", {"value": 84}),
        ("54000000", "low", {"value": 84}),
        ("47455420", "text", {"text": "GET "}),
        ("09313237", "one-byte-length", {"length": 9, "text": "127"}),
        ("16030100", "tls", {}),
        ("FEDCBA98", "other", {}),
    ],
)
def test_the_header_tells_what_the_peer_writes(header: str, kind: str, values: dict[str, object]) -> None:
    (error,) = explain_error(f"java.io.StreamCorruptedException: invalid stream header: {header}")
    assert error.kind == kind
    assert error.shown == {"raw": bytes.fromhex(header), **values}


def test_a_length_that_is_none_tells_it_too() -> None:
    (error,) = explain_error(f"java.lang.NegativeArraySizeException: {-0x53120FFB}")
    assert (error.kind, error.shown) == ("serialization", {"raw": b"\xac\xed\xf0\x05"})


TRACE = """\
--> Client address: 127.0.0.1
Exception in thread "Thread-0" java.lang.RuntimeException: java.io.EOFException
\tat Server.serve(Server.java:20)
Caused by: java.io.EOFException
\tat java.base/java.io.DataInputStream.readInt(DataInputStream.java:397)
java.io.StreamCorruptedException: invalid stream header: 00093132
"""


def test_of_a_whole_trace_each_cause_is_told_once_and_the_most_special_first() -> None:
    assert keys(TRACE) == ["invalid-stream-header", "eof"]


@EACH
def test_a_student_reads_cause_and_remedy(language: Language) -> None:
    done = run_here("explain", "invalid stream header: 00093132", lang=language)
    assert done.status == 0
    (error,) = explain_error("invalid stream header: 00093132")
    told = "\n".join(done.lines)
    for text in error_texts(error, catalogue(language)).values():
        assert text in told


def test_a_message_that_is_not_known_is_said_to_be_so() -> None:
    done = run_here("explain", "it does not work")
    assert done.status == 1
    assert done.lines == [catalogue("en").text("cli.explain.unknown", {"count": len(ENTRIES)})]


def test_a_trace_comes_from_standard_input_and_json_has_the_keys() -> None:
    command = [sys.executable, "-m", "conformance", "explain", "-", "--json"]
    done = subprocess.run(command, input=TRACE, capture_output=True, text=True, cwd=ROOT, timeout=LONG)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["key"] for entry in entries] == ["invalid-stream-header", "eof"]
    assert entries[0]["values"] == {"header": "00093132"}
