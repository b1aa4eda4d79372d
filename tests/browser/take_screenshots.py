"""Take the README's pictures of a running page: ``python -m tests.browser.take_screenshots http://127.0.0.1:7860``."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS, ROOT, chromium_path

FOLDER = ROOT / "seq2seq_demo" / "web" / "static"
SENTENCES = {
    "beam": "A little girl in a red dress is playing with a dog in the park.",
    # Here greedy decoding and the beam part.
    "compare": "The book that I bought yesterday is very interesting.",
}
POINTED_AT = 5
# Tall enough for the whole result: pointing must not scroll.
HEIGHTS = {"beam": 1400, "compare": 1640}


def take(browser: Browser, address: str, *, scheme: str, strategy: str, path: Path) -> None:
    """Decode one sentence, point at a token, and save what is seen."""
    context = browser.new_context(
        viewport={"width": 1200, "height": HEIGHTS[strategy]}, color_scheme=scheme, device_scale_factor=1.5
    )
    page = context.new_page()
    page.goto(f"{address}/?lang=en")
    page.wait_for_selector(".s2s-output")
    page.fill("#s2s-text", SENTENCES[strategy])
    page.press("#s2s-text", "Enter")
    page.wait_for_function("performance.getEntriesByName('s2s-request').length > 0")
    if strategy != "beam":
        page.locator(f"input[value={strategy}]").check(force=True)
        page.wait_for_selector(".s2s-columns")
    page.evaluate("document.activeElement.blur()")
    page.locator(f".s2s-row-label[data-row='{POINTED_AT}']").first.hover()
    page.screenshot(path=path)
    context.close()


def main(address: str) -> None:
    """Save a light picture and a dark one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        take(browser, address, scheme="light", strategy="beam", path=FOLDER / "screenshot.png")
        take(browser, address, scheme="dark", strategy="compare", path=FOLDER / "screenshot-dark.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
