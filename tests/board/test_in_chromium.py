"""The board in a real browser, while Java and Python programs talk: what a class sees, and does with it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from javaio import DataOutputStream
from tests.board.classroom import Board, Classroom
from tests.board.window import was_told
from tests.browser import Window, axe_violations
from tests.cli.pcapng_reader import packets, streams
from tests.cli.running import Server, adds, connect, ended, ints, received, run, utf
from tests.programs.running import Running


class Visitor:
    """A client of a server, as the test wants it; its card bears its address."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        host, port = connection.getsockname()[:2]
        self.name = f"{host}:{port}"

    def adds(self, first: int, second: int) -> None:
        """Has the server add."""
        self.connection.sendall(ints(first, second))
        received(self.connection, 4)


@contextmanager
def visitor(classroom: Classroom, server: str, address: str = "192.168.1.30") -> Iterator[Visitor]:
    """Somebody who has connected and said who he is."""
    with connect(classroom.board.ports[server]) as connection:
        connection.sendall(utf(address))
        yield Visitor(connection)


def server_card(page: Page, name: str) -> Locator:
    """What the page says of a server."""
    return page.get_by_role("region", name="Servers").locator("li").filter(has=page.get_by_role("button", name=name))


def card(page: Page, client: str) -> Locator:
    """What the page says of a connection: the newest, as a port is given again to who comes later."""
    return page.locator("#talks > li").filter(has=page.get_by_role("link", name=client, exact=True)).first


def figure(page: Page, server: str, label: str) -> Locator:
    """A large number of a server."""
    return server_card(page, server).locator(".figures p").filter(has_text=re.compile(f"{label}$")).locator("b")


def follow(page: Page, client: str) -> Locator:
    """Follows a connection; its lines."""
    card(page, client).get_by_role("link").click()
    expect(page.get_by_role("heading", name=client)).to_be_focused()
    return page.locator("#lines > li")


# While the class works -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "server"), [("java", "bob"), ("python", "alice")])
def test_sums_of_java_and_python_clients_are_decoded(
    window: Window, classroom: Classroom, language: str, server: str
) -> None:
    page = window.open(classroom.board.address)
    client = classroom.client(language, server)
    assert client.status() == 0
    newest = page.locator("#talks > li").filter(has_text=f"→ {server} #").first
    expect(newest.locator(".card-state")).to_have_text(re.compile(r"left at \d\d:\d\d:\d\d"))
    assert newest.locator(".from-server").all_inner_texts() == [f"← sum {number}" for number in _answers(client)[-2:]]


def _answers(client: Running) -> list[str]:
    return [line.rpartition(" ")[2] for line in client.out if line.startswith("--> Réponse serveur")]


