"""Knows how an HTML page reads as text: headings, lists and tables keep their form."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, Final

from cogx.errors import BadSetting, MissingExtra

_UNSEEN: Final = frozenset(
    {"script", "style", "template", "noscript", "head", "svg", "iframe", "object"}
)
_PARAGRAPHS: Final = frozenset(
    {"p", "div", "section", "article", "blockquote", "pre", "ul", "ol", "dl", "table", "figure"}
    | {"header", "footer", "main", "nav", "aside", "form", "fieldset", "address", "hr"}
)
_LINES: Final = frozenset({"br", "li", "tr", "dt", "dd", "caption", "figcaption", "option"})
_CELLS: Final = frozenset({"td", "th"})
_HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}

# Breaks are marked with control characters, since line ends of the source are only spaces.
_LINE: Final = "\x1e"
_PARAGRAPH: Final = "\x1d"
_MARKS: Final = str.maketrans({_LINE: " ", _PARAGRAPH: " "})
_SPACES: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_ENDS: Final = re.compile(rf" ?([{_LINE}{_PARAGRAPH}]) ?")
_BREAKS: Final = re.compile(f"[{_LINE}{_PARAGRAPH}]+")


def html_text(content: bytes, name: str) -> tuple[str, str | None]:
    """Return (text, title) of a page; what a reader does not see is left out.

    Raises:
        MissingExtra: beautifulsoup4 is not installed.
        BadSetting: its declarations cannot be read.
    """
    try:
        from bs4 import BeautifulSoup, UnicodeDammit  # noqa: PLC0415
        from bs4.exceptions import ParserRejectedMarkup  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("documents", "Reading HTML files") from error
    # It tells of characters it cannot decode in its log, which goes to stderr if nobody listens.
    logging.getLogger("bs4").addHandler(logging.NullHandler())
    markup = UnicodeDammit(content, is_html=True).unicode_markup or ""
    try:
        # It warns of markup that might be XML, or a file's name; neither is meant here.
        page = BeautifulSoup(markup.replace("<?xml", "<?x") + "\n", "html.parser")
    except ParserRejectedMarkup as error:
        raise BadSetting(f"{name}: is no HTML that can be read. Save it anew.") from error
    title = " ".join(page.title.get_text().split()) if page.title else ""
    text = _ENDS.sub(r"\1", _SPACES.sub(" ", "".join(_pieces(page))))
    return _BREAKS.sub(_break, text).strip() + "\n", title or None


def _pieces(page: Any) -> Iterator[str]:
    """Yield the texts of a page and the marks between them; a page may be nested at any depth."""
    from bs4.element import NavigableString, PreformattedString  # noqa: PLC0415

    waiting: list[tuple[Any, bool]] = [(page, False)]
    is_first_cell = True
    while waiting:
        node, is_exact = waiting.pop()
        if isinstance(node, NavigableString):
            if not isinstance(node, PreformattedString):  # a comment, a declaration
                text = node.translate(_MARKS)
                yield text.replace("\n", _LINE) if is_exact else text
        elif isinstance(node, str):
            yield node
        elif node.name not in _UNSEEN:
            name = node.name
            if name in _CELLS:
                yield "" if is_first_cell else " | "
            is_first_cell = name == "tr" or (is_first_cell and name not in _CELLS)
            before, after = _marks(name)
            yield before
            waiting.append((after, False))
            is_exact = is_exact or name == "pre"
            waiting.extend((child, is_exact) for child in reversed(node.contents))


def _marks(name: str) -> tuple[str, str]:
    """Return what stands before and after an element's text."""
    if name in _HEADINGS:
        return _PARAGRAPH + _HEADINGS[name], _PARAGRAPH
    if name in _PARAGRAPHS:
        return _PARAGRAPH, _PARAGRAPH
    return (_LINE, "") if name in _LINES else ("", "")


def _break(match: re.Match[str]) -> str:
    return "\n\n" if _PARAGRAPH in match[0] else "\n"
