"""`decode`: a recording, shown again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.observe.saved import JsonSaver, read_saved
from tests.cli.recordings import about, addition_recording, conversation, save
from tests.cli.running import ints, run, utf


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    events = conversation([(CLIENT, b"\0\xff"), (SERVER, b"x" * 100)])
    saved = read_saved(save(tmp_path / "a.json", events, "chat"))
    assert saved.events == events
    assert saved.about == about("chat")
    assert saved.whole


def test_it_is_read_by_the_protocol_that_is_in_it_or_by_another(tmp_path: Path) -> None:
    file = addition_recording(tmp_path / "a.json")
    first = run("decode", file)
    assert first.process.returncode == 0
    assert any("int sum = 1" in line for line in first.lines)
    second = run("decode", file, "--protocol", "chat")
    assert second.process.returncode == 1
    assert any("UTF author = ''" in line for line in second.lines), second.lines


def test_json_has_the_values_of_the_fields_and_times_of_the_day(tmp_path: Path) -> None:
    command = run("decode", addition_recording(tmp_path / "a.json"), "--json")
    told = [json.loads(line) for line in command.lines]
    assert [each["value"] for each in told if each["event"] == "field"] == ["127.0.0.1", 0, 1, 1]
    assert told[1]["time"] == "2023-11-14T22:13:20.250000+00:00"
    assert told[-1]["problems"] == 0


def test_numbers_that_json_has_not(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("protocol: p\nabout: x\nport: 1\nsession:\n  - {from: client, field: a, type: double}\n")
    path = save(tmp_path / "a.json", conversation([(CLIENT, b"\x7f\xf8" + bytes(6))]))
    command = run("decode", path, "--protocol", file, "--json")
    assert [json.loads(line)["value"] for line in command.lines if '"field"' in line] == ["nan"]


def test_a_problem_is_status_1(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", conversation([(CLIENT, utf("127.0.0.1") + ints(1, 2)), (SERVER, ints(4))]))
    command = run("decode", path)
    assert command.process.returncode == 1
    assert command.lines[-1].endswith("1 problem")


@pytest.mark.parametrize("lost", [1, 4, 30, 90])
def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path: Path, lost: int) -> None:
    path = addition_recording(tmp_path / "a.json")
    path.write_bytes(path.read_bytes()[:-lost])
    saved = read_saved(path)
    assert saved.whole is (lost == 1)  # the last line end is no loss
    assert saved.events[:6] == read_saved(addition_recording(tmp_path / "b.json")).events[:6]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{}", "is no recording"),
        (b"\xff\xfe", "is no recording: it is not text"),
        (b'{"format": "java-python-sockets tap 1"}', "is damaged"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    command = run("decode", path)
    assert command.process.returncode == 2
    assert sentence in command.errors()


def test_a_file_for_wireshark(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"\x0a\x0d\x0d\x0a\xff\xff\xff\xff")
    command = run("decode", path)
    assert command.process.returncode == 2
    assert "it is for Wireshark, `decode` reads the .json" in command.errors()


def test_an_event_of_a_connection_that_nobody_opened(tmp_path: Path) -> None:
    command = run("decode", save(tmp_path / "a.json", [Event(0, 1, "end", CLIENT)]))
    assert command.process.returncode == 2
    assert "is damaged: ValueError connection 1 was never opened" in command.errors()


def test_every_event_that_was_written_is_read_though_nothing_came_after_it(tmp_path: Path) -> None:
    events = conversation([(CLIENT, utf("127.0.0.1"))])
    saver = JsonSaver((tmp_path / "a.json").open("wb"), about())
    for count, event in enumerate(events, 1):
        saver.add(event)
        saver.flush()
        assert len(read_saved(tmp_path / "a.json").events) == count
    saver.close()
