"""The board in a real browser, while Java and Python programs talk: what a class sees, and does with it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from conformance.formatting import catalogue
from javaio import DataOutputStream
from tests.board.classroom import Board, Classroom
from tests.board.window import was_told
from tests.browser import Window, axe_violations
from tests.cli.pcapng_reader import packets, streams
from tests.cli.running import Server, adds, connect, ended, ints, received, run_here, utf
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
    return page.locator(f"#servers > li[data-name='{name}']")


def card(page: Page, client: str) -> Locator:
    """What the page says of a connection: the newest, as a port is given again to who comes later."""
    return page.locator("#conversations > li").filter(has=page.get_by_role("link", name=client, exact=True)).first


def figure(page: Page, server: str, name: str) -> Locator:
    """A large number of a server: how many connections are `open`, or the `rate`."""
    return server_card(page, server).locator(f"[data-figure={name}] b")


def counted(page: Page, server: str, what: str) -> int:
    """How many there were of a server in all: `total` of what its protocol is there for, or clients that `came`."""
    return int(server_card(page, server).get_attribute(f"data-{what}") or "")


def chat(page: Page) -> Locator:
    """The chat of emma's server."""
    return page.locator("#chats > section[data-name=emma]")


def pauses(page: Page) -> None:
    """Has the page pause."""
    page.locator("#pause").click()
    expect(page.locator("#pulse")).to_have_attribute("data-state", "paused")


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
    newest = page.locator(f"#conversations > li[data-server={server}]").first
    expect(newest).to_have_attribute("data-state", "ended")
    expect(newest.locator(".card-state")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    assert newest.locator(".from-server").all_inner_texts() == [f"← sum {number}" for number in _answers(client)[-2:]]


def _answers(client: Running) -> list[str]:
    return [line.rpartition(" ")[2] for line in client.out if line.startswith("--> Réponse serveur")]


def test_servers_say_their_state_and_their_rates(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    expect(server_card(page, "alice")).to_be_visible()
    before = counted(page, "alice", "total")
    with visitor(classroom, "alice") as client:
        client.adds(1, 2)
        expect(server_card(page, "alice")).to_have_attribute("data-state", "reached")
        expect(server_card(page, "alice").locator(".state")).to_have_text(re.compile(r"\d\d:\d\d"))
        for _ in range(20):
            client.adds(3, 4)
        expect(server_card(page, "alice")).to_have_attribute("data-total", str(before + 21))
        expect(server_card(page, "alice").locator(".so-far")).to_contain_text(str(before + 21))
        expect(figure(page, "alice", "rate")).to_have_text(re.compile(r"^[1-9]"))
        expect(figure(page, "alice", "open")).to_have_text("1")
        expect(card(page, client.name)).to_have_attribute("data-state", "open")
    expect(figure(page, "alice", "open")).to_have_text("0")
    expect(figure(page, "alice", "rate")).to_have_text("0")


def test_a_server_that_is_off_is_seen_to_be(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    classroom.client("java", "david").status()
    expect(server_card(page, "david")).to_have_attribute("data-state", "refused")
    expect(server_card(page, "david").locator(".reason")).to_have_text(
        catalogue("en").text("reason.Connection refused")
    )
    expect(page.locator("#problems > li[data-server=david]").first).to_have_attribute("data-code", "refused")


@pytest.mark.parametrize("locale", ["en-US", "fr-FR"])
def test_a_mistake_is_named_with_its_remedy_for_java_and_python(
    window: Window, classroom: Classroom, locale: str
) -> None:
    page = window.open(classroom.board.address, locale=locale)
    classroom.client("python", "carol").status()
    diagnosis = page.locator("#problems > li[data-code=little-endian-int]")
    expect(diagnosis).to_have_attribute("data-server", "carol")
    expect(diagnosis).to_have_attribute("data-side", "server")
    expect(diagnosis.locator("details code", has_text="out.write_int(n)")).to_be_visible()
    expect(diagnosis.locator("details code", has_text="out.writeInt(n)")).to_be_visible()
    expect(diagnosis.locator("h3")).to_contain_text(
        catalogue("fr" if locale == "fr-FR" else "en").text("finding.little-endian-int.title")
    )
    diagnosis.get_by_role("link").last.click()
    wrong = page.locator("#lines > .bad").first
    expect(wrong).to_have_attribute("data-code", "wrong-value")
    expect(wrong).to_have_attribute("data-field", "sum")
    expect(wrong.locator("p.wrong")).to_contain_text("int32(first + second)")
    expect(page.locator("#lines > [data-event=diagnosis]")).to_contain_text("out.writeInt(n)")


def test_the_chat_shows_what_is_said_in_it(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    talkers = [classroom.talker("java", "Léa"), classroom.talker("python", "Hugo")]
    for talker in talkers:
        talker.wait_for("### Connexion établie.")
    for talker, text in zip(talkers, ["Où est le serveur ?", "Sur le port 9005 ✓"], strict=True):
        talker.type(f"{text}\n")
        expect(chat(page).get_by_text(text)).to_be_visible()
    assert [words.split(" ", 1)[1] for words in chat(page).locator("li").all_inner_texts()[-2:]] == [
        "Léa Où est le serveur ?",
        "Hugo Sur le port 9005 ✓",
    ]
    expect(figure(page, "emma", "open")).to_have_text("2")
    for talker in talkers:
        talker.end_input()
        talker.status()


def test_a_hundred_clients_at_once_do_not_freeze_the_page(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    expect(server_card(page, "alice")).to_be_visible()
    before = {name: counted(page, name, "came") for name in ("alice", "bob")}
    page.evaluate(
        """() => {
            window.gaps = [];
            let last = performance.now();
            const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
            requestAnimationFrame(frame);
        }"""
    )
    for clients in [classroom.many("java", "alice"), classroom.many("python", "bob")]:
        assert clients.status() == 0
    for name, came in before.items():
        expect(server_card(page, name)).to_have_attribute("data-came", str(came + 100))
        expect(figure(page, name, "open")).to_have_text("0")
    pauses(page)
    gaps: list[float] = page.evaluate("window.gaps")
    print(f"200 clients: {len(gaps)} frames, at the longest {max(gaps):.0f} ms apart")
    assert len(gaps) > 10


# What one does with it -----------------------------------------------------------------------------------------------


def test_one_connection_is_followed(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "bob") as client, visitor(classroom, "bob") as other:
        client.adds(20, 22)
        lines = follow(page, client.name)
        expect(lines.last).to_contain_text("sum = 42")
        expect(lines.last.locator(".hex")).to_have_text("00 00 00 2A")
        expect(page.locator("#follow-state")).to_have_attribute("data-state", "open")
        expect(page.locator("#conversations")).to_be_hidden()
        other.adds(500, 5)
        client.adds(600, 6)
        expect(lines.last).to_contain_text("sum = 606")
        expect(page.locator("#lines")).not_to_contain_text("505")
    expect(page.locator("#follow-state")).to_have_attribute("data-state", "ended")
    expect(page.locator("#lines > [data-event=end][data-side=client]")).to_have_count(1)
    page.locator("#follow .ways a").click()
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
        pauses(page)
        client.adds(40_000, 321)
        was_told(page, '"40321"')
        expect(card(page, client.name)).not_to_contain_text("40321")
        page.locator("#language").click()
        expect(card(page, client.name)).to_contain_text("sum 2")
        page.locator("#pause").click()
        expect(card(page, client.name)).to_contain_text("sum 40321")


def test_a_pause_holds_the_lines_of_who_is_followed(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "bob") as client:
        client.adds(1, 1)
        lines = follow(page, client.name)
        expect(lines.last).to_contain_text("sum = 2")
        pauses(page)
        client.adds(50_000, 321)
        was_told(page, '"50321"')
        expect(lines.last).to_contain_text("sum = 2")
        page.locator("#pause").click()
        expect(lines.last).to_contain_text("sum = 50321")


def test_a_connection_is_saved_for_decode_and_for_wireshark(
    window: Window, classroom: Classroom, tmp_path: Path
) -> None:
    page = window.open(classroom.board.address)
    with visitor(classroom, "alice", "192.168.1.31") as client:
        client.adds(84, 98)
        expect(follow(page, client.name).last).to_contain_text("sum = 182")
        saved = {}
        for kind in ("json", "pcapng"):
            with page.expect_download() as download:
                page.locator(f"#save-{kind}").click()
            saved[kind] = tmp_path / download.value.suggested_filename
            download.value.save_as(saved[kind])
    decoded = run_here("decode", saved["json"], "--json")
    assert decoded.status == 0
    fields = [(told["field"], told["value"]) for told in decoded.told if told["event"] == "field"]
    assert fields == [("address", "192.168.1.31"), ("first", 84), ("second", 98), ("sum", 182)]
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
        expect(chat(page)).to_contain_text("already said")


def test_old_connections_fall_off(window: Window) -> None:
    with Server(adds) as server, ended(Board({"alice": ("addition", server.port)})) as board:
        assert isinstance(board, Board)
        page = window.open(board.address)
        with connect(board.ports["alice"]) as first:
            first.sendall(utf("127.0.0.1") + ints(1, 2))
            received(first, 4)
            name = Visitor(first).name
        lines = follow(page, name)
        expect(page.locator("#lines > [data-event=end]")).to_have_count(2)
        for _ in range(200):
            with connect(board.ports["alice"]) as other:
                other.sendall(utf("127.0.0.1"))
        expect(page.locator("#follow-state")).to_have_attribute("data-state", "forgotten")
        expect(lines.filter(has_text="sum = 3")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(card(page, name)).to_have_count(0)
        expect(page.locator("#conversations > li")).to_have_count(60)
        expect(page.locator("#more")).to_have_attribute("data-count", "140")
        expect(page.locator("#more")).to_contain_text("140")


def test_a_board_that_has_ended_is_seen_to_be(window: Window) -> None:
    with Server(adds) as server, ended(Board({"alice": ("addition", server.port)})) as board:
        assert isinstance(board, Board)
        page = window.open(board.address)
        expect(page.locator("#pulse")).to_have_attribute("data-state", "live")
        board.interrupt()
        expect(page.locator("#pulse")).to_have_attribute("data-state", "lost")


# Everywhere, for everybody -------------------------------------------------------------------------------------------


FRENCH, ENGLISH = ("fr", catalogue("fr").templates("board.page.")), ("en", catalogue("en").templates("board.page."))


def is_in(page: Page, language: tuple[str, dict[str, str | list[str]]]) -> None:
    """Waits until the page is in that language: every text of it that does not change."""
    name, texts = language
    expect(page.locator("html")).to_have_attribute("lang", name)
    expect(page).to_have_title(str(texts["title"]))
    for element in page.locator("[data-t]:not(#pause)").all():
        expect(element).to_have_text(str(texts[element.get_attribute("data-t") or ""]))


def test_the_language_is_the_browsers_and_can_be_switched(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address, locale="fr-FR")
    is_in(page, FRENCH)
    with visitor(classroom, "bob") as client:
        client.adds(1, 2)
        state = card(page, client.name).locator(".card-state")
        expect(state).to_have_text(re.compile(_before(FRENCH, "state.open")))
        page.locator("#language").click()
        expect(state).to_have_text(re.compile(_before(ENGLISH, "state.open")))
        page.reload()
        is_in(page, ENGLISH)
        lines = follow(page, client.name)
        expect(lines.first).to_contain_text(_before(ENGLISH, "line.opened"))
        page.locator("#language").click()
        expect(lines.first).to_contain_text(_before(FRENCH, "line.opened"))
        is_in(page, FRENCH)


def _before(language: tuple[str, dict[str, str | list[str]]], name: str) -> str:
    """The text up to its first place."""
    return str(language[1][name]).partition("{")[0].strip()


def test_nothing_is_english_where_the_page_is_french(window: Window, classroom: Classroom) -> None:
    classroom.client("python", "carol").status()
    classroom.client("java", "david").status()
    page = window.open(classroom.board.address, locale="fr-FR")
    expect(page.locator("#problems > li[data-code=little-endian-int]")).to_be_visible()
    expect(page.locator("#problems > li[data-code=refused]").first).to_be_visible()
    _is_french(page)
    page.locator("#problems > li[data-code=little-endian-int]").get_by_role("link").last.click()
    expect(page.locator("#lines > [data-event=diagnosis]")).to_be_visible()
    _is_french(page)


_ENGLISH = re.compile(r"\b(the|of|its|was|has|and|it|sent|must|with|server|connects|ends|bytes)\b")


def _is_french(page: Page) -> None:
    """No English words, but in code and in the names and values of fields."""
    text: str = page.evaluate(
        """() => {
            const copy = document.querySelector("main").cloneNode(true);
            for (const element of copy.querySelectorAll("code, .hex, .tail, .name")) element.remove();
            return copy.textContent;
        }"""
    )
    assert _ENGLISH.findall(text) == [], text


def test_light_and_dark(window: Window, classroom: Classroom) -> None:
    def is_dark(page: Page, dark: bool) -> None:
        """Once it is drawn so."""
        brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
        page.wait_for_function(f"dark => dark ? {brightness} < 60 : {brightness} > 200", arg=dark)

    is_dark(window.open(classroom.board.address, dark=True), dark=True)
    page = window.open(classroom.board.address)
    is_dark(page, dark=False)
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    is_dark(page, dark=True)
    page.reload()
    expect(server_card(page, "alice")).to_be_visible()
    is_dark(page, dark=True)


@pytest.mark.parametrize("locale", ["en-US", "fr-FR"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(window: Window, classroom: Classroom, locale: str, dark: bool) -> None:
    page = window.open(classroom.board.address, locale=locale, dark=dark)
    classroom.client("python", "carol").status()
    with visitor(classroom, "bob"):
        diagnosis = page.locator("#problems > li[data-code=little-endian-int]")
        expect(diagnosis).to_be_visible()
        assert axe_violations(page) == []
        page.set_viewport_size({"width": 360, "height": 780})
        assert axe_violations(page) == []
        diagnosis.get_by_role("link").last.click()
        expect(page.locator("#lines > [data-event=diagnosis]")).to_be_visible()
        assert axe_violations(page) == []


def test_a_phone_shows_it_without_scrolling_aside(window: Window, classroom: Classroom) -> None:
    page = window.open(classroom.board.address, width=360)
    with visitor(classroom, "emma") as client:
        client.connection.sendall(utf("M" * 300) + utf("N" * 3000))
        expect(chat(page)).to_contain_text("N" * 300)
        expect(card(page, client.name)).to_be_visible()
        assert _width(page) <= 360
        expect(follow(page, client.name).last).to_contain_text("3,000")
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
        expect(page.locator(".skip")).to_be_focused()
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
        expect(page.locator("#save-json")).to_be_focused()
        for _ in range(2):
            keys.press("Tab")
        expect(page.get_by_role("list", name=client.name)).to_be_focused()
        keys.press("Escape")
        expect(card(page, client.name).get_by_role("link")).to_be_focused()
        page.locator("#pause").focus()
        keys.press("Space")
        expect(page.locator("#pulse")).to_have_attribute("data-state", "paused")
        expect(page.locator("#pause")).to_be_focused()


def test_a_screen_reader_is_told_seldom(window: Window, classroom: Classroom) -> None:
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
        message = chat(page).locator("li").last
        expect(message.locator("b")).to_have_text(f"B{shown}")
        expect(message.locator(".said")).to_have_text(f"C{shown}")
        client = Visitor(connection).name
        expect(card(page, client).locator(".tail b").first).to_contain_text(f"“A{shown[:20]}")
        follow(page, client)
        for field, text in (("address", "A"), ("author", "B"), ("text", "C")):
            line = page.locator("#lines .by-client .name").filter(has_text=f"{field} =")
            expect(line.locator("b")).to_have_text(f"“{text}{shown}”")
        assert axe_violations(page) == []
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, [onerror], [onmouseover], [onfocus], a[href^=javascript]").count() == 0
