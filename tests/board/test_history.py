"""What the board remembers, what a page is told of it, and where it ends."""

from __future__ import annotations

import struct

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.board import history as bounds
from conformance.board.connection import LINES
from conformance.board.history import PROBLEMS, SECONDS
from tests.board.engine import Fed
from tests.cli.running import ints, utf

HOSTILE = '</script><img src=x onerror=alert(1)>\u202e\x00\x1b[31m\n\ndata: {"event": 1}'


def asks(fed: Fed, connection: int, first: int = 84, second: int = 98, *, answer: bytes | None = None) -> None:
    fed.says(connection, CLIENT, ints(first, second))
    fed.says(connection, SERVER, ints(first + second) if answer is None else answer)


def test_a_conversation_is_decoded_as_it_goes() -> None:
    fed = Fed()
    fed.opens(1)
    opened = fed.now
    fed.says(1, CLIENT, utf("192.0.2.7") + ints(84))
    assert [field["value"] for field in fed.row(1)["tail"]] == ["192.0.2.7", "84"]
    fed.says(1, CLIENT, ints(98))
    fed.says(1, SERVER, ints(182))
    row = fed.row(1)
    assert (row["client"], row["since"], row["state"], row["fields"]) == ("192.0.2.7:50000", opened, "open", 4)
    assert row["tail"][-1] == {"side": "server", "field": "sum", "type": "int", "value": "182"}
    fed.ends(1)
    assert (fed.row(1)["state"], fed.row(1)["until"]) == ("ended", fed.now)


def test_a_page_is_told_what_came_after_what_it_knows_and_a_late_one_everything() -> None:
    fed = Fed()
    fed.opens(1)
    fed.opens(2)
    knows = fed.history.change
    assert fed.told(knows)["connections"] == []
    fed.says(2, CLIENT, utf("192.0.2.8"))
    later = fed.told(knows)
    assert (later["anew"], [row["number"] for row in later["connections"]]) == (False, [2])
    late = fed.told()
    assert (late["anew"], [row["number"] for row in late["connections"]]) == (True, [1, 2])


def test_what_is_known_of_a_server_comes_from_its_clients_alone() -> None:
    fed = Fed()
    assert fed.told()["servers"][0]["state"] == "quiet"
    fed.opens(1)
    assert fed.told()["servers"][0]["state"] == "quiet"
    fed.happens(1, "refused", SERVER, detail="Connection refused")
    server = fed.told()["servers"][0]
    assert (server["state"], server["since"]) == ("refused", fed.now)
    assert server["reason"]["en"] != server["reason"]["fr"]
    assert fed.row(1)["wrong"]["code"] == "refused"
    fed.opens(2)
    fed.says(2, CLIENT, utf("192.0.2.7"))
    server = fed.told()["servers"][0]
    assert (server["state"], server["came"], server["open"]) == ("reached", 2, 1)
    assert "reason" not in server


def test_sums_and_how_many_a_second() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, utf("192.0.2.7"))
    for number in range(50):
        asks(fed, 1, number)
    server = fed.told()["servers"][0]
    assert (server["what"], server["total"], len(server["seconds"])) == ("sums", 50, SECONDS)
    # One takes four tenths of a second; the second that is not over yet is not among them.
    assert server["rate"] == pytest.approx(2.5, abs=0.3)
    fed.now += SECONDS + 1
    server = fed.told()["servers"][0]
    assert (server["total"], server["rate"], sum(server["seconds"])) == (50, 0, 0)


def test_a_chat_shows_each_message_once_when_all_of_it_has_come() -> None:
    fed = Fed("addition", "chat")
    fed.opens(1, server=1)
    fed.says(1, CLIENT, utf("192.0.2.7") + utf("alice"), server=1)
    assert fed.told()["messages"] == []
    fed.says(1, CLIENT, utf("bonjour"), server=1)
    fed.says(1, SERVER, utf("alice") + utf("bonjour"), server=1)
    (message,) = fed.told()["messages"]
    assert (message["server"], message["connection"], message["author"], message["text"]) == (1, 1, "alice", "bonjour")
    for number in range(bounds.MESSAGES + 5):
        fed.says(1, CLIENT, utf("alice") + utf(f"message {number}"), server=1)
    messages = fed.told()["messages"]
    assert len(messages) == bounds.MESSAGES
    assert messages[-1]["text"] == f"message {bounds.MESSAGES + 4}"
    assert fed.told()["servers"][1]["total"] == bounds.MESSAGES + 6


