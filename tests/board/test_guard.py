"""Who may look at the board, and how: nothing from elsewhere, and nothing but reading."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from conformance.board.app import CODE_HEADER
from conformance.formatting import Language, catalogue
from tests.board.engine import Shown, shown
from tests.cli.running import Server, adds


@pytest.fixture(scope="module")
def board() -> Iterator[Shown]:
    with Server(adds) as server, shown(("addition", server.port)) as board:
        yield board


OWN = socket.gethostname()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "LOCALHOST", "localhost.", "192.0.2.2:8080", "[::1]:8080", OWN],
)
def test_it_answers_to_addresses_and_to_its_own_name(board: Shown, host: str) -> None:
    assert board.get("/", Host=host)[0].status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[evil.example]",
        "[::1",
        "",
    ],
)
def test_a_name_that_somebody_else_has_made_lead_here_is_refused(board: Shown, host: str) -> None:
    answer, _ = board.get("/", Host=host)
    assert (answer.status, answer.getheader(CODE_HEADER)) == (403, "foreign-host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_a_page_of_another_site_gets_nothing(board: Shown, headers: dict[str, str]) -> None:
    answer, _ = board.get("/", **headers)
    assert (answer.status, answer.getheader(CODE_HEADER)) == (403, "foreign-page")


def test_its_own_page_and_a_link_from_anywhere_are_answered(board: Shown) -> None:
    own = f"http://127.0.0.1:{board.port}"
    assert board.get("/board.js", Origin=own, Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors")[0].status == 200
    assert board.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0].status == 200
    assert board.get("/", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/changes", "/connections/0/1.json"])
def test_nothing_but_reading(board: Shown, method: str, path: str) -> None:
    answer, _ = board.get(path, method)
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")
    assert answer.getheader(CODE_HEADER) == "read-only"


def test_every_answer_says_what_a_browser_may_make_of_it(board: Shown) -> None:
    for path in ("/", "/labels.json", "/nothing-here", "/connections/0/1.json"):
        answer, _ = board.get(path)
        policy = answer.getheader("Content-Security-Policy", "")
        assert "default-src 'none'" in policy
        assert "'unsafe" not in policy
        assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Access-Control-Allow-Origin") is None


def test_a_number_of_thousands_of_digits_is_nothing_here(board: Shown) -> None:
    assert board.get(f"/connections/0/{'9' * 5000}.json")[0].status == 404


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ({}, "en"),
        ({"Accept_Language": "fr-FR,fr;q=0.9,en;q=0.8"}, "fr"),
        ({"Accept_Language": "de, fr;q=0.9"}, "fr"),
        ({"Accept_Language": "en-US,fr"}, "en"),
        ({"Accept_Language": "de"}, "en"),
        ({"Accept_Language": ",;=fr,\xff"}, "en"),
    ],
)
def test_a_refusal_is_in_the_browsers_language(board: Shown, asked: dict[str, str], language: Language) -> None:
    answer, content = board.get("/nothing-here", **asked)
    assert answer.getheader("Content-Language") == language
    assert content.decode() == catalogue(language).text("problem.no-such-page")
