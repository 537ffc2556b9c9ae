"""Knows how the text of a PDF is read, page after page; pictures of text stay unread."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any, Final

from cogx.errors import BadSetting, MissingExtra

MOST_PAGES: Final = 10_000


def pdf_text(content: bytes, name: str, most: int) -> tuple[str, str | None]:
    """Return (text, title) of a PDF, its pages a blank line apart.

    Args:
        most: the most characters its text may have.

    Raises:
        MissingExtra: pypdf is not installed.
        BadSetting: it is damaged, encrypted, too long, or holds no text.
    """
    try:
        import pypdf  # noqa: PLC0415
        from pypdf.errors import PyPdfError  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("documents", "Reading PDF files") from error
    # It tells of every oddity in its log, which would go to stderr if nobody listens.
    logging.getLogger("pypdf").addHandler(logging.NullHandler())
    try:
        reader = pypdf.PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadSetting(f"{name}: needs a password. Save it without one.")
        text = _pages(reader, name, most)
        told = reader.metadata.title if reader.metadata else None
    except (PyPdfError, *_FAULTS) as error:
        raise BadSetting(f"{name}: is a damaged PDF: {error}. Save it anew.") from error
    if not text.strip():
        raise BadSetting(
            f"{name}: holds no text. If its pages are pictures, have their text recognised first."
        )
    return text, " ".join(told.split()) if isinstance(told, str) else None


_FAULTS: Final = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What pypdf raises on files that lie about their structure."""


def _pages(reader: Any, name: str, most: int) -> str:
    if len(reader.pages) > MOST_PAGES:
        raise BadSetting(f"{name}: has more than {MOST_PAGES:,} pages. Cut it in parts.")
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        text = page.extract_text().strip()
        length += len(text)
        if length > most:
            raise BadSetting(f"{name}: its text passes {most:,} characters. Cut it in parts.")
        if text:
            pages.append(text)
    return "\n\n".join(pages) + "\n"
