"""Makes the pictures of docs/read-the-report.md from a real run: everything, and one server that returns wrong sums.

    python -m tests.report.screenshots            runs the matrix and the cases, then looks at the page
    python -m tests.report.screenshots RESULTS    looks at the page of a run that is there

Prints how large the page is, how long it takes to make, and how soon it is shown.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from conformance.report.builder import write_report
from tests.browser import chromium_options
from tests.conformance.running import HERE, ROOT, arguments, environment

IMAGES = ROOT / "docs" / "images"
WRONG = "little-endian"
CELL = f"#cell/addition/{WRONG}/java-SimpleClient/direct"


def main(words: list[str]) -> None:
    """Makes them."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(words[0]) if words else _run(Path(folder))
        began = time.perf_counter()
        path = write_report(results, Path(folder, "report.html"))
        print(f"{path.stat().st_size / 1e6:.2f} MB, made in {time.perf_counter() - began:.1f} s")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium_options())
            _say_how_soon(browser, path.as_uri())
            _pictures(browser, path.as_uri())
            browser.close()


def _run(folder: Path) -> Path:
    content = yaml.safe_load((HERE / "broken" / "programs.yaml").read_text(encoding="utf-8"))
    wrong = {**content["servers"][WRONG], "folder": str(HERE / "broken")}
    programs = folder / "wrong.yaml"
    programs.write_text(yaml.safe_dump({"servers": {WRONG: wrong}}), encoding="utf-8")
    results = folder / "results"
    options = ("--backend", "processes", "--cases", "--programs", str(programs), "-q")
    subprocess.run(arguments(results, *options), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, check=False)
    return results


def _pictures(browser: Browser, address: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US", color_scheme="light")
    page.goto(address)
    _picture(page, "overview")
    page.goto(address + CELL)
    page.wait_for_selector(".timeline")
    page.set_viewport_size({"width": 1280, "height": 680})
    _picture(page, "cell")
    page.set_viewport_size({"width": 1280, "height": 760})
    page.locator(".conversation").evaluate("element => element.scrollIntoView()")
    _picture(page, "conversation")
    phone = browser.new_page(viewport={"width": 360, "height": 780}, locale="fr-FR", color_scheme="dark")
    phone.goto(address + CELL)
    phone.wait_for_selector(".timeline")
    _picture(phone, "phone")


def _picture(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"report-{name}.png")


def _say_how_soon(browser: Browser, address: str) -> None:
    """Each time in a window of its own; the first is not counted, for it also starts the browser."""
    shown, ready, opened = [], [], []
    for _ in range(6):
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        shown.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        ready.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
        began = page.evaluate("performance.now()")
        page.evaluate("place => { location.hash = place }", CELL)
        page.wait_for_selector(".timeline")
        opened.append(page.evaluate("performance.now()") - began)
        page.close()
    times = (median(times[1:]) for times in (shown, ready, opened))
    print("shown after {:.0f} ms, all of it ready after {:.0f} ms, a conversation opened in {:.0f} ms".format(*times))


if __name__ == "__main__":
    main(sys.argv[1:])
