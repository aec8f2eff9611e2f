"""`decode`: a recording, shown again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.model.lookup import UsageError
from conformance.observe.saved import JsonSaver, read_saved
from tests.cli.recordings import about, addition_recording, conversation, save
from tests.cli.running import ints, run_here, utf


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    events = conversation([(CLIENT, b"\0\xff"), (SERVER, b"x" * 100)])
    assert read_saved(save(tmp_path / "a.json", events, "chat")) == (about("chat"), events, True)


def test_it_is_read_by_the_protocol_that_is_in_it_or_by_another(tmp_path: Path) -> None:
    file = addition_recording(tmp_path / "a.json")
    first = run_here("decode", file)
    assert first.status == 0
    assert any("int sum = 1" in line for line in first.lines)
    second = run_here("decode", file, "--protocol", "chat")
    assert second.status == 1
    assert any("UTF author = ''" in line for line in second.lines), second.lines


def test_json_has_the_values_of_the_fields_and_times_of_the_day(tmp_path: Path) -> None:
    told = run_here("decode", addition_recording(tmp_path / "a.json"), "--json").told
    assert [each["value"] for each in told if each["event"] == "field"] == ["127.0.0.1", 0, 1, 1]
    assert told[1]["time"] == "2023-11-14T22:13:20.250000+00:00"
    assert told[-1]["problems"] == 0


def test_numbers_that_json_has_not(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("protocol: p\nabout: x\nport: 1\nsession:\n  - {from: client, field: a, type: double}\n")
    path = save(tmp_path / "a.json", conversation([(CLIENT, b"\x7f\xf8" + bytes(6))]))
    told = run_here("decode", path, "--protocol", file, "--json").told
    assert [each["value"] for each in told if each["event"] == "field"] == ["nan"]


def test_a_problem_is_status_1(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", conversation([(CLIENT, utf("127.0.0.1") + ints(1, 2)), (SERVER, ints(4))]))
    done = run_here("decode", path, "--json")
    assert done.status == 1
    [wrong] = [each for each in done.told if "code" in each]
    assert (wrong["event"], wrong["field"], wrong["code"]) == ("field", "sum", "wrong-value")
    assert wrong["where"] == {"connection": 1, "side": "server", "offset": 0, "field": "sum", "type": "int", "round": 1}
    assert wrong["values"] == {
        "value": 4,
        "expected": 3,
        "equals": "int32(first + second)",
        "raw": {"hex": "00000004"},
        "right": {"hex": "00000003"},
        "size": 4,
    }
    assert done.told[-1]["problems"] == 1


def test_long_values_of_a_problem_are_cut(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", conversation([(CLIENT, utf("x" * 60_000))]))
    [wrong] = [each for each in run_here("decode", path, "--json").told if each.get("code") == "no-address"]
    assert len(wrong["values"]["value"]) < 100
    [line] = [line for line in run_here("decode", path).lines if "!!!" in line and "UTF address" in line]
    assert len(line) < 1000


@pytest.mark.parametrize("lost", [1, 4, 30, 90])
def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path: Path, lost: int) -> None:
    path = addition_recording(tmp_path / "a.json")
    path.write_bytes(path.read_bytes()[:-lost])
    _, events, whole = read_saved(path)
    assert whole is (lost == 1)  # the last line end is no loss
    assert events[:6] == read_saved(addition_recording(tmp_path / "b.json"))[1][:6]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.json", b"{}", "no-recording"),
        ("a.json", b"\xff\xfe", "no-recording.binary"),
        ("a.json", b'{"format": "java-python-sockets tap 1"}', "damaged"),
        ("a.pcapng", b"\x0a\x0d\x0d\x0a\xff\xff\xff\xff", "no-recording.pcapng"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        read_saved(path)
    assert raised.value.name == f"cli.usage.{text}"
    assert run_here("decode", path).status == 2


def test_an_event_of_a_connection_that_nobody_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read_saved(save(tmp_path / "a.json", [Event(0, 1, "end", CLIENT)]))
    assert raised.value.name == "cli.usage.damaged"


def test_every_event_that_was_written_is_read_though_nothing_came_after_it(tmp_path: Path) -> None:
    events = conversation([(CLIENT, utf("127.0.0.1"))])
    saver = JsonSaver((tmp_path / "a.json").open("wb"), about())
    for count, event in enumerate(events, 1):
        saver.add(event)
        saver.flush()
        assert len(read_saved(tmp_path / "a.json")[1]) == count
    saver.close()


def test_with_no_protocol_bytes_are_shown_with_what_they_could_be(tmp_path: Path) -> None:
    path = addition_recording(tmp_path / "a.json")
    shown = run_here("decode", path, "--protocol", "raw", "--json").told
    pieces = [each for each in shown if each["event"] == "bytes"]
    assert [(each["sender"], each["offset"], each["size"]) for each in pieces] == [
        ("client", 0, 11),
        ("client", 11, 8),
        ("server", 0, 4),
    ]
    assert [each["guesses"][0]["fields"] for each in pieces] == ["UTF '127.0.0.1'", "int 0, int 1", "int 1"]
    assert (shown[-1]["problems"], shown[-1]["judged"]) == (0, False)  # nobody says that all is well
    for language in ("en", "fr"):
        assert any(
            "int 0, int 1" in line for line in run_here("decode", path, "--protocol", "raw", lang=language).lines
        )


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)  # without blocks on the disk


def changed(**members: Any) -> Callable[[Path], None]:
    """A recording whose members are others."""

    def make(path: Path) -> None:
        addition_recording(path)
        path.write_text(json.dumps(json.loads(path.read_text()) | members))

    return make


def with_event(**members: Any) -> Callable[[Path], None]:
    """A recording whose second event has other members."""

    def make(path: Path) -> None:
        addition_recording(path)
        content = json.loads(path.read_text())
        content["events"][1] |= members
        path.write_text(json.dumps(content))

    return make


def session(steps: list[Any]) -> dict[str, Any]:
    return {"protocol": "p", "about": "x", "port": 1, "session": steps}


FIELD = {"from": "client", "field": "a", "type": "int"}
NESTED: dict[str, Any] = FIELD
for _ in range(400):
    NESTED = {"repeat": [NESTED]}
HOSTILE: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": a_pipe,
    "too large": too_large,
    "empty": Path.touch,
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "brackets": lambda path: path.write_text("[" * 100_000),
    "no mapping": lambda path: path.write_text("[]"),
    "no protocol": changed(protocol=None),
    "steps in steps": changed(protocol=session([NESTED])),
    "thousands of fields": changed(protocol=session([FIELD | {"field": f"f{number}"} for number in range(5000)])),
    "no events": changed(events=None),
    "numbers for events": changed(events=[1, 2]),
    "began as a text": changed(began="x"),
    "began never": changed(began=float("nan")),
    "a time as a text": with_event(at="1"),
    "a time of 400 digits": with_event(at=10**400),
    "a connection below zero": with_event(connection=-1),
    "a connection of 30 digits": with_event(connection=10**30),
    "a list for a connection": with_event(connection=[1]),
    "nobody's side": with_event(sender="bob"),
    "an unknown kind": with_event(kind="bang"),
    "half a byte": with_event(data="abc"),
    "a size below zero": with_event(size=-1),
    "an unknown member": with_event(bogus=1),
    "a number for an address": with_event(detail=5),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in HOSTILE.items()])
def test_what_is_no_recording_is_one_sentence(make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    if make is a_pipe and sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    make(path)
    done = run_here("decode", path)
    assert done.status == 2
    assert str(path) in done.errors
    assert len(done.errors.strip().splitlines()) == 1
    assert len(done.errors) < 1000


def test_connections_that_were_missed_and_cut_are_told_of(tmp_path: Path) -> None:
    address = Event(0.2, 1, "received", CLIENT, utf("127.0.0.1"))
    cut = Event(0.3, 1, "cut", CLIENT, size=11, detail="vanish")
    missed = Event(0.4, 0, "missed", CLIENT, size=7)
    path = save(tmp_path / "a.json", [Event(0.1, 1, "opened", CLIENT), address, cut, missed])
    told = run_here("decode", path, "--json").told
    assert [(each["code"], each["where"]["offset"]) for each in told if each["event"] == "elided"] == [
        ("network-cut", 11)
    ]
    assert (told[-1]["missed"], told[-1]["problems"]) == (7, 0)
    assert "7" in run_here("decode", path).lines[-1]
