"""The readers' mistakes, of servers that read so: from the cases of `check`, as they pass and fail."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.player.player import play_against_server
from conformance.decoder import read_conversations
from conformance.diagnosis import Finding, diagnose
from conformance.diagnosis.readers import CaseEvidence, Cut, Delivery, case_evidence, explain_reader
from conformance.model.cases import load_cases
from conformance.model.registry import load_registry
from javaio import to_int32
from tests.diagnosis.protocols import ADDITION

FILE = load_cases(load_registry().cases)["addition", SERVER]
Reads = Callable[[socket.socket], Iterator[tuple[int, int]]]
TIMEOUT = 0.4  # seconds in which these servers answer, or never


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := sock.recv(size - len(data))):
            raise EOFError
        data += more
    return data


def text(sock: socket.socket) -> None:
    exactly(sock, int.from_bytes(exactly(sock, 2), "big"))


def pair(data: bytes) -> tuple[int, int]:
    first, second = struct.unpack(">ii", data)
    return first, second


def rightly(sock: socket.socket) -> Iterator[tuple[int, int]]:
    text(sock)
    while True:
        yield pair(exactly(sock, 8))


def once(sock: socket.socket) -> Iterator[tuple[int, int]]:
    (size,) = struct.unpack(">H", sock.recv(2))
    assert len(sock.recv(size)) == size
    while True:
        yield pair(sock.recv(4) + sock.recv(4))


def once_a_number(sock: socket.socket) -> Iterator[tuple[int, int]]:
    text(sock)
    while True:
        yield pair(sock.recv(4) + sock.recv(4))


def once_a_text(sock: socket.socket) -> Iterator[tuple[int, int]]:
    size = int.from_bytes(exactly(sock, 2), "big")
    assert len(sock.recv(size)) == size
    while True:
        yield pair(exactly(sock, 8))


def a_message(sock: socket.socket) -> Iterator[tuple[int, int]]:
    sock.recv(1024)
    while data := sock.recv(1024):
        yield pair(data)


def a_field(sock: socket.socket) -> Iterator[tuple[int, int]]:
    sock.recv(1024)
    while data := sock.recv(1024):
        yield pair(data + sock.recv(1024))


def what_is_there(sock: socket.socket) -> Iterator[tuple[int, int]]:
    """As `new byte[in.available()]` does."""
    text(sock)
    sock.setblocking(False)
    try:
        data = sock.recv(65536)
    except BlockingIOError:
        data = b""
    sock.setblocking(True)
    for start in range(0, max(8, len(data)), 8):
        yield pair(data[start : start + 8])
    while True:
        yield pair(b"")


def two_files(sock: socket.socket) -> Iterator[tuple[int, int]]:
    first = sock.makefile("rb")
    first.read(int.from_bytes(first.read(2), "big"))
    second = sock.makefile("rb")
    while data := second.read(8):
        yield pair(data)


def a_file_a_round(sock: socket.socket) -> Iterator[tuple[int, int]]:
    first = sock.makefile("rb")
    first.read(int.from_bytes(first.read(2), "big"))
    while data := sock.makefile("rb").read(8):
        yield pair(data)


def all_of_it(sock: socket.socket) -> Iterator[tuple[int, int]]:
    text(sock)
    data = b"".join(iter(lambda: sock.recv(1024), b""))
    for start in range(0, len(data), 8):
        yield pair(data[start : start + 8])


def trying_again(sock: socket.socket) -> Iterator[tuple[int, int]]:
    """What came of a number before its time was over is lost."""
    text(sock)
    sock.settimeout(0.1)

    def number() -> bytes:
        while True:
            with suppress(TimeoutError):
                return exactly(sock, 4)

    while True:
        yield pair(number() + number())


def impatiently(sock: socket.socket) -> Iterator[tuple[int, int]]:
    sock.settimeout(0.15)
    yield from rightly(sock)


@contextmanager
def serving(reads: Reads) -> Iterator[tuple[str, int]]:
    """A server that answers every client so; its place."""

    def serve(sock: socket.socket) -> None:
        with sock, suppress(OSError, struct.error, AssertionError, EOFError):
            for first, second in reads(sock):
                sock.sendall(struct.pack(">i", to_int32(first + second)))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        host, port = listener.getsockname()
        yield host, port
        listener.shutdown(socket.SHUT_RDWR)


CASES = ("one-sum", "says-nothing-first", "message-by-message", "one-segment", "byte-by-byte", "half-close", "pauses")
assert {case.name for case in FILE.cases} >= set(CASES)
CUTS = tuple(f"split/byte-{byte}" for byte in (1, 2, 5, 11, 13, 15, 19, 22))


def evidence(reads: Reads, *, pauses: bool) -> list[CaseEvidence]:
    names = (*CASES, *CUTS) if pauses else (*CASES[:-1], *CUTS)
    found: list[CaseEvidence] = []
    with serving(reads) as place:
        for case in FILE.cases:
            if case.name in names:
                outcome = play_against_server(case.steps, (), *place, timeout=TIMEOUT)
                conversations = read_conversations(ADDITION, outcome.recording)
                code = None if outcome.problem is None else outcome.problem.code
                found.append(case_evidence(case.name, conversations, SERVER, code))
    return found


def told(found: Sequence[Finding]) -> list[str]:
    return [finding.key for finding in found]


@pytest.mark.parametrize(
    ("reads", "key"),
    [
        (once, "reads-once"),
        (once_a_number, "reads-once"),
        (once_a_text, "reads-once"),
        (a_message, "one-recv-one-message"),
        (a_field, "one-recv-one-message"),
        (what_is_there, "available-as-length"),
        (two_files, "two-buffers"),
        (a_file_a_round, "two-buffers"),
        (all_of_it, "reads-to-end"),
        (trying_again, "timeout-inside-value"),
        (impatiently, "idle-timeout"),
    ],
)
def test_who_reads_so_is_told_so_first(reads: Reads, key: str) -> None:
    proofs = evidence(reads, pauses="timeout" in key)
    found = explain_reader(proofs, SERVER)
    assert told(found)[:1] == [key], [(proof.name, proof.passed) for proof in proofs]
    assert all(finding.side == SERVER for finding in found)
    assert not [finding for finding in found[1:] if finding.certainty == "certain"]


def test_nothing_is_told_of_who_reads_rightly() -> None:
    proofs = evidence(rightly, pauses=True)
    assert [proof.passed for proof in proofs] == [True] * len(proofs)
    assert explain_reader(proofs, SERVER) == []


@pytest.mark.parametrize("reads", [once, once_a_text, a_message, a_field, what_is_there, two_files, trying_again])
def test_of_one_case_alone_nothing_false_is_certain(reads: Reads) -> None:
    with serving(reads) as place:
        for case in FILE.cases:
            if case.name in CUTS:
                outcome = play_against_server(case.steps, (), *place, timeout=TIMEOUT)
                found = diagnose(read_conversations(ADDITION, outcome.recording), now=time.monotonic(), of=SERVER)
                assert not [finding.key for finding in found if finding.certainty == "certain"], case.name


# Of evidence alone ----------------------------------------------------------------------------------------------------

WHOLE = Delivery()
CUT = Delivery(cuts=(Cut("first", "int", 2, 4, 0.01),))
LONG_CUT = Delivery(cuts=(Cut("first", "int", 2, 4, 1.0),), idle=1.0)
JOINED = Delivery(joined=(True, False), several=True)
APART = Delivery(parted=0.02, apart=0.02)


def proofs(*told: tuple[Delivery, bool | None], ended: bool = False) -> list[CaseEvidence]:
    return [CaseEvidence(f"case-{n}", passed, delivery, ended) for n, (delivery, passed) in enumerate(told)]


def test_it_is_certain_where_every_case_comes_out_so_and_nothing_else_explains_it() -> None:
    (found,) = explain_reader(proofs((CUT, False), (CUT, False), (APART, True), (JOINED, True)), CLIENT)
    assert (found.key, found.side, found.certainty) == ("reads-once", CLIENT, "certain")
    assert (found.field, found.type) == ("first", "int")


def test_where_two_explain_it_none_is_certain() -> None:
    found = explain_reader(proofs((CUT, False), (CUT, False), (WHOLE, True), (WHOLE, True)), SERVER)
    assert {"reads-once", "one-recv-one-message"} <= set(told(found))
    assert not [finding for finding in found if finding.certainty == "certain"]


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [(CUT, False), (WHOLE, False)],
        [(CUT, True), (WHOLE, True)],
        [(CUT, True), (WHOLE, False), (JOINED, True)],
        [(CUT, None), (WHOLE, True)],
    ],
    ids=["no case", "nothing passes", "nothing fails", "what is whole fails", "it says nothing"],
)
def test_where_there_is_no_pattern_nothing_is_told(cases: list[tuple[Delivery, bool | None]]) -> None:
    assert explain_reader(proofs(*cases), SERVER) == []


def test_how_long_it_waits_lies_between_what_passes_and_what_fails() -> None:
    found = explain_reader(proofs((LONG_CUT, False), (LONG_CUT, False), (CUT, True), (JOINED, True)), SERVER)
    (gives_up,) = (detail for detail in found[0].details if detail.code == "gives-up")
    assert (found[0].key, gives_up.values) == ("timeout-inside-value", {"least": 0.01, "most": 1.0})


def test_what_the_sender_did_wrong_says_nothing() -> None:
    with serving(rightly) as place:
        case = next(case for case in FILE.cases if case.name.startswith("malformed-address"))
        outcome = play_against_server(case.steps, (), *place, timeout=TIMEOUT)
    conversations = read_conversations(ADDITION, outcome.recording)
    assert case_evidence(case.name, conversations, SERVER, "nothing-came").passed is None
