"""Makes the pictures of docs/board.md: a class at work, its programs in Java and in Python.

    python -m tests.board.screenshots

It needs a JDK beside the browser.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.board.classroom import Classroom
from tests.browser import chromium_options
from tests.programs.running import ROOT, Running

IMAGES = ROOT / "docs" / "images"
TALK = [
    ("Léa", "Bonjour ! Mon serveur est chez alice."),
    ("Hugo", "J'y suis : 84 + 98 = 182 ✓"),
    ("Inès", "Et chez carol ? J'ai -1241513984..."),
    ("Léa", "Ses octets sont à l'envers, regarde le tableau."),
]


def main() -> None:
    """Makes them."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sources = sorted(str(path) for path in (ROOT / "java-reference").glob("*.java"))
        subprocess.run(["javac", "-encoding", "UTF-8", "-d", folder, *sources], check=True)
        browser = playwright.chromium.launch(**chromium_options())
        with Classroom(Path(folder)) as classroom:
            _work(classroom)
            _pictures(browser, classroom.board.address)
        browser.close()


def _work(classroom: Classroom) -> None:
    authors = {"Léa": "java", "Hugo": "python", "Inès": "python"}
    talkers = {author: classroom.talker(language, author) for author, language in authors.items()}
    # Who is connected to the board is in the chat only once the server has accepted the connection, too.
    joined = "Adresse du client"
    classroom.chat.wait_until(lambda: sum(joined in line for line in classroom.chat.out) == len(talkers), joined)
    for author, text in TALK:
        talkers[author].type(f"{text}\n")
        for other in talkers.values():
            if other is not talkers[author]:
                _wait_for_text(other, text)
    for name in ("carol", "david"):
        classroom.client("java", name).status()
    # A picture of the last seconds: they are to look like those of a lesson.
    for count in (7, 12, 20, 14):
        began = time.monotonic()
        for running in (classroom.many("python", "bob", count), classroom.many("python", "alice", 2 * count)):
            running.status()
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
    classroom.client("java", "alice").status()
    classroom.client("python", "bob").status()


def _wait_for_text(talker: Running, text: str) -> None:
    talker.wait_until(lambda: any(text in line for line in talker.out), text)


def _pictures(browser: Browser, address: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1200, "height": 700}, locale="en-US", color_scheme="light")
    page.goto(address)
    diagnosis = page.locator("#problems > li[data-code=little-endian-int]").get_by_role("link").first
    diagnosis.wait_for()
    page.screenshot(path=IMAGES / "board-classroom.png")
    place = diagnosis.get_attribute("href")
    page.goto(f"{address}{place}")
    page.wait_for_selector("#lines > .diagnosis")
    page.screenshot(path=IMAGES / "board-follow.png")
    phone = browser.new_page(viewport={"width": 360, "height": 780}, locale="fr-FR", color_scheme="dark")
    phone.goto(address)
    phone.wait_for_selector("#problems > li")
    phone.screenshot(path=IMAGES / "board-phone.png")


if __name__ == "__main__":
    main()
