"""The consoles against the wire: any order that is possible is accepted, any change of a line is refused."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.decoder.conversation import Conversation
from conformance.judge.consoles import (
    check_blocks,
    check_exact,
    check_interleaved,
    connection_lines,
    expected_count,
)
from tests.conformance.building import added, the_console

LISTENING = "### Écoute sur le port 8999"
NUMBERS = st.integers(0, 9)
ROUNDS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3)
SIMPLE, MANY, CLIENTS = (
    the_console(name) for name in ("simple-server", "multithreaded-server", "multithreaded-clients")
)


def conversations(rounds: list[list[tuple[int, int]]]) -> list[Conversation]:
    return [added(*mine, number=number) for number, mine in enumerate(rounds, 1)]


@st.composite
def multithreaded_servers(draw: st.DrawFn, least: int = 1) -> tuple[list[str], list[list[str]]]:
    """What a multithreaded server prints, and the sequences that the wire tells of."""
    rounds = draw(st.lists(ROUNDS, min_size=least, max_size=4))
    sequences = [connection_lines(MANY, conversation, {}) for conversation in conversations(rounds)]
    ids = draw(st.permutations(range(1, len(sequences) + 1)))
    threads = [[line.replace("{id}", str(id_)) for line in lines] for id_, lines in zip(ids, sequences, strict=True)]
    # It listens, accepts and listens again; what a client's thread prints comes any time after its accept.
    lines, accepts = [LISTENING], 1
    while any(threads) or accepts <= len(threads):
        turns = [thread for thread in threads[:accepts] if thread]
        turn = draw(st.sampled_from([*turns, None] if accepts <= len(threads) else turns))
        accepts += turn is None
        lines.append(LISTENING if turn is None else turn.pop(0))
    return lines, sequences


def judged(actual: list[str], sequences: list[list[str]]) -> str | None:
    return check_interleaved(MANY, actual, LISTENING, sequences)


# One connection at a time -----------------------------------------------------------------------------------------


def test_the_lines_of_a_connection() -> None:
    assert connection_lines(SIMPLE, added((84, 98)), {}) == [
        "### Connexion établie.",
        "--> Nouveau client à l'adresse : 127.0.0.1",
        "--> Premier nombre reçu : 84",
        "--> Deuxième nombre reçu : 98",
        "<-- Somme retournée : 182",
        "### Traitement de cette requête terminée.",
        "### Le client est déconnecté",
    ]


def test_how_many_lines_a_server_owes() -> None:
    assert expected_count(SIMPLE, [added((84, 98)), added()]) == 1 + (1 + 7) + (1 + 3)
    assert expected_count(the_console("chat-server"), [added()], room=2) == 1 + (1 + 3) + 2 * 2


@given(st.lists(ROUNDS, max_size=4), st.randoms())
def test_connections_may_be_served_in_any_order(rounds: list[list[tuple[int, int]]], random: Random) -> None:
    blocks = [connection_lines(SIMPLE, conversation, {}) for conversation in conversations(rounds)]
    served = random.sample(blocks, len(blocks))
    actual = [LISTENING, *(line for block in served for line in (*block, LISTENING))]
    assert check_blocks(actual, LISTENING, blocks) is None


@given(st.lists(ROUNDS, min_size=1, max_size=3), st.data())
def test_no_line_of_a_block_may_be_lost_doubled_swapped_or_changed(
    rounds: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    blocks = [connection_lines(SIMPLE, conversation, {}) for conversation in conversations(rounds)]
    right = [LISTENING, *(line for block in blocks for line in (*block, LISTENING))]
    wrong = data.draw(changed(right))
    if wrong != right:
        assert check_blocks(wrong, LISTENING, blocks) is not None


@st.composite
def changed(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """The lines with one of them lost, doubled, altered, or swapped with the next."""
    place = draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    match draw(st.sampled_from(["lost", "doubled", "altered", "swapped"])):
        case "lost":
            return [*lines[:place], *lines[place + 1 :]]
        case "doubled":
            return [*lines[: place + 1], *lines[place:]]
        case "altered":
            digits = [index for index, letter in enumerate(line) if letter.isdigit()]
            if not digits:
                return [*lines[:place], line.swapcase(), *lines[place + 1 :]]
            at = draw(st.sampled_from(digits))
            other = draw(st.sampled_from([digit for digit in "0123456789" if digit != line[at]]))
            return [*lines[:place], line[:at] + other + line[at + 1 :], *lines[place + 1 :]]
    return [*lines[:place], *reversed(lines[place : place + 2]), *lines[place + 2 :]]


def test_a_connection_that_begins_as_another_is_not_taken_for_it() -> None:
    blocks = [["in", "1", "2", "out"], ["in", "1"], ["in", "1", "2"]]
    actual = ["L", "in", "1", "L", "in", "1", "2", "L", "in", "1", "2", "out", "L"]
    assert check_blocks(actual, "L", blocks) is None


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (["a", "x", "c"], "line 2 must be 'b', and is 'x'"),
        (["a", "b"], "'c' is missing after 'b'"),
        ([], "'a' is missing from the beginning"),
        (["a", "b", "c", "d"], "there is a line too many, 'd'"),
        (["a", "b", "c"], None),
    ],
)
def test_where_there_is_one_order(actual: list[str], sentence: str | None) -> None:
    assert check_exact(actual, ["a", "b", "c"]) == sentence


def test_a_lost_line_is_named_by_its_place() -> None:
    blocks = [connection_lines(SIMPLE, added((84, 98)), {})]
    actual = [line for line in [LISTENING, *blocks[0], LISTENING] if "Traitement" not in line]
    assert check_blocks(actual, LISTENING, blocks) == (
        "line 7 must be '### Traitement de cette requête terminée.', and is '### Le client est déconnecté'"
    )


# Connections at once -------------------------------------------------------------------------------------------------


@given(multithreaded_servers(least=0))
def test_every_possible_interleaving_is_accepted(server: tuple[list[str], list[list[str]]]) -> None:
    assert judged(*server) is None


@given(multithreaded_servers(), st.data())
def test_no_line_may_be_lost_doubled_or_changed(server: tuple[list[str], list[list[str]]], data: st.DataObject) -> None:
    right, sequences = server
    wrong = data.draw(changed(right))
    if sorted(wrong) != sorted(right):
        assert judged(wrong, sequences) is not None


@given(multithreaded_servers(), st.data())
def test_no_two_lines_of_one_client_may_change_places(
    server: tuple[list[str], list[list[str]]], data: st.DataObject
) -> None:
    right, sequences = server
    owner = "1"
    mine = [place for place, line in enumerate(right) if line != LISTENING and owner in _ids(line)]
    first, second = (mine[data.draw(st.integers(0, len(mine) - 1))] for _ in range(2))
    wrong = list(right)
    wrong[first], wrong[second] = right[second], right[first]
    if wrong != right:
        assert judged(wrong, sequences) is not None


def _ids(line: str) -> list[str]:
    for before in ("id client : ", "depuis ", "à client ", "Le client "):
        if before in line:
            return [line.split(before)[1].split()[0].rstrip(").")]
    return []


def two_clients() -> tuple[list[str], list[list[str]]]:
    """Two clients with different sums, one after the other."""
    sequences = [connection_lines(MANY, each, {}) for each in (added((1, 2)), added((3, 4), number=2))]
    lines = [LISTENING]
    for id_, sequence in enumerate(sequences, 1):
        lines += [*(line.replace("{id}", str(id_)) for line in sequence), LISTENING]
    return lines, sequences


def renamed(lines: list[str], id_: str, other: str) -> list[str]:
    """The lines with another id in place of that one."""
    for before, after in (("(id client : ", ")"), ("depuis ", " "), ("à client ", " "), ("Le client ", " ")):
        lines = [line.replace(f"{before}{id_}{after}", f"{before}{other}{after}") for line in lines]
    return lines


def test_ids_that_are_handed_out_twice() -> None:
    lines, sequences = two_clients()
    assert judged(renamed(lines, "2", "1"), sequences) == "ids must count from 1 to 2, and 2 stand out"


def test_ids_that_do_not_count_from_one() -> None:
    lines, sequences = two_clients()
    assert judged(renamed(lines, "1", "0"), sequences) == "ids must count from 1 to 2, and 0, 1 stand out"


def test_the_lines_of_two_clients_mixed_up() -> None:
    lines, sequences = two_clients()
    first, second = lines.index("<-- Somme retournée à client 1 : 3"), lines.index("<-- Somme retournée à client 2 : 7")
    lines[first], lines[second] = "<-- Somme retournée à client 1 : 7", "<-- Somme retournée à client 2 : 3"
    assert judged(lines, sequences) == (
        "the lines of client 1 tell a conversation that was not on the wire: "
        "line 4 must be '<-- Somme retournée à client 1 : 3', and is '<-- Somme retournée à client 1 : 7'"
    )


def test_a_debug_line_is_none_that_such_a_program_prints() -> None:
    lines, sequences = two_clients()
    assert judged([*lines[:3], "DEBUG ici", *lines[3:]], sequences) == (
        "line 4 is none that such a program prints: 'DEBUG ici'"
    )


def test_a_wrong_number_is_named_beside_the_right_one() -> None:
    lines, sequences = two_clients()
    wrong = [line.replace("depuis 1 : 1", "depuis 1 : 9") for line in lines]
    assert judged(wrong, sequences) == (
        "there is '--> Premier nombre reçu depuis {id} : 9', where the wire says "
        "'--> Premier nombre reçu depuis {id} : 1'"
    )


def test_a_line_that_some_clients_lack_is_counted() -> None:
    lines, sequences = two_clients()
    assert judged([line for line in lines if line != "### Le client 2 est déconnecté"], sequences) == (
        "'### Le client {id} est déconnecté' is missing (2 expected, 1 found)"
    )


def test_a_listening_line_too_few() -> None:
    lines, sequences = two_clients()
    assert judged(lines[:-1], sequences) == f"{LISTENING!r} is missing (3 expected, 2 found)"


# A crowd of clients, whose lines carry no id -------------------------------------------------------------------------


@given(st.data(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_every_interleaving_of_a_crowd_is_accepted(data: st.DataObject, sums: list[tuple[int, int]]) -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added(pair), values) for pair in sums]
    turns = data.draw(st.permutations([number for number, lines in enumerate(sequences) for _ in lines]))
    left = [iter(lines) for lines in sequences]
    assert check_interleaved(CLIENTS, [next(left[number]) for number in turns], None, sequences) is None


@given(st.data(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=3))
def test_lines_of_a_crowd_that_runs_one_by_one_may_not_change(data: st.DataObject, sums: list[tuple[int, int]]) -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added(pair), values) for pair in sums]
    right = [line for sequence in sequences for line in sequence]
    wrong = data.draw(changed(right))
    if wrong != right and not _swapped_between_clients(right, wrong, len(sequences[0])):
        assert check_interleaved(CLIENTS, wrong, None, sequences) is not None


def _swapped_between_clients(right: list[str], wrong: list[str], length: int) -> bool:
    """The last line of one and the first of the next: that is another interleaving, and no fault."""
    places = [place for place, pair in enumerate(zip(right, wrong, strict=False)) if pair[0] != pair[1]]
    return len(right) == len(wrong) and len(places) == 2 and places[1] % length == 0


def test_an_answer_before_its_question() -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added((1, 2)), values)]
    lines = list(sequences[0])
    asked, answered = lines.index("<-- Envoi nombre 2 : 2"), lines.index("--> Réponse serveur : 1 + 2 = 3")
    lines[asked], lines[answered] = lines[answered], lines[asked]
    assert check_interleaved(CLIENTS, lines, None, sequences) == (
        "line 4, '--> Réponse serveur : 1 + 2 = 3', comes before '<-- Envoi nombre 2 : 2', which it must follow"
    )


def test_a_crowd_is_counted_by_place_where_lines_alone_would_not_tell() -> None:
    """Both clients send the same first number: the second one's second number has overtaken it all the same."""
    values = {"host": "127.0.0.1", "port": 8999}
    one, two = (connection_lines(CLIENTS, added(pair), values) for pair in ((0, 0), (0, 1)))
    swapped = list(two)
    swapped[2], swapped[3] = two[3], two[2]
    assert check_interleaved(CLIENTS, [*one, *two], None, [one, two]) is None
    assert check_interleaved(CLIENTS, [*one, *swapped], None, [one, two]) == (
        "line 10, '<-- Envoi nombre 2 : 1', comes before '<-- Envoi nombre 1 : 0', which it must follow"
    )


# A room --------------------------------------------------------------------------------------------------------------


def test_the_lines_of_a_room_have_one_order() -> None:
    console = the_console("chat-server")
    room = ["--> Message de bob : a", "<-- Message diffusé à 1 clients", "--> Message de bob : b"]
    lines = [LISTENING, room[0], room[1], room[2]]
    assert check_interleaved(console, lines, LISTENING, [], room) is None
    assert check_interleaved(console, [LISTENING, room[2], room[1], room[0]], LISTENING, [], room) == (
        "line 1 must be '--> Message de bob : a', and is '--> Message de bob : b'"
    )
