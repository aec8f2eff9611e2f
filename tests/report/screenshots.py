"""Makes the pictures of docs/report.md from a real run: the whole matrix, with one server that has its sums wrong.

    python -m tests.report.screenshots            runs the matrix, then looks at its page
    python -m tests.report.screenshots RESULTS    looks at the page of a run that is there

Prints how large the page is, and how soon it is shown.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from conformance.report.builder import write_report
from tests.browser import chromium_options
from tests.conformance.running import HERE, ROOT, arguments, environment

IMAGES = ROOT / "docs" / "images"
WRONG = "little-endian"


def main(words: list[str]) -> None:
    """Makes them."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(words[0]) if words else _run(Path(folder))
        path = write_report(results, Path(folder, "report.html"))
        print(f"{path.stat().st_size / 1e6:.2f} MB")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium_options())
            _pictures(browser, path.as_uri())
            browser.close()


def _run(results: Path) -> Path:
    programs = HERE / "broken" / "programs.yaml"
    content = yaml.safe_load(programs.read_text(encoding="utf-8"))
    others = " and ".join(f"not {name}" for name in {**content["servers"], **content["clients"]} if name != WRONG)
    options = ("--cases", "--backend", "processes", "--programs", str(programs), "-k", others, "-q")
    subprocess.run(arguments(results, *options), cwd=ROOT, env=environment(), check=False)
    return results


def _pictures(browser: Browser, address: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 1060}, locale="en-US", color_scheme="light")
    page.goto(address)
    _say_how_soon(page)
    page.screenshot(path=IMAGES / "report-overview.png")
    page.set_viewport_size({"width": 1280, "height": 1240})
    page.goto(f"{address}#cell/addition/{WRONG}/java-SimpleClient/direct")
    page.wait_for_selector(".timeline")
    page.screenshot(path=IMAGES / "report-cell.png")
    phone = browser.new_page(viewport={"width": 360, "height": 780}, locale="fr-FR", color_scheme="dark")
    phone.goto(f"{address}#cell/addition/{WRONG}/java-SimpleClient/direct")
    phone.wait_for_selector(".timeline")
    phone.screenshot(path=IMAGES / "report-phone.png")


def _say_how_soon(page: Page) -> None:
    """Of three times, for the first also starts the browser."""
    for _ in range(3):
        page.reload()
        page.wait_for_load_state("load")
        times = page.evaluate(
            """() => ({
                painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
                loaded: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
            })"""
        )
        print(f"shown after {times['painted'] or 0:.0f} ms, ready after {times['loaded']:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