def test_a_diagnosis_is_told_once_for_all_connections_that_have_it() -> None:
    fed = Fed()
    for number in (1, 2):
        fed.opens(number)
        fed.says(number, CLIENT, utf("192.0.2.7"))
        asks(fed, number, answer=struct.pack("<i", 182))
        (problem,) = (each for each in fed.told()["problems"]["changed"] if number in each["connections"])
        assert (problem["event"], problem["code"]) == ("problem", "wrong-value")
        assert problem["where"].items() >= {"side": "server", "field": "sum", "offset": 0}.items()
        fed.stands_still(0.5)
    (problem,) = fed.told()["problems"]["changed"]
    assert (problem["event"], problem["code"]) == ("diagnosis", "little-endian-int")
    assert problem["where"].items() >= {"side": "server", "field": "sum", "offset": 0}.items()
    assert (problem["connections"], problem["times"]) == ([1, 2], 2)
    for language in ("en", "fr"):
        assert problem["text"][language]
        assert "writeInt" in " ".join(problem["lines"][language])
    assert problem["text"]["en"] != problem["text"]["fr"]
    assert fed.row(1)["wrong"]["code"] == "little-endian-int"


def test_a_diagnosis_takes_the_place_of_a_stall_and_is_a_line() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, b"127.0.0.184")
    fed.stands_still(6)
    (problem,) = fed.told()["problems"]["changed"]
    assert (problem["event"], problem["code"], problem["guess"]) == ("diagnosis", "text-without-length", True)
    assert problem["where"]["side"] == "client"
    (line,) = (line for line in fed.lines(1)["lines"] if line["event"] == "diagnosis")
    assert line["diagnosis"]["code"] == "text-without-length"
    assert "waits" not in fed.row(1)


def test_who_keeps_whom_waiting() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, utf("192.0.2.7") + ints(84, 98))
    fed.stands_still(6)
    assert fed.row(1)["waits"]["code"]
    (problem,) = fed.told()["problems"]["changed"]
    assert (problem["event"], problem["where"]["side"], problem["where"]["field"]) == ("stalled", "server", "sum")
    fed.says(1, SERVER, ints(182))
    assert "waits" not in fed.row(1)


def test_numbers_are_text_since_a_page_has_no_large_ones() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, utf("192.0.2.7") + ints(-(2**31), 1))
    assert [field["value"] for field in fed.row(1)["tail"]] == ["192.0.2.7", "-2147483648", "1"]


def test_what_a_program_sends_is_data_in_one_line() -> None:
    fed = Fed("chat")
    fed.opens(1)
    data = HOSTILE.encode().replace(b"\0", b"\xc0\x80")
    fed.says(1, CLIENT, utf("192.0.2.7") + struct.pack(">H", len(data)) + data + utf("x"))
    text = fed.history.changes(0, fed.now)[1]
    assert text.isascii()
    assert text.isprintable()
    assert fed.told()["messages"][0]["author"] == HOSTILE


def test_the_oldest_that_are_over_fall_off_first() -> None:
    fed = Fed()
    fed.opens(1)
    for number in range(2, bounds.CONNECTIONS + 12):
        fed.opens(number)
        fed.ends(number)
    told = fed.told()
    numbers = [row["number"] for row in told["connections"]]
    assert numbers == [1, *range(13, bounds.CONNECTIONS + 12)]
    assert (told["servers"][0]["came"], told["servers"][0]["open"]) == (bounds.CONNECTIONS + 11, 1)
    assert fed.history.recorded(0, 2) is None
    assert fed.history.lines(0, 2, 0) is None


def test_a_page_is_told_what_has_fallen_off_and_begins_anew_where_that_is_forgotten() -> None:
    fed = Fed()
    for number in range(1, bounds.CONNECTIONS + 1):
        fed.opens(number)
        fed.ends(number)
    knows = fed.history.change
    fed.opens(bounds.CONNECTIONS + 1)
    told = fed.told(knows)
    assert (told["anew"], told["gone"]) == (False, ["0/1"])
    for number in range(bounds.CONNECTIONS + 2, bounds.CONNECTIONS + 5010):
        fed.opens(number)
        fed.happens(number, "reset", CLIENT)
    told = fed.told(knows)
    assert (told["anew"], told["gone"], len(told["connections"])) == (True, [], bounds.CONNECTIONS)


def test_what_has_fallen_off_counts_all_the_same() -> None:
    fed = Fed("chat")
    clients = bounds.CONNECTIONS + 50
    for number in range(1, clients + 1):
        fed.opens(number)
        fed.says(number, CLIENT, utf("192.0.2.7"))
    assert fed.history.recorded(0, 1) is None
    fed.says(1, CLIENT, utf("alice") + utf("still here"))
    assert fed.told()["messages"][-1]["text"] == "still here"
    assert fed.told()["servers"][0]["total"] == 1
    for number in range(1, clients + 1):
        fed.ends(number)
    assert fed.told()["servers"][0]["open"] == 0


def test_all_that_is_kept_of_all_connections_has_a_bound() -> None:
    fed = Fed(*["addition"] * 5)
    piece = bytes(65536)
    numbers = range(1, bounds.CONNECTIONS + 1)
    for server in range(5):
        for number in numbers:
            fed.opens(number, server=server)
            for _ in range(3):
                fed.history.add_event(server, Event(fed.now, number, "received", CLIENT, piece))
    kept = [fed.history.recorded(server, number) for server in range(5) for number in numbers]
    held = sum(len(event.data) for events in kept if events for event in events)
    assert bounds.HELD_LIMIT * 0.9 < held <= bounds.HELD_LIMIT
    assert kept[0] is None
    assert kept[-1] is not None