def test_servers_say_their_state_and_their_rates(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    sums = server_card(page, "alice").locator(".so-far")
    before = int(sums.inner_text().split()[0])
    with visitor(classroom, "alice") as client:
        client.adds(1, 2)
        expect(server_card(page, "alice").locator(".state")).to_have_text(re.compile(r"● accepts since \d\d:\d\d"))
        for _ in range(20):
            client.adds(3, 4)
        expect(sums).to_contain_text(f"{before + 21} sums")
        expect(figure(page, "alice", "sums/s")).to_have_text(re.compile(r"^[1-9]"))
        expect(figure(page, "alice", "connected")).to_have_text("1")
        expect(card(page, client.name).locator(".card-state")).to_have_text(re.compile(r"connected since \d\d:\d\d:"))
    expect(figure(page, "alice", "connected")).to_have_text("0")
    expect(figure(page, "alice", "sums/s")).to_have_text("0")


def test_a_server_that_is_off_is_seen_to_be(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    classroom.client("java", "david").status()
    state = server_card(page, "david").locator(".state")
    expect(state).to_contain_text("✗ down since")
    expect(state).to_contain_text("refused")


def test_a_mistake_is_named_with_its_remedy_in_both_languages(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    classroom.client("python", "carol").status()
    mistake = page.get_by_role("region", name="What goes wrong").locator("li").filter(has_text="little-endian number")
    expect(mistake).to_contain_text("carol · of the server")
    expect(mistake.locator("details p").filter(has_text="In Python:")).to_contain_text("out.write_int(n)")
    expect(mistake.locator("details p").filter(has_text="In Java:")).to_contain_text("out.writeInt(n)")
    expect(mistake.locator("details p").first).to_be_visible()
    mistake.get_by_role("link").last.click()
    wrong = page.locator("#lines > .bad").first
    expect(wrong).to_contain_text("it must be int32(first + second)")
    expect(page.locator("#lines > .mistake")).to_contain_text("out.writeInt(n)")


def test_the_room_shows_what_is_said_in_it(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    talkers = [classroom.talker("java", "Léa"), classroom.talker("python", "Hugo")]
    for talker in talkers:
        talker.wait_for("### Connexion établie.")
    room = page.get_by_role("region", name="Chat emma")
    for talker, text in zip(talkers, ["Où est le serveur ?", "Sur le port 9005 ✓"], strict=True):
        talker.type(f"{text}\n")
        expect(room.get_by_text(text)).to_be_visible()
    assert [words.split(" ", 1)[1] for words in room.locator("li").all_inner_texts()[-2:]] == [
        "Léa Où est le serveur ?",
        "Hugo Sur le port 9005 ✓",
    ]
    expect(figure(page, "emma", "connected")).to_have_text("2")
    for talker in talkers:
        talker.end_input()
        talker.status()


def test_a_hundred_clients_at_once_do_not_freeze_the_page(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    expect(server_card(page, "alice")).to_be_visible()
    before = {name: _came(page, name) for name in ("alice", "bob")}
    page.evaluate(
        """() => {
            window.gaps = [];
            let last = performance.now();
            const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
            requestAnimationFrame(frame);
        }"""
    )
    crowds = [classroom.crowd("java", "alice"), classroom.crowd("python", "bob")]
    for crowd in crowds:
        assert crowd.status() == 0
    for name, came in before.items():
        expect(server_card(page, name).locator(".so-far")).to_contain_text(f"{came + 100} clients")
        expect(figure(page, name, "connected")).to_have_text("0")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pulse")).to_contain_text("paused")
    gaps: list[float] = page.evaluate("window.gaps")
    print(f"200 clients: {len(gaps)} frames, at the longest {max(gaps):.0f} ms apart")
    assert len(gaps) > 10


def _came(page: Page, server: str) -> int:
    return int(server_card(page, server).locator(".so-far").inner_text().split()[-2])


# What one does with it -----------------------------------------------------------------------------------------------


def test_one_connection_is_followed(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "bob") as client, visitor(classroom, "bob") as other:
        client.adds(20, 22)
        lines = follow(page, client.name)
        expect(lines.last).to_contain_text("sum = 42")
        expect(lines.last.locator(".hex")).to_have_text("00 00 00 2A")
        expect(page.locator("#follow-state")).to_contain_text("connected since")
        expect(page.locator("#talks")).to_be_hidden()
        other.adds(500, 5)
        client.adds(600, 6)
        expect(lines.last).to_contain_text("sum = 606")
        expect(page.locator("#lines")).not_to_contain_text("505")
    expect(page.locator("#follow-state")).to_contain_text("left at")
    expect(page.locator("#lines")).to_contain_text("the client ends its stream")
    page.get_by_role("link", name="All conversations").click()
    expect(card(page, client.name)).to_be_visible()


def test_one_server_alone_is_shown(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "alice") as one, visitor(classroom, "bob") as other:
        expect(card(page, one.name)).to_be_visible()
        only = page.get_by_role("button", name="bob")
        only.click()
        expect(only).to_have_attribute("aria-pressed", "true")
        expect(card(page, other.name)).to_be_visible()
        expect(card(page, one.name)).to_have_count(0)
        only.click()
        expect(card(page, one.name)).to_be_visible()


def test_a_pause_keeps_what_is_seen_until_one_goes_on(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "bob") as client:
        client.adds(1, 1)
        expect(card(page, client.name)).to_contain_text("sum 2")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#pulse")).to_contain_text("paused")
        client.adds(40_000, 321)
        was_told(page, '"40321"')
        expect(card(page, client.name)).not_to_contain_text("40321")
        page.get_by_role("button", name="Français").click()
        expect(card(page, client.name)).to_contain_text("sum 2")
        page.get_by_role("button", name="Reprendre").click()
        expect(card(page, client.name)).to_contain_text("sum 40321")


def test_a_pause_holds_the_lines_of_who_is_followed(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "bob") as client:
        client.adds(1, 1)
        lines = follow(page, client.name)
        expect(lines.last).to_contain_text("sum = 2")
        page.get_by_role("button", name="Pause").click()
        client.adds(50_000, 321)
        was_told(page, '"50321"')
        expect(lines.last).to_contain_text("sum = 2")
        page.get_by_role("button", name="Go on").click()
        expect(lines.last).to_contain_text("sum = 50321")


def test_a_connection_is_saved_for_decode_and_for_wireshark(
    window: Window, classroom: Classroom, tmp_path: Path
) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "alice", "192.168.1.31") as client:
        client.adds(84, 98)
        expect(follow(page, client.name).last).to_contain_text("sum = 182")
        saved = {}
        for kind, label in (("json", "Save (JSON)"), ("pcapng", "Save (pcapng)")):
            with page.expect_download() as download:
                page.get_by_role("link", name=label).click()
            saved[kind] = tmp_path / download.value.suggested_filename
            download.value.save_as(saved[kind])
    decoded = run("decode", saved["json"])
    assert decoded.process.returncode == 0
    assert re.findall(r"int (\w+) = (\d+)", "\n".join(decoded.lines)) == [
        ("first", "84"),
        ("second", "98"),
        ("sum", "182"),
    ]
    sent = {place: bytes(stream.data) for place, stream in streams(packets(saved["pcapng"])).items()}
    own = client.name.rpartition(":")
    assert sent.pop((own[0], int(own[2]))) == utf("192.168.1.31") + ints(84, 98)
    assert list(sent.values()) == [ints(182)]


def test_a_page_opened_late_sees_what_is_there(window: Window, classroom: Classroom) -> None:
    with visitor(classroom, "alice") as client, visitor(classroom, "emma") as talker:
        client.adds(700, 7)
        talker.connection.sendall(utf("ines") + utf("already said"))
        received(talker.connection, 4)
        page = window.open(classroom.board.address)
        expect(card(page, client.name)).to_contain_text("sum 707")
        expect(page.get_by_role("region", name="Chat emma")).to_contain_text("already said")


def test_old_connections_fall_off(window: Window) -> None:
    with Server(adds) as server, ended(Board({"alice": ("addition", server.port)})) as board:
        assert isinstance(board, Board)
        page = window.open(board.address)
        with connect(board.ports["alice"]) as first:
            first.sendall(utf("127.0.0.1") + ints(1, 2))
            received(first, 4)
            name = Visitor(first).name
        lines = follow(page, name)
        expect(lines.filter(has_text="ends its stream")).to_have_count(2)
        for _ in range(200):
            with connect(board.ports["alice"]) as other:
                other.sendall(utf("127.0.0.1"))
        expect(page.locator("#follow-state")).to_have_text("This connection is no longer remembered.")
        expect(lines.filter(has_text="sum = 3")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(card(page, name)).to_have_count(0)
        expect(page.locator("#talks > li")).to_have_count(60)
        expect(page.locator("#more")).to_have_text("140 older ones are not shown")


def test_a_board_that_has_ended_is_seen_to_be(window: Window) -> None:
    with Server(adds) as server, ended(Board({"alice": ("addition", server.port)})) as board:
        assert isinstance(board, Board)
        page = window.open(board.address)
        expect(page.locator("#pulse")).to_contain_text("live")
        board.interrupt()
        expect(page.locator("#pulse")).to_contain_text("the board does not answer")


# Everywhere, for everybody -------------------------------------------------------------------------------------------


def test_the_language_is_the_browsers_and_can_be_switched(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address, locale="fr-FR")
    expect(page.get_by_role("heading", name="Ce qui ne va pas")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.title() == "Tableau en direct"
    with visitor(classroom, "bob") as client:
        client.adds(1, 2)
        expect(card(page, client.name)).to_contain_text("connecté depuis")
        page.get_by_role("button", name="English").click()
        expect(card(page, client.name)).to_contain_text("connected since")
        page.reload()
        expect(page.get_by_role("heading", name="What goes wrong")).to_be_visible()
        lines = follow(page, client.name)
        expect(lines.first).to_contain_text("the client connects")
        page.get_by_role("button", name="Français").click()
        expect(lines.first).to_contain_text("le client se connecte")
        expect(page.get_by_role("link", name="Enregistrer (JSON)")).to_be_visible()


def test_light_and_dark(window: Window, classroom: Classroom) -> None:
    def brightness(page: Page) -> int:
        return int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))

    assert brightness(window.open(classroom.board.address, dark=True)) < 60
    page = window.open(classroom.board.address)
    assert brightness(page) > 200
    page.get_by_role("button", name="Light or dark").click()
    assert brightness(page) < 60
    page.reload()
    expect(server_card(page, "alice")).to_be_visible()
    assert brightness(page) < 60


@pytest.mark.parametrize("locale", ["en-US", "fr-FR"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(window: Window, classroom: Classroom, locale: str, dark: bool) -> None:
    page = window.open(classroom.board.address, locale=locale, dark=dark)
    classroom.client("python", "carol").status()
    with visitor(classroom, "bob"):
        mistake = page.locator("#troubles > li").filter(has_text="little-endian number")
        expect(mistake).to_be_visible()
        assert axe_violations(page) == []
        page.set_viewport_size({"width": 360, "height": 780})
        assert axe_violations(page) == []
        mistake.get_by_role("link").last.click()
        expect(page.locator("#lines > .mistake")).to_be_visible()
        assert axe_violations(page) == []


def test_a_phone_shows_it_without_scrolling_aside(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address, width=360)
    with visitor(classroom, "emma") as client:
        client.connection.sendall(utf("M" * 300) + utf("N" * 3000))
        expect(page.get_by_role("region", name="Chat emma")).to_contain_text("N" * 300)
        expect(card(page, client.name)).to_be_visible()
        assert _width(page) <= 360
        expect(follow(page, client.name).last).to_contain_text("(3,000 characters)")
        assert _width(page) <= 360
        for box in page.locator("#lines .what").all():
            place = box.bounding_box()
            assert place is not None
            assert place["x"] + place["width"] <= 360


def _width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_by_keyboard_alone(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    keys, focused = page.keyboard, page.locator(":focus")
    with visitor(classroom, "bob") as client:
        client.adds(1, 1)
        expect(card(page, client.name)).to_contain_text("sum 2")
        keys.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for _ in range(200):
            keys.press("Tab")
            if client.name in focused.inner_text():
                break
        expect(card(page, client.name).get_by_role("link")).to_be_focused()
        client.adds(70_000, 7)
        expect(card(page, client.name)).to_contain_text("sum 70007")
        expect(card(page, client.name).get_by_role("link")).to_be_focused()
        keys.press("Enter")
        expect(page.get_by_role("heading", name=client.name)).to_be_focused()
        keys.press("Tab")
        expect(page.get_by_role("link", name="Save (JSON)")).to_be_focused()
        for _ in range(2):
            keys.press("Tab")
        expect(page.get_by_role("list", name=client.name)).to_be_focused()
        keys.press("Escape")
        expect(card(page, client.name).get_by_role("link")).to_be_focused()
        page.get_by_role("button", name="Pause").focus()
        keys.press("Space")
        expect(page.get_by_role("button", name="Go on")).to_be_focused()


def test_a_screen_reader_is_told_in_one_breath(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    expect(server_card(page, "bob")).to_be_visible()
    live = page.locator("[aria-live], [role=status], [role=alert], [role=log]")
    expect(live).to_have_count(1)
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => window.said.push(document.getElementById("said").textContent))
                .observe(document.getElementById("said"), {childList: true, subtree: true, characterData: true});
        }"""
    )
    for _ in range(10):
        with visitor(classroom, "bob") as client:
            expect(card(page, client.name)).to_be_visible()
    page.wait_for_function(
        "() => window.said.join(' ').match(/\\d+/g)?.reduce((sum, text) => sum + Number(text), 0) === 10"
    )
    assert len(page.evaluate("window.said")) < 5


# What programs may send ----------------------------------------------------------------------------------------------

EVIL = {
    "</li><script>window.hacked = 1; alert(1)</script>": None,
    '<img src=x onerror="window.hacked = 1">': None,
    "' onmouseover='alert(1)' \" autofocus onfocus=\"alert(1)": None,
    "javascript:alert(1)": None,
    "${7 * 7} `code`": None,
    "a\u202egnp.exe\u202c|": "a\\u202Egnp.exe\\u202C|",
    "\x00\x07\x1b[31mred\r\n\t\x7f\x85\u2028": "\\u0000\\u0007\\u001B[31mred\\r\\n\\t\\u007F\\u0085\\u2028",
    "\ud83d lone \udc00": "\\uD83D lone \\uDC00",
}


@pytest.mark.parametrize(("evil", "escaped"), EVIL.items(), ids=range(len(EVIL)))
def test_whatever_a_client_sends_is_shown_and_never_run(
    window: Window, classroom: Classroom, evil: str, escaped: str | None
) -> None:
    shown = evil if escaped is None else escaped
    page = window.open(classroom.board.address)
    with connect(classroom.board.ports["emma"]) as connection, connection.makefile("wb", buffering=0) as stream:
        out = DataOutputStream(stream)
        for text in (f"A{evil}", f"B{evil}", f"C{evil}"):
            out.write_utf(text)
        room = page.get_by_role("region", name="Chat emma").locator("li").last
        expect(room.locator("b")).to_have_text(f"B{shown}")
        expect(room.locator(".said")).to_have_text(f"C{shown}")
        client = Visitor(connection).name
        expect(card(page, client).locator(".tail b").first).to_contain_text(f"“A{shown[:20]}")
        follow(page, client)
        for field, text in (("address", "A"), ("author", "B"), ("text", "C")):
            line = page.locator("#lines .by-client .name").filter(has_text=f"{field} =")
            expect(line.locator("b")).to_have_text(f"“{text}{shown}”")
        assert axe_violations(page) == []
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, [onerror], [onmouseover], [onfocus], a[href^=javascript]").count() == 0
