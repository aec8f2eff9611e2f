"""Wrong programs, really run against right ones through the tap: the right name comes out first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.recording import Recording
from conformance.decoder import Conversations
from conformance.diagnosis import KEYS, Finding, diagnose
from javaio import DataInputStream, DataOutputStream
from tests.diagnosis.meeting import WRONG, Meeting
from tests.diagnosis.peers import CLIENTS, SERVERS, addition_client
from tests.diagnosis.protocols import PROTOCOLS

STILL = 3600.0  # later than any timeout
Command = Callable[[str], list[str]]


@dataclass(frozen=True)
class Case:
    """A wrong program, how many bytes it sends before it waits, and what must be said of it first."""

    program: str
    sends: int
    key: str
    field: str | None
    offset: int
    protocol: str = "addition"
    suspect: bool = False

    @property
    def side(self) -> Side:
        """Which part it plays."""
        return CLIENT if "client" in self.program.lower() else SERVER


CASES = [
    Case("little_endian_server.py", 12, "little-endian-int", "sum", 0),
    Case("little_endian_reader.py", 12, "little-endian-reader", "sum", 4),
    Case("little_endian_client.py", 19, "little-endian-int", "first", 11, suspect=True),
    Case("digits_server.py", 3, "number-as-text", "sum", 0),
    Case("digits_client.py", 17, "number-as-text", "first", 11),
    Case("bare_text_client.py", 17, "text-without-length", "address", 0),
    Case("chat_bare_client.py", 28, "text-without-length", "author", 11, "chat"),
    Case("four_byte_length_client.py", 21, "four-byte-length", "address", 0),
    Case("one_byte_length_client.py", 18, "one-byte-length", "address", 0),
    Case("little_endian_length_client.py", 19, "little-endian-length", "address", 0),
    Case("newline_client.py", 18, "newline-for-length", "address", 0),
    Case("print_client.py", 16, "text-writer", "address", 0),
    Case("PrintWriterClient.java", 16, "text-writer", "address", 0),
    Case("BufferedWriterClient.java", 29, "text-writer", "address", 0, "chat"),
    Case("characters_client.py", 36, "characters-for-bytes", "author", 11, "chat"),
    Case("standard_utf8_client.py", 29, "standard-utf-8", "text", 17, "chat"),
    Case("latin1_client.py", 27, "latin-1", "author", 11, "chat"),
    Case("WriteCharsClient.java", 26, "write-chars", "address", 0),
    Case("WriteBytesClient.java", 23, "write-bytes", "author", 11, "chat"),
    Case("WriteObjectClient.java", 50, "write-object", "address", 0),
    Case("ObjectStreamClient.java", 25, "write-object", "address", 0),
    Case("WriteLongServer.java", 8, "long-for-int", "sum", 0),
    Case("WriteLongClient.java", 59, "long-for-int", "first", 11, suspect=True),
    Case("WriteByteServer.java", 1, "byte-for-int", "sum", 0),
    Case("byte_client.py", 13, "byte-for-int", "first", 11),
    Case("short_server.py", 2, "short-for-int", "sum", 0),
    Case("int_for_long_client.py", 38, "number-of-another-size", "price", 19, "order"),
    Case("no_address_client.py", 8, "address-never-sent", "address", 0),
    Case("half_question_client.py", 15, "both-sides-waiting", "second", 15),
    Case("http_client.py", 60, "http-request", "address", 0),
    Case("web_server.py", 28, "http-answer", "sum", 0),
    Case("tls_client.py", 100, "tls-hello", None, 0),
    Case("wrong_order_client.py", 19, "wrong-order", "address", 0),
    Case("swapped_order_client.py", 46, "wrong-order", "quantity", 15, "order", suspect=True),
    Case("name_too_many_client.py", 26, "field-too-many", "first", 11),
    Case("greeting_server.py", 13, "field-too-many", "sum", 0),
    Case("missing_quantity_client.py", 38, "field-missing", "quantity", 15, "order"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.program)
def test_the_right_name_comes_out_first(case: Case, meeting: Meeting, command: Command) -> None:
    meet(case, meeting, command)
    first, *_ = found = diagnose(meeting.read(case.protocol), now=time.monotonic() + STILL, suspect=case.suspect)
    assert (first.key, first.side, first.field, first.offset) == (case.key, case.side, case.field, case.offset), found
    assert not [finding for finding in found if accuses_the_right_one(finding, case)]


def meet(case: Case, meeting: Meeting, command: Command) -> None:
    """Lets the wrong program meet a right one, until it has sent what it sends."""
    if case.side == CLIENT:
        port = meeting.tap_to(meeting.right_server(SERVERS[case.protocol]))
        meeting.program([*command(case.program), "127.0.0.1", str(port)])
    else:
        port = int(meeting.program(command(case.program)).readline())
        meeting.right_client(CLIENTS[case.protocol], meeting.tap_to(port))
    meeting.until(lambda connection: connection.direction(case.side).passed_on >= case.sends)


def accuses_the_right_one(finding: Finding, case: Case) -> bool:
    return finding.side != case.side and finding.key != "both-sides-waiting"


def test_an_answer_before_its_question(meeting: Meeting, command: Command) -> None:
    """The client asks only once the answer has passed the tap: which of the two is first is no matter of luck."""

    def patient(inp: DataInputStream, out: DataOutputStream) -> None:
        out.write_utf("127.0.0.1")
        meeting.until(lambda connection: len(connection.server.data) == 4)
        out.write_int(84)
        out.write_int(98)
        inp.read_int()

    port = int(meeting.program(command("eager_server.py")).readline())
    meeting.right_client(patient, meeting.tap_to(port))
    meeting.until(lambda connection: connection.client.passed_on == 19)
    first, *_ = found = diagnose(meeting.read("addition"), now=time.monotonic() + STILL)
    assert (first.key, first.side, first.field, first.offset) == ("answer-before-question", SERVER, "sum", 0), found


def test_every_mistake_has_a_wrong_program_and_every_wrong_program_is_run() -> None:
    assert {case.key for case in CASES} | {"answer-before-question"} <= set(KEYS)  # the corpus has them all
    programs = {path.name for path in WRONG.iterdir() if path.suffix in (".py", ".java")}
    assert {case.program for case in CASES} | {"eager_server.py", "__init__.py"} == programs


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("split", [0, 1], ids=["direct", "byte by byte"])
def test_right_programs_are_left_alone(protocol: str, split: int, meeting: Meeting) -> None:
    port = meeting.tap_to(meeting.right_server(SERVERS[protocol]), split=split)
    meeting.right_client(CLIENTS[protocol], port)
    seen = meeting.until(lambda connection: connection.client.closed and connection.server.closed)
    assert seen.client.data
    assert diagnose(meeting.read(protocol), now=time.monotonic() + STILL, suspect=True) == []


@pytest.mark.parametrize("program", ["SimpleServer", "MultithreadedServer"])
def test_the_reference_is_left_alone(program: str, meeting: Meeting, command: Command) -> None:
    """Its server is told port 0, and says which it got."""
    said = meeting.program([*command(f"{program}.java"), "0"]).readline()
    meeting.right_client(addition_client, meeting.tap_to(int(said.split()[-1])))
    seen = meeting.until(lambda connection: connection.client.closed)
    assert len(seen.server.data) == 12
    assert diagnose(meeting.read("addition"), now=time.monotonic() + STILL, suspect=True) == []


def test_the_same_mistake_of_many_is_one_finding(meeting: Meeting, command: Command) -> None:
    case = next(case for case in CASES if case.program == "bare_text_client.py")
    meet(case, meeting, command)
    again = Recording([event._replace(connection=2) for event in meeting.recording.events])
    conversations = [*meeting.read("addition"), *Conversations(PROTOCOLS["addition"], again).update()]
    first, *_ = diagnose(conversations, now=time.monotonic() + STILL)
    assert first.connections == (1, 2)
