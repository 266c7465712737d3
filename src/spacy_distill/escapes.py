"""Names from outside where a markup language is written: one function for each language.

Jinja escapes HTML and pages spell out control characters (`template_environment`), Rich is given `Text`, and
matplotlib reads no formulas (`FIGURE_TEXT`).
"""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

# Settings of matplotlib under which a "$" in a name is a "$".
FIGURE_TEXT: dict[Any, Any] = {"text.parse_math": False}

_SPECIAL = re.compile(r"[\\`*\[\]<>|&~$]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|(?<=WWW)\.|@(?=\w)")
# What makes a list, a heading or a line at the beginning of a text.
_BEGINNING = re.compile(r"^(?:[-+](?=\s|$|-)|#|\d+(?=[.)](?:\s|$)))")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
# Controls that are no white space, and what turns the direction of all that follows. Others that are not
# seen, such as joiners, are needed to write some scripts.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def terminal(text: str) -> str:
    """Text for a terminal or a log: control characters are spelled out, but for line breaks and tabs."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char)[0] != "C" else ascii(char)[1:-1] for char in text
    )


def one_line(text: str) -> str:
    """Text for a cell, a heading or a figure: on one line, control characters spelled out."""
    return terminal(" ".join(re.split(r"[\n\t\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", text)))


def visible(text: str) -> str:
    """Text for a page: control characters are spelled out, and those that turn the direction of writing."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def legend_name(name: str) -> str:
    """A name as a legend shows it: one that begins with "_" would be left out."""
    return f" {one_line(name)}" if name.startswith("_") else one_line(name)


def markdown(text: object) -> Markup:
    """Text within a line of Markdown: an image, a link, HTML or the end of a cell in it is shown as it is.

    RETURNS: what a template of Markdown takes as it is.
    """
    if isinstance(text, Markup):
        return text
    escaped = _SPECIAL.sub(r"\\\g<0>", one_line(str(text)))
    return Markup(_BEGINNING.sub(lambda found: _escaped_start(found[0]), escaped))


def _escaped_start(found: str) -> str:
    # The number of a list is escaped after its digits.
    return f"{found[:-1]}{found[-1]}\\" if found.isdigit() else f"\\{found}"


def markdown_code(text: object) -> Markup:
    """Text as code within a line of Markdown, whatever backticks it holds."""
    code = one_line(str(text)).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", code)), default=0) + 1)
    space = " " if code[:1] == "`" or code[-1:] == "`" else ""
    return Markup(f"{fence}{space}{code}{space}{fence}")


def csv_cell(value: object) -> object:
    """A value of a CSV file: text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def template_environment(folder: Path | Mapping[str, Path], *, html: bool, **how: Any) -> "Environment":
    """What fills in the templates of a folder; a name that a template does not get is an error.

    folder: the folder; or several, each by the name before the slash of its templates' names.
    html: whether what is filled in is escaped for HTML, and the page has no control characters.
    how: further settings of the environment.
    """
    from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, Template

    class Page(Template):
        def render(self, *args: Any, **kwargs: Any) -> str:
            return visible(super().render(*args, **kwargs))

    environment = Environment(
        loader=PrefixLoader({name: FileSystemLoader(place) for name, place in folder.items()})
        if isinstance(folder, Mapping)
        else FileSystemLoader(folder),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **how,
    )
    if html:
        environment.template_class = Page
        environment.filters["visible"] = visible
    return environment
