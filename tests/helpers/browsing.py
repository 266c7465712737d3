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
# What is cut says so in the page's title: the page itself, each part that hides or scrolls what is wider, and
# each one that reaches over the window's edge. Cards out of sight are laid out too.
SCRIPT = """<style>* { content-visibility: visible !important; }</style><script>
for (const details of document.querySelectorAll("details")) details.open = true;
const edge = document.documentElement.clientWidth + 1;
const cut = (part) => {
  const inside = part.scrollWidth > part.clientWidth + 1;
  if (part === document.documentElement) return inside;
  const box = part.getBoundingClientRect();
  const clips = part.clientWidth && getComputedStyle(part).overflowX !== "visible" && !("value" in part);
  return (inside && clips) || (box.width && box.right > edge);
};
const wide = Array.from(document.querySelectorAll("html, body *")).filter(cut).map((part) =>
  `${part.tagName} ${part.scrollWidth} of ${part.clientWidth}: ${part.textContent.trim().slice(0, 60)}`);
document.title = "CUT:" + wide.join("; ");
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
