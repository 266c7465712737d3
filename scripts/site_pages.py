"""A hook of mkdocs: the pages of the site that do not lie in docs/, with their links as the site has them."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# Page of the site → file of the repository.
PAGES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "sample.md": "assets/README.md",
}
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for page, name in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf8")
        files.append(File.generated(config, page, content=_linked(text, ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links from docs/ to a page outside of it lead to that page of the site."""
    file = files.get_file_from_path(page.file.src_uri)
    return _linked(markdown, Path(file.abs_src_path)) if file and file.abs_src_path else markdown


def _linked(text: str, source: Path) -> str:
    places = {(ROOT / name).resolve(): page for page, name in PAGES.items()}

    def lead(found: re.Match[str]) -> str:
        place = (source.parent / found[2]).resolve()
        docs = ROOT / "docs"
        inside = place.relative_to(docs).as_posix() if place.is_relative_to(docs) else found[2]
        return found[1] + places.get(place, inside)

    return LINK.sub(lead, text)