def test_of_a_conversation_the_last_lines_and_of_its_bytes_the_first() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, utf("192.0.2.7"))
    for number in range(LINES):
        asks(fed, 1, number)
    told = fed.lines(1)
    assert len(told["lines"]) + told["left_out"] == 2 + LINES * 3
    assert 0 < len(told["lines"]) <= LINES
    assert told["lines"][-1]["value"] == str(LINES - 1 + 98)
    fed.says(1, CLIENT, bytes(1 << 18))
    fed.says(1, CLIENT, bytes(1 << 18))
    fed.ends(1)
    events = fed.history.recorded(0, 1)
    assert events is not None
    came = [event for event in events if event.kind == "received" and event.sender == CLIENT]
    assert sum(len(event.data) or event.size for event in came) == 11 + LINES * 8 + (2 << 18)
    assert sum(len(event.data) for event in came) < 1 << 18
    assert [event.kind for event in events[-2:]] == ["end", "end"]


def test_problems_have_a_bound_the_last_ones_stay() -> None:
    fed = Fed()
    for number in range(1, PROBLEMS + 6):
        fed.opens(number)
        fed.happens(number, "refused", SERVER, detail="Connection refused")
    told = fed.told()["problems"]
    numbers = range(PROBLEMS + 5, 5, -1)
    assert told["ids"] == [f"0/{number}" for number in numbers]
    assert [problem["connections"] for problem in told["changed"]] == [[number] for number in numbers]


def test_of_the_problems_of_a_connection_the_first_is_told() -> None:
    fed = Fed()
    fed.opens(1)
    fed.says(1, CLIENT, utf("no address") + ints(1))
    fed.stands_still(6)
    (problem,) = fed.told()["problems"]["changed"]
    assert (problem["event"], problem["code"], problem["times"]) == ("problem", "no-address", 2)


def test_only_problems_that_are_new_are_told_again() -> None:
    fed = Fed()
    fed.opens(1)
    fed.happens(1, "refused", SERVER, detail="Connection refused")
    knows = fed.history.change
    fed.opens(2)
    assert "problems" not in fed.told(knows)
    fed.happens(2, "refused", SERVER, detail="Connection refused")
    told = fed.told(knows)["problems"]
    assert (told["ids"], [problem["id"] for problem in told["changed"]]) == (["0/2", "0/1"], ["0/2"])


def test_a_message_outlives_the_end_of_the_server_alone() -> None:
    fed = Fed("chat")
    fed.opens(1)
    fed.says(1, CLIENT, utf("192.0.2.7") + utf("alice"))
    fed.happens(1, "end", SERVER)
    fed.says(1, CLIENT, utf("still here"))
    assert [(message["author"], message["text"]) for message in fed.told()["messages"]] == [("alice", "still here")]


def test_what_it_holds_is_what_its_connections_take() -> None:
    fed = Fed()
    for number in range(1, 21):
        fed.opens(number)
        fed.says(number, CLIENT, utf("192.0.2.7"))
        for value in range(number):
            asks(fed, number, value)
        fed.lines(number)
    held = sum(connection.size for connection in fed.history._connections.values())
    assert fed.history._held == held


def test_what_a_chat_server_passes_on_wrong_is_a_problem_of_its_connection() -> None:
    fed = Fed("chat")
    for number in (1, 2):
        fed.opens(number)
        fed.says(number, CLIENT, utf("192.0.2.7"))
    fed.stands_still(5)
    fed.says(1, CLIENT, utf("alice") + utf("salut"))
    fed.says(2, SERVER, utf("alice") + utf("salut"))
    fed.says(2, SERVER, utf("Server") + utf("somebody joined"))
    fed.stands_still(5)
    problems = {entry["code"]: entry["connections"] for entry in fed.told()["problems"]["changed"]}
    assert problems == {"message-not-echoed": [1], "message-unknown": [2]}
    assert (fed.row(1)["wrong"]["code"], fed.row(2)["wrong"]["code"]) == ("message-not-echoed", "message-unknown")


def test_connections_that_were_missed_count_beside_the_others() -> None:
    fed = Fed()
    fed.opens(1)
    fed.happens(0, "missed", size=7)
    assert [(server["came"], server["missed"]) for server in fed.told()["servers"]] == [(1, 7)]


def test_where_the_relay_is_lost_its_connections_are_and_the_server_s_others_stay() -> None:
    fed = Fed("addition", "addition")
    fed.opens(1)
    fed.opens(2)
    fed.ends(2)
    fed.opens(1, server=1)
    fed.history.lose(0, fed.now)
    assert [fed.row(1)["state"], fed.row(2)["state"], fed.row(1, server=1)["state"]] == ["lost", "ended", "open"]
    assert [(server["state"], server["open"]) for server in fed.told()["servers"]] == [("lost", 0), ("quiet", 1)]
    fed.history.restore(0, fed.now)
    assert fed.told()["servers"][0]["state"] == "quiet"
