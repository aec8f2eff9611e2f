"""The page in a real browser: what somebody sees and does who has never seen the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.report.builder import write_report
from tests.browser import Window, axe_violations
from tests.report.made_up import case_record, cell_record, write_run

BROKEN = "addition/little-endian/working-client/direct"


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with Window(chromium) as opened:
        yield opened
    assert opened.complaints == []


# A run with a failure in it ------------------------------------------------------------------------------------------


def test_the_grid_shows_who_understands_whom(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    grid = page.get_by_role("table", name="addition", exact=True)
    row = grid.get_by_role("row", name="little-endian")
    mark = row.get_by_role("link")
    expect(mark).to_have_count(1)
    expect(mark).to_have_text("✗Ddirect, failed")
    passed = grid.get_by_role("row", name="working-server").get_by_role("link")
    assert passed.all_text_contents() == ["Ddirect, passed", "Bbyte-by-byte, passed"]
    marks = page.locator(".grid .mark")
    expect(marks).to_have_count(12)
    # Not by colour alone: what failed is another shape, and has another sign.
    assert mark.evaluate("element => getComputedStyle(element).borderRadius") != passed.first.evaluate(
        "element => getComputedStyle(element).borderRadius"
    )


def test_from_the_first_view_to_the_wrong_byte_is_a_click(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    page.get_by_role("table", name="addition", exact=True).get_by_role("row", name="little-endian").get_by_role(
        "link"
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("working-client meets little-endian")
    parting = page.get_by_role("region", name="Where the accounts part")
    expect(parting.locator(".come .bytes")).to_have_text("B6 00 00 00")
    assert parting.locator(".come mark").all_inner_texts() == ["B6", "00"]
    expect(parting.locator(".must")).to_contain_text("00 00 00 B6 = 182")
    expect(parting).to_contain_text("<-- Somme retournée : 182")
    expect(parting).to_contain_text("--> Réponse serveur : -1241513984")
    expect(parting.locator(".come .bytes")).to_be_in_viewport()
    expect(page.get_by_role("region", name="little-endian number")).to_contain_text("write_int")


def test_the_wrong_byte_is_marked_in_the_conversation_and_on_both_consoles(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    timeline = page.get_by_role("table", name="The conversation")
    message = timeline.locator(".message.m")
    expect(message).to_have_count(1)
    assert message.locator(".piece").all_inner_texts() == ["B6 00 00 00", "B6 00 00 00"]
    assert message.locator(".piece mark").all_inner_texts() == ["B6", "00", "B6", "00"]
    expect(message).to_contain_text("must be 00 00 00 B6 = 182")
    assert timeline.locator("td.server .line.m .text").all_inner_texts() == ["<-- Somme retournée : 182"]
    assert timeline.locator("td.client .line.m .text").all_inner_texts() == ["--> Réponse serveur : -1241513984"]
    times = [float(text) for text in timeline.locator("td.wire time").all_inner_texts()]
    assert times == sorted(times)
    assert len(times) == 13  # connecting, an address, three rounds of three numbers, two ends


def test_fragments_are_drawn_as_they_travelled(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + "#cell/addition/working-server/working-client/byte-by-byte")
    first = page.locator(".message", has_text="first =").first
    assert first.locator(".leg").nth(0).locator(".piece").all_inner_texts() == ["00 00 00 54"]
    assert first.locator(".leg").nth(1).locator(".piece").all_inner_texts() == ["00", "00", "00", "54"]


def test_a_case_that_failed_opens_too(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    table = page.get_by_role("table", name="Cases against the servers of addition")
    row = table.get_by_role("row", name="one-sum")
    expect(row).to_contain_text("a request is answered by its sum")
    row.get_by_role("link", name="failed").click()
    parting = page.get_by_role("region", name="Where the accounts part")
    expect(parting.locator(".come mark").first).to_have_text("B6")
    expect(parting).to_contain_text("Two accounts of the same moment")


def test_cases_of_one_template_open_and_close(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    case = page.get_by_text("a session cut in two behind byte 7 is", exact=False)
    expect(case).to_be_hidden()
    page.get_by_role("button", name="split 34 cases").click()
    expect(case).to_be_visible()
    page.get_by_role("button", name="Close all groups").or_(
        page.get_by_role("button", name="Open all groups")
    ).first.click()


def test_the_record_and_the_capture_are_downloaded(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    with page.expect_download() as record:
        page.get_by_role("button", name="Record (JSON)").click()
    assert record.value.suggested_filename == "addition_little-endian_working-client_direct.json"
    assert '"b6000000"' in Path(record.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as capture:
        page.get_by_role("button", name="Capture (pcapng)").click()
    assert Path(capture.value.path()).read_bytes()[:4] == bytes.fromhex("0A0D0D0A")


# Finding one's way ---------------------------------------------------------------------------------------------------


def test_the_filter_leaves_what_was_asked_for(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    marks, status = page.locator(".grid .mark:visible"), page.get_by_role("status")
    everything = status.inner_text().split()[0]
    page.get_by_label("Program").select_option("little-endian")
    expect(marks).to_have_count(1)
    expect(page.get_by_role("rowheader", name="working-server")).to_be_hidden()
    page.get_by_role("button", name="Show everything").click()
    expect(marks).to_have_count(12)
    page.get_by_label("Verdict").select_option("failed")
    expect(marks).to_have_count(8)
    page.get_by_label("Network").select_option("byte-by-byte")
    expect(marks).to_have_count(0)
    expect(status).to_contain_text("0 of")
    page.get_by_label("Verdict").select_option("all")
    expect(marks).to_have_count(1)
    page.get_by_role("button", name="Show everything").click()
    expect(status).to_contain_text(f"{everything} of {everything}")


def test_the_language_is_the_browsers_and_can_be_switched(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri(), locale="fr-FR")
    expect(page.get_by_role("heading", level=1)).to_have_text("Qui comprend qui")
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.title() == "Rapport de conformité"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who understands whom")
    page.goto(page_path.as_uri() + f"#cell/{BROKEN}")
    expect(page.get_by_role("heading", name="The conversation")).to_be_visible()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name="La conversation")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="La conversation")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("se connecte")


def test_light_and_dark(window: Window, page_path: Path) -> None:
    def brightness(page: Page) -> int:
        return int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))

    assert brightness(window.open(page_path.as_uri(), dark=True)) < 60
    page = window.open(page_path.as_uri())
    assert brightness(page) > 200
    page.get_by_role("button", name="Light or dark").click()
    assert brightness(page) < 60
    page.get_by_role("button", name="Light or dark").click()
    assert brightness(page) > 200


def test_by_keyboard_alone(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    keys = page.keyboard
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("id", "by-program")
    while not focused.evaluate("element => element.matches('td .mark')"):
        keys.press("Tab")
    keys.press("ArrowRight")
    expect(focused).to_have_attribute("href", "#cell/addition/working-server/working-client/byte-by-byte")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.title().startswith("working-client meets working-server")
    keys.press("Escape")
    expect(focused).to_have_attribute("href", "#cell/addition/working-server/working-client/byte-by-byte")


def test_the_way_back_and_to_the_next_failure(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    title = page.get_by_role("heading", level=1)
    first = title.inner_text()
    page.get_by_role("link", name="Next failure").click()
    expect(title).not_to_have_text(first)
    page.go_back()
    expect(title).to_have_text(first)
    page.get_by_role("link", name="All conversations").click()
    expect(title).to_have_text("Who understands whom")


def test_a_link_that_leads_nowhere_says_so(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + "#cell/no/such/<b>cell</b>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("There is no such conversation")
    expect(page.locator("#story")).to_contain_text("cell/no/such/<b>cell</b>")


# Everywhere, for everybody -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", f"#cell/{BROKEN}", "#cell/chat/chat-mixes-two/all-python-chat/direct"])
def test_a_phone_shows_it_without_scrolling_aside(window: Window, page_path: Path, place: str) -> None:
    page = window.open(page_path.as_uri() + place, width=360)
    if place:
        expect(page.locator(".timeline")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for box in page.locator(".mark:visible, .come .bytes, .piece").all()[:40]:
        place_on_screen = box.bounding_box()
        assert place_on_screen is not None
        assert place_on_screen["x"] + place_on_screen["width"] <= 360


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (1280, "fr-FR"), (360, "fr-FR")])
def test_axe_finds_nothing(window: Window, page_path: Path, dark: bool, width: int, locale: str) -> None:
    page = window.open(page_path.as_uri(), dark=dark, width=width, locale=locale)
    assert axe_violations(page) == []
    page.locator(".fold").first.click()
    assert axe_violations(page) == []
    page.goto(page_path.as_uri() + f"#cell/{BROKEN}")
    expect(page.locator(".timeline")).to_be_visible()
    assert axe_violations(page) == []
    page.goto(page_path.as_uri() + "#cell/chat/chat-mixes-two/all-python-chat/direct")
    expect(page.locator("#connection")).to_be_visible()
    assert axe_violations(page) == []


def test_what_is_rough_is_seen_and_opens(window: Window, tmp_path: Path) -> None:
    rough = case_record("forged", note="rough, as the course's Java is: it shows it", rough="it shows it")
    page = window.open(write_report(write_run(tmp_path, [cell_record(), rough, case_record("sum")])).as_uri())
    page.get_by_label("Verdict").select_option("rough")
    expect(page.get_by_role("row", name="what sum does")).to_be_hidden()
    assert axe_violations(page) == []
    page.get_by_role("link", name="passed, roughly").click()
    expect(page.locator(".verdict")).to_contain_text("The course’s Java is rough here: it shows it")
    assert axe_violations(page) == []


def test_of_many_connections_one_is_followed(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + "#cell/addition/working-many/python-multithreaded/slow")
    page.get_by_label("Connection").select_option("3")
    expect(page.locator(".message")).to_have_count(4)  # an address, two numbers, their sum
    ids = {text.rpartition("depuis ")[2].split(" ")[0] for text in _lines(page) if "depuis" in text}
    assert len(ids) == 1
    page.get_by_label("Connection").select_option("all")
    assert page.locator(".message").count() > 4


def _lines(page: Page) -> list[str]:
    return page.locator(".timeline .server .text").all_inner_texts()


def test_a_field_and_what_both_consoles_tell_of_it_are_one_row(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    row = page.locator(".timeline tr.m")
    expect(row).to_have_count(1)
    expect(row.locator("td.client")).to_contain_text("--> Réponse serveur : -1241513984")
    expect(row.locator("td.wire")).to_contain_text("sum")
    expect(row.locator("td.server")).to_contain_text("<-- Somme retournée : 182")


def test_paper_has_the_conversation_and_no_buttons(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}", width=794)
    expect(page.locator(".timeline")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".timeline")).to_be_visible()
    expect(page.get_by_role("button", name="Record (JSON)")).to_be_hidden()
    expect(page.get_by_role("columnheader", name="On the wire")).to_be_visible()
    size = "element => getComputedStyle(element).fontSize"
    assert page.locator("body").evaluate(size) == page.locator(":root").evaluate(size)


def test_without_script_the_first_view_is_there(chromium: Browser, page_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_path.as_uri())
    expect(page.locator(".grid .mark")).to_have_count(12)
    expect(page.get_by_text("a session cut in two behind byte 7 is", exact=False)).to_be_visible()
    context.close()


def test_a_comparison_says_what_has_changed(window: Window, tmp_path: Path) -> None:
    names = [f"addition/s{number}/c/direct" for number in range(4)]
    earlier = write_run(tmp_path / "1", [cell_record(name) for name in names[:3]])
    later = write_run(
        tmp_path / "2",
        [
            cell_record(names[0]),
            cell_record(names[1], verdict="failed", reason="wrong"),
            cell_record(names[3]),
            case_record("sum"),
        ],
    )
    page = window.open(write_report(later, earlier=earlier).as_uri())
    comparison = page.get_by_role("region", name="Compared with the run of 2026-03-02 10:15 UTC")
    assert comparison.locator("summary").all_inner_texts() == [
        "Newly failing 1",
        "Newly passing 0",
        "Still failing 0",
        "Appeared 2",
        "Vanished 1",
    ]
    assert axe_violations(page) == []
    comparison.get_by_role("link", name=names[1]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("c meets s1")


# What programs may send ----------------------------------------------------------------------------------------------

EVIL = [
    "</script><script>window.hacked = 1; alert(1)</script>",
    '<img src=x onerror="window.hacked = 1">',
    "<!--<script>",
    "' onmouseover='alert(1)' \" autofocus onfocus=\"alert(1)\"",
    "{{ 7 * 7 }} ${7 * 7}",
    "a\u202egnp.exe\u202c \u200b\ufeff|",
    "\x00\x07\x1b[31mred\x1b[0m\r\n\t\x7f\x85\u2028",
    "\ud83d \udc00 lone",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_whatever_a_program_sends_is_shown_and_never_run(window: Window, tmp_path: Path, evil: str) -> None:
    record = cell_record(verdict="failed", reason=f"reason {evil}", problems=["", f"problem {evil}"])
    record |= {
        "cell": f"{evil}/{evil}/{evil}/{evil}",
        "protocol": evil,
        "server": evil,
        "clients": evil,
        "network": evil,
    }
    record["programs"][0] |= {"name": evil, "member": evil}
    record["programs"][0]["console"][0]["text"] = f"line {evil}"
    record["wire"][0]["detail"] = "127.0.0.1:50000"
    field = record["conversations"][0]["fields"][0]
    field |= {"field": evil, "type": "UTF", "value": f"value {evil}"}
    record["parting"] = {
        "at": 0.02,
        "wire": {
            **{key: field[key] for key in ("sender", "field", "type", "value", "bytes", "offset")},
            "connection": 1,
            "size": 4,
            "expected": {"value": f"expected {evil}", "bytes": "00000001"},
        },
        "lines": [{"program": 0, "line": 0, "expected": f"must {evil}"}],
    }
    texts = ("title", "description", "detail", "python", "java")
    record["mistakes"] = [{"guess": True, "confidence": 0.5, **{key: f"{key} {evil}" for key in texts}}]
    case = case_record(evil, program=evil, about=evil, verdict="skipped", reason=evil)
    facts = {"backend": evil, "why": evil, "commit": evil, "versions": {evil: evil}, "networks": {evil: evil}}
    page = window.open(write_report(write_run(tmp_path, [record, case], protocols={evil: evil}, **facts)).as_uri())
    assert _seen(page, "#overview").count(_as_shown(evil)) > 10
    page.locator(".grid .mark").click()
    expect(page.locator("#story-title")).to_be_visible()
    story = _seen(page, "#story")
    for word in ("reason", "problem", "line", "value", "expected", "must", "title", "Detail", "python", "java"):
        assert f"{word} {_as_shown(evil)}" in story, word
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, [onerror], [onmouseover], [onfocus], a[href^=javascript]").count() == 0
    assert axe_violations(page) == []


def _seen(page: Page, selector: str) -> str:
    """The text of an element, parts that are folded away included."""
    return str(page.locator(selector).evaluate("element => element.textContent"))


def _as_shown(text: str) -> str:
    hidden = {
        **{code: f"\\u{code:04X}" for code in (0x202E, 0x202C, 0x200B, 0xFEFF, 0, 7, 0x1B, 0x7F, 0x85, 0x2028)},
        **{code: f"\\u{code:04X}" for code in (0xD83D, 0xDC00)},
        ord("\n"): "\\n",
        ord("\r"): "\\r",
        ord("\t"): "\\t",
    }
    return text.translate(hidden)
