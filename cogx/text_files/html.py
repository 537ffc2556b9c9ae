"""Knows how an HTML page reads as text: headings, lists and tables keep their form."""

from __future__ import annotations

import re
from typing import Any, Final

from cogx.errors import MissingExtra

_UNSEEN: Final = ["script", "style", "template", "noscript", "head", "svg", "iframe", "object"]
_PARAGRAPHS: Final = [
    "p", "div", "section", "article", "blockquote", "pre", "ul", "ol", "dl", "table", "figure",
    "header", "footer", "main", "nav", "aside", "form", "fieldset", "address", "hr",
]  # fmt: skip
_LINES: Final = ["br", "li", "tr", "dt", "dd", "caption", "figcaption", "option"]
_HEADINGS: Final = ["h1", "h2", "h3", "h4", "h5", "h6"]

# Breaks are marked with control characters, since line ends of the source are only spaces.
_LINE: Final = "\x1e"
_PARAGRAPH: Final = "\x1d"
_SPACES: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_ENDS: Final = re.compile(rf" *([{_LINE}{_PARAGRAPH}]) *")
_BREAKS: Final = re.compile(rf"[{_LINE}{_PARAGRAPH}]*{_PARAGRAPH}[{_LINE}{_PARAGRAPH}]*")
_MARKS: Final = re.compile(f"[{_LINE}{_PARAGRAPH}]")


def html_text(content: bytes) -> tuple[str, str | None]:
    """Return (text, title) of a page; what a reader does not see is left out.

    Raises:
        MissingExtra: beautifulsoup4 is not installed.
    """
    try:
        from bs4 import BeautifulSoup  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("documents", "Reading HTML files") from error
    page = BeautifulSoup(content, "html.parser")
    title = " ".join(page.title.get_text().split()) if page.title else ""
    for unseen in page.find_all(_UNSEEN):
        unseen.decompose()
    _mark(page)
    return _laid_out(page.get_text()), title or None


def _mark(page: Any) -> None:
    """Put marks where the page breaks its lines."""
    for text in page.find_all(string=_MARKS):
        text.replace_with(_MARKS.sub(" ", text))
    for block in page.find_all("pre"):
        for text in block.find_all(string=re.compile("\n")):
            text.replace_with(text.replace("\n", _LINE))
    for tag in page.find_all([*_PARAGRAPHS, *_LINES, *_HEADINGS, "td", "th"]):
        before = after = _PARAGRAPH
        if tag.name in _LINES:
            before, after = _LINE, ""
        elif tag.name in _HEADINGS:
            before += "#" * int(tag.name[1]) + " "
        elif tag.name in {"td", "th"}:
            first = tag.find_previous(["td", "th", "tr"])
            before, after = "" if first is None or first.name == "tr" else " | ", ""
        tag.insert_before(before)
        tag.insert_after(after)


def _laid_out(text: str) -> str:
    text = _ENDS.sub(r"\1", _SPACES.sub(" ", text))
    text = _BREAKS.sub("\n\n", text)
    return re.sub(f"{_LINE}+", "\n", text).strip() + "\n"
