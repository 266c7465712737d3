"""A review page in a real browser, driven by keys as a person would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.browsing import BROWSER, lack

WHY = "needs Chromium and the package playwright (pip install 'spacy-distill[browser]')"


@contextmanager
def open_page(path: Path, profile: Path, width: int = 1100) -> "Iterator[Reviewer]":
    """Open a page in a browser that keeps its storage in a folder. Skips where there is none, but not in CI.

    The page must ask for nothing from elsewhere, and raise no error.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if sync_playwright is None or BROWSER is None:
        lack(WHY)
    with sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            profile,
            executable_path=BROWSER,
            args=["--no-sandbox"],
            viewport={"width": width, "height": 900},
            accept_downloads=True,
        )
        try:
            page = browser.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: problems.append(message.text))
            page.on(
                "request",
                lambda asked: asked.url.startswith(("file:", "blob:")) or problems.append(asked.url),
            )
            page.goto(path.as_uri())
            yield Reviewer(page)
            assert problems == []
        finally:
            browser.close()


class Reviewer:
    """A person before the page."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def strike(self, *keys: tuple[str, str], repeat: bool = False) -> None:
        """Strike keys of any keyboard: what each writes, and where it is on a US one."""
        for key, code in keys:
            self.page.evaluate(
                "said => document.body.dispatchEvent(new KeyboardEvent('keydown', said))",
                {"key": key, "code": code, "repeat": repeat, "bubbles": True, "cancelable": True},
            )

    def selected(self) -> list[int]:
        """The numbers of the words that are selected."""
        places = self.page.locator("#text .selected").all()
        return [int(place.get_attribute("data-place")) for place in places]

    def select(self, first: int, last: int) -> None:
        """Drag from one word to another."""
        boxes = [self.page.locator(f'[data-place="{i}"]').first.bounding_box() for i in (first, last)]
        (x, y), (to_x, to_y) = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(to_x, to_y, steps=4)
        self.page.mouse.up()

    def shown(self) -> list[tuple[str, str]]:
        """The items of the document that is shown, with their labels."""
        marks = self.page.locator("#text mark").all()
        return [
            (mark.inner_text()[: -len(label)].strip(), label)
            for mark in marks
            for label in [mark.locator("i").inner_text()]
        ]

    def text(self, part: str) -> str:
        """What a part of the page says, by its id."""
        return self.page.locator(f"#{part}").inner_text()

    def download(self, to: Path) -> Path:
        """Save what is done, by the key for it."""
        with self.page.expect_download() as saved:
            self.press("Control+s")
        saved.value.save_as(to)
        return to
