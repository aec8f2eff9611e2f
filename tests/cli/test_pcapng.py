"""Recordings for Wireshark: right blocks, right packets, and in them the bytes that passed."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.observe.pcapng import PcapngSaver, checksum
from tests.cli.pcapng_reader import packets, streams
from tests.cli.recordings import BEGAN, about, conversation
from tests.cli.running import ints, utf

CLIENT_END, SERVER_END = ("127.0.0.1", 50000), ("127.0.0.1", 8999)


def saved(path: Path, events: Iterable[Event]) -> Path:
    saver = PcapngSaver(path.open("wb"), about())
    for event in events:
        saver.add(event)
    saver.close()
    return path


def test_a_conversation(tmp_path: Path) -> None:
    parts = [(CLIENT, utf("127.0.0.1")), (CLIENT, ints(1, 2)), (SERVER, ints(3))]
    found = packets(saved(tmp_path / "a.pcapng", conversation(parts)))
    ends = streams(found)
    assert bytes(ends[CLIENT_END].data) == utf("127.0.0.1") + ints(1, 2)
    assert bytes(ends[SERVER_END].data) == ints(3)
    assert (ends[CLIENT_END].flags, ends[SERVER_END].flags) == ("SF", "SF")
    assert [packet.flags for packet in found[:3]] == ["S", "SA", "A"]
    assert [packet.flags for packet in found[-4:]] == ["FA", "A", "FA", "A"]


def test_times_are_those_of_the_clock_on_the_wall(tmp_path: Path) -> None:
    found = packets(saved(tmp_path / "a.pcapng", conversation([(CLIENT, b"a"), (SERVER, b"b")])))
    assert {packet.data: packet.at for packet in found if packet.data} == {b"a": BEGAN + 0.1, b"b": BEGAN + 0.2}


def test_ipv6(tmp_path: Path) -> None:
    events = [
        Event(0, 1, "opened", CLIENT, detail="[fe80::2]:50000", via="[fe80::1]:8999"),
        Event(1, 1, "received", CLIENT, b"odd"),
        Event(2, 1, "reset", SERVER, detail="Connection reset by peer"),
    ]
    ends = streams(packets(saved(tmp_path / "a.pcapng", events)))
    assert bytes(ends["fe80::2", 50000].data) == b"odd"
    assert ends["fe80::1", 8999].flags == "SR"


def test_a_refused_connection_is_reset(tmp_path: Path) -> None:
    events = [*conversation([], ends=False), Event(1, 1, "refused", SERVER, detail="Connection refused")]
    assert streams(packets(saved(tmp_path / "a.pcapng", events)))[SERVER_END].flags == "SR"


def test_more_bytes_than_a_packet_holds_and_numbers_that_wrap(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(200_001)
    found = packets(saved(tmp_path / "a.pcapng", conversation([(CLIENT, data)] * 3)))
    assert bytes(streams(found)[CLIENT_END].data) == data * 3
    assert max(len(packet.data) for packet in found) < 65536


def test_bytes_that_were_lost_leave_a_gap_in_the_numbers(tmp_path: Path) -> None:
    events = conversation([(CLIENT, b"before")], ends=False)
    events += [Event(1, 1, "received", CLIENT, size=1000), Event(2, 1, "received", CLIENT, b"after")]
    found = {packet.data: packet.number for packet in packets(saved(tmp_path / "a.pcapng", events)) if packet.data}
    assert (found[b"after"] - found[b"before"]) % 2**32 == len(b"before") + 1000


@pytest.mark.parametrize(
    "data", [b"", b"\0\0", b"\xff\xff", b"\xff\xff\0\1", b"\1", bytes(range(256)), b"\xff" * 70_000]
)
def test_the_checksum_is_the_one_that_is_added_up(data: bytes) -> None:
    total = 0
    for place in range(0, len(data), 2):
        total += int.from_bytes(data[place : place + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(data) == ~total & 0xFFFF


def test_wiresharks_own_tools_find_nothing_wrong(tmp_path: Path) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("no tshark on the PATH: the file was checked by this test's own reader only")
    path = saved(tmp_path / "a.pcapng", conversation([(CLIENT, utf("127.0.0.1")), (SERVER, ints(3))]))
    wrong = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed"
    command = [tshark, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r", str(path), "-Y", wrong]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
