"""The page in a real browser: what somebody sees and does who has never seen the project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.formatting import LANGUAGES, Language, catalogue
from conformance.judge import VERDICTS
from conformance.report.builder import write_report
from tests.browser import Window, axe_violations
from tests.report.made_up import A_FINDING, WRONG, a_problem, case_record, cell_record, entry_of, failed, write_run

BROKEN = "addition/little-endian/working-client/direct"


def label(name: str, language: Language = "en", count: int | None = None, **values: object) -> str:
    """A text of the page."""
    return catalogue(language).text(f"report.page.{name}", values, count=count)


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
    expect(mark).to_have_text(f"✗Ddirect, {label('failed')}")
    passed = grid.get_by_role("row", name="working-server").get_by_role("link")
    assert passed.all_text_contents() == [f"{name}, {label('passed')}" for name in ("Ddirect", "Bbyte-by-byte")]
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
    expect(page.get_by_role("heading", level=1)).to_have_text(f"working-client {label('meets')} little-endian")
    divergence = page.get_by_role("region", name=label("divergence"))
    expect(divergence.locator(".come .bytes")).to_have_text("B6 00 00 00")
    assert divergence.locator(".come mark").all_inner_texts() == ["B6", "00"]
    expect(divergence.locator(".must")).to_contain_text("00 00 00 B6 = 182")
    expect(divergence).to_contain_text("<-- Somme retournée : 182")
    expect(divergence).to_contain_text("--> Réponse serveur : -1241513984")
    expect(divergence.locator(".come .bytes")).to_be_in_viewport()
    expect(page.locator(".card.diagnosis")).to_contain_text("write_int")


def test_the_wrong_byte_is_marked_in_the_conversation_and_on_both_consoles(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    timeline = page.get_by_role("table", name=label("conversation"))
    message = timeline.locator(".message.m")
    expect(message).to_have_count(1)
    assert message.locator(".piece").all_inner_texts() == ["B6 00 00 00", "B6 00 00 00"]
    assert message.locator(".piece mark").all_inner_texts() == ["B6", "00", "B6", "00"]
    expect(message).to_contain_text(f"{label('must-be')} 00 00 00 B6 = 182")
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
    table = page.get_by_role("table", name=f"{label('against-server')} addition")
    row = table.get_by_role("row", name="one-sum")
    expect(row.locator(".sentence")).not_to_be_empty()
    row.get_by_role("link", name=label("failed")).click()
    divergence = page.get_by_role("region", name=label("divergence"))
    expect(divergence.locator(".come mark").first).to_have_text("B6")
    expect(divergence).to_contain_text(label("divergence-of-case"))


def test_cases_of_one_template_open_and_close(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    case = page.get_by_text("split/byte-7", exact=True)
    expect(case).to_be_hidden()
    page.get_by_role("button", name=f"split {label('cases', count=34)}").click()
    expect(case).to_be_visible()
    page.get_by_role("button", name=label("open-all")).first.click()
    page.get_by_role("button", name=label("close-all")).first.click()
    expect(case).to_be_hidden()


def test_the_record_and_the_capture_are_downloaded(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    with page.expect_download() as record:
        page.get_by_role("button", name=label("download-record")).click()
    assert record.value.suggested_filename == "addition_little-endian_working-client_direct.json"
    assert '"b6000000"' in Path(record.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as capture:
        page.get_by_role("button", name=label("download-capture")).click()
    assert Path(capture.value.path()).read_bytes()[:4] == bytes.fromhex("0A0D0D0A")


# Finding one's way ---------------------------------------------------------------------------------------------------


def test_the_filter_leaves_what_was_asked_for(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    marks, status = page.locator(".grid .mark:visible"), page.get_by_role("status")
    everything = status.get_attribute("data-all")
    expect(status).to_have_text(label("shown", shown=everything, all=everything))
    page.get_by_label(label("program")).select_option("little-endian")
    expect(marks).to_have_count(1)
    expect(page.get_by_role("rowheader", name="working-server")).to_be_hidden()
    page.get_by_role("button", name=label("reset")).click()
    expect(marks).to_have_count(12)
    page.get_by_label(label("verdict")).select_option("failed")
    expect(marks).to_have_count(8)
    page.get_by_label(label("network")).select_option("byte-by-byte")
    expect(marks).to_have_count(0)
    expect(status).to_have_text(label("shown", shown=0, all=everything))
    page.get_by_label(label("verdict")).select_option("all")
    expect(marks).to_have_count(1)
    page.get_by_role("button", name=label("reset")).click()
    expect(status).to_have_text(label("shown", shown=everything, all=everything))


def test_the_language_is_the_browsers_and_can_be_switched(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri(), locale="fr-FR")
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(label("title", "fr"))
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.title() == label("report", "fr")
    reason = page.locator(".failures .cause").first
    expect(reason.locator(".in-fr").first).to_be_visible()
    expect(reason.locator(".in-en").first).to_be_hidden()
    page.get_by_role("button", name="English").click()
    expect(title).to_have_text(label("title"))
    expect(reason.locator(".in-fr").first).to_be_hidden()
    page.goto(page_path.as_uri() + f"#cell/{BROKEN}")
    expect(page.get_by_role("heading", name=label("conversation"))).to_be_visible()
    sentence = page.locator(".verdict .sentence").inner_text()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name=label("conversation", "fr"))).to_be_visible()
    expect(page.locator(".verdict .sentence")).not_to_have_text(sentence)
    page.reload()
    expect(page.locator(".timeline")).to_contain_text(label("opened-client", "fr"))


def test_in_french_no_english_is_left(window: Window, tmp_path: Path) -> None:
    record = cell_record(**failed(), diagnosis=[A_FINDING])
    case = case_record("sum", **failed())
    path = write_report(write_run(tmp_path, [record, case], protocols={"addition": {"en": "sums", "fr": "des sommes"}}))
    page = window.open(path.as_uri(), locale="fr-FR")
    english, french = (_plain_labels(language) for language in LANGUAGES)
    only_english = english - french
    seen = _visible(page)
    for mark in (page.locator(".grid a.mark"), page.locator("a.dot").first):
        mark.click()
        expect(page.locator(".timeline")).to_be_visible()
        seen |= _visible(page)
        page.go_back()
    assert not seen & only_english
    assert len(seen & french) > 30


def _plain_labels(language: Language) -> set[str]:
    texts = catalogue(language).templates("report.page.").values()
    return {text for text in texts if isinstance(text, str)}


def _visible(page: Page) -> set[str]:
    """The texts of all elements that are shown, one by one, and their labels."""
    script = """() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility())
        .flatMap((one) => [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data)
        .concat(one.getAttribute("aria-label") || ""))"""
    return {text.strip() for text in page.evaluate(script)}


def test_light_and_dark(window: Window, page_path: Path) -> None:
    def is_dark(page: Page, dark: bool) -> None:
        """Once it is drawn so."""
        brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
        page.wait_for_function(f"dark => dark ? {brightness} < 60 : {brightness} > 200", arg=dark)

    is_dark(window.open(page_path.as_uri(), dark=True), dark=True)
    page = window.open(page_path.as_uri())
    is_dark(page, dark=False)
    page.get_by_role("button", name=label("theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    is_dark(page, dark=True)
    page.get_by_role("button", name=label("theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    is_dark(page, dark=False)


def test_by_keyboard_alone(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri())
    keys = page.keyboard
    keys.press("Tab")
    expect(page.get_by_role("link", name=label("skip-to-content"))).to_be_focused()
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
    assert page.title().startswith(f"working-client {label('meets')} working-server")
    keys.press("Escape")
    expect(focused).to_have_attribute("href", "#cell/addition/working-server/working-client/byte-by-byte")


def test_the_way_back_and_to_the_next_failure(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    title = page.get_by_role("heading", level=1)
    first = title.inner_text()
    page.get_by_role("link", name=label("next-failure")).click()
    expect(title).not_to_have_text(first)
    page.go_back()
    expect(title).to_have_text(first)
    page.get_by_role("link", name=label("back")).click()
    expect(title).to_have_text(label("title"))


def test_a_link_that_leads_nowhere_says_so(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + "#cell/no/such/<b>cell</b>")
    expect(page.get_by_role("heading", level=1)).to_contain_text(label("not-there"))
    expect(page.locator("#opened")).to_contain_text("cell/no/such/<b>cell</b>")


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


def test_what_is_non_strict_is_seen_and_opens(window: Window, tmp_path: Path) -> None:
    record = case_record("forged", verdict="non-strict", non_strict=entry_of(a_problem("it showed it")))
    record["case"]["non_strict"] = {"en": "it shows it", "fr": "il le montre"}
    page = window.open(write_report(write_run(tmp_path, [cell_record(), record, case_record("sum")])).as_uri())
    page.get_by_label(label("verdict")).select_option("non-strict")
    expect(page.get_by_role("row", name="what sum does")).to_be_hidden()
    assert axe_violations(page) == []
    page.get_by_role("link", name=label("non-strict")).click()
    expect(page.locator(".verdict")).to_contain_text(f"{label('allowed-here')}: it shows it")
    expect(page.locator(".verdict .sentence")).to_have_text("it showed it")
    assert axe_violations(page) == []


def every_verdict(folder: Path) -> Path:
    """The page of a run with a cell and a case of each verdict."""
    records = []
    for verdict in VERDICTS:
        wrong = {} if verdict in ("passed", "non-strict") else {"problems": [entry_of(a_problem(f"so {verdict}"))]}
        accepted = entry_of(a_problem("it showed it")) if verdict == "non-strict" else None
        told: dict[str, Any] = {"verdict": verdict, "non_strict": accepted, **wrong}
        name = f"addition/hers/{verdict}/direct"
        records += [cell_record(name, **told, wire_only=verdict == "passed"), case_record(verdict, **told)]
    return write_report(write_run(folder, records))


def test_every_verdict_is_told_apart_found_and_opened(window: Window, tmp_path: Path) -> None:
    page = window.open(every_verdict(tmp_path).as_uri())
    assert axe_violations(page) == []
    marks = page.locator(".grid .mark")
    looks = "element => ['color', 'backgroundColor', 'borderStyle'].map((name) => getComputedStyle(element)[name])"
    signs = [(mark.locator("[aria-hidden]").inner_text(), *mark.evaluate(looks)) for mark in marks.all()]
    assert len({sign for sign, *_ in signs}) == len(VERDICTS)  # not by colour alone
    expect(marks.first).to_contain_text(label("wire-only"))
    for verdict in VERDICTS:
        page.get_by_label(label("verdict")).select_option(verdict)
        expect(page.locator(".grid .mark:visible")).to_have_count(1)
        mark = page.locator(f".grid a.mark.{verdict}")
        if verdict in ("skipped", "unsupported"):
            expect(mark).to_have_count(0)
            continue
        mark.click()
        expect(page.locator(".verdict .badge")).to_contain_text(label(verdict))
        assert axe_violations(page) == []
        page.go_back()


def test_by_the_wire_alone_no_console_is_said_to_agree(window: Window, tmp_path: Path) -> None:
    page = window.open(every_verdict(tmp_path).as_uri() + "#cell/addition/hers/passed/direct")
    expect(page.locator(".verdict")).to_contain_text(label("understood-wire"))
    expect(page.locator(".verdict")).not_to_contain_text(label("understood-all"))


def test_the_diagnosis_stands_before_the_bytes(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + f"#cell/{BROKEN}")
    expect(page.locator(".timeline")).to_be_visible()
    cards = page.locator(".card").evaluate_all("cards => cards.map((card) => card.className)")
    assert cards == ["card diagnosis", "card divergence"]
    culprit = page.locator("#overview .failures li", has=page.locator(".whose", has_text="little-endian"))
    expect(culprit.locator(".cause").first).to_contain_text("little-endian")


def test_of_many_connections_one_is_followed(window: Window, page_path: Path) -> None:
    page = window.open(page_path.as_uri() + "#cell/addition/working-many/python-multithreaded/slow")
    page.get_by_label(label("connection")).select_option("3")
    expect(page.locator(".message")).to_have_count(4)  # an address, two numbers, their sum
    ids = {text.rpartition("depuis ")[2].split(" ")[0] for text in _lines(page) if "depuis" in text}
    assert len(ids) == 1
    page.get_by_label(label("connection")).select_option("all")
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
    expect(page.get_by_role("button", name=label("download-record"))).to_be_hidden()
    expect(page.get_by_role("columnheader", name=label("on-the-wire"))).to_be_visible()
    size = "element => getComputedStyle(element).fontSize"
    assert page.locator("body").evaluate(size) == page.locator(":root").evaluate(size)


def test_without_script_the_first_view_is_there(chromium: Browser, page_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_path.as_uri())
    expect(page.locator(".grid .mark")).to_have_count(12)
    expect(page.get_by_text("split/byte-7", exact=True)).to_be_visible()
    expect(page.locator(".in-fr").first).to_be_hidden()
    context.close()


def test_a_comparison_says_what_has_changed(window: Window, tmp_path: Path) -> None:
    names = [f"addition/s{number}/c/direct" for number in range(4)]
    earlier = write_run(tmp_path / "1", [cell_record(name) for name in names[:3]])
    later = write_run(
        tmp_path / "2",
        [
            cell_record(names[0]),
            cell_record(names[1], **failed()),
            cell_record(names[3]),
            case_record("sum"),
        ],
    )
    page = window.open(write_report(later, earlier=earlier).as_uri())
    comparison = page.get_by_role("region", name=f"{label('compared')} 2026-03-02 10:15 UTC")
    assert comparison.locator("summary").all_inner_texts() == [
        f"{label(name)} {count}"
        for name, count in [
            ("newly-failing", 1),
            ("newly-passing", 0),
            ("still-failing", 0),
            ("appeared", 2),
            ("vanished", 1),
        ]
    ]
    assert axe_violations(page) == []
    comparison.get_by_role("link", name=names[1]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"c {label('meets')} s1")


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
    wrong = replace(WRONG, values={**WRONG.values, "equals": f"equals {evil}"})
    record = cell_record(**failed(a_problem(f"reason {evil}"), a_problem(f"problem {evil}"), wrong))
    record |= {
        "name": f"{evil}/{evil}/{evil}/{evil}",
        "protocol": evil,
        "server": evil,
        "clients": evil,
        "network": evil,
    }
    record["programs"][0] |= {"name": evil, "member": evil}
    record["programs"][0]["console"][0]["text"] = f"line {evil}"
    field = record["conversations"][0]["fields"][0]
    field |= {"field": evil, "type": "UTF", "value": f"value {evil}"}
    record["divergence"] = {
        "at": 0.02,
        "wire": {
            **{key: field[key] for key in ("side", "field", "type", "value", "bytes", "offset", "size")},
            "connection": 1,
            "skipped": 0,
            "expected": {"value": f"expected {evil}", "bytes": "00000001"},
        },
        "lines": [{"program": 0, "line": 0, "expected": f"must {evil}"}],
    }
    record["diagnosis"] = [{**A_FINDING, "details": [{"code": "begins-with", "values": {"text": evil}}]}]
    told = {"en": evil, "fr": evil}
    skipped = {"verdict": "skipped", "problems": [entry_of(a_problem(evil))]}
    case = case_record(evil, program=evil, **skipped)
    case["case"]["about"] = told
    facts = {"backend": evil, "why": evil, "commit": evil, "versions": {evil: evil}, "networks": {evil: told}}
    page = window.open(write_report(write_run(tmp_path, [record, case], protocols={evil: told}, **facts)).as_uri())
    assert _seen(page, "#overview").count(_as_shown(evil)) > 10
    page.locator(".grid .mark").click()
    expect(page.locator("#opened-title")).to_be_visible()
    opened = _seen(page, "#opened")
    for word in ("reason", "problem", "line", "value", "expected", "must", "equals"):
        assert f"{word} {_as_shown(evil)}" in opened, word
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
