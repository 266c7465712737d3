"""A page as a browser lays it out: what is wider than its place."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1400, 1100, 800)
# What is cut says so in the page's title: the page itself, and each part that scrolls sideways.
SCRIPT = """<script>
for (const details of document.querySelectorAll("details")) details.open = true;
const parts = document.querySelectorAll("html, .scroll, .card, .panel, .row div, .entities");
const wide = Array.from(parts, (part) =>
  part.scrollWidth <= part.clientWidth + 1 ? "" :
    `${part.scrollWidth} of ${part.clientWidth}: ${part.textContent.trim().slice(0, 60)}`);
document.title = "CUT:" + wide.filter(Boolean).join("; ");
</script>"""


def lack(why: str) -> NoReturn:
    """Skip a test that a browser is needed for; in CI, which installs one, it fails."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def cut_parts(page: Path, width: int, folder: Path) -> str:
    """What of a page is not seen in a window of a width, in pixels. Skips where there is no browser."""
    if BROWSER is None:
        lack("needs Chromium, to lay a page out")
    copy = folder / f"{page.stem}_{width}.html"
    copy.write_text(page.read_text(encoding="utf8").replace("</body>", f"{SCRIPT}</body>"), encoding="utf8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    command = [BROWSER, *options, f"--window-size={width},1000", "--dump-dom", copy.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = re.search(r"<title>CUT:(.*?)</title>", done.stdout, re.DOTALL)
    assert found, done.stdout[:500]
    return found[1]
