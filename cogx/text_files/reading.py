"""Knows how a file becomes text: its form is told, its bytes bounded, its characters decoded."""

from __future__ import annotations

import codecs
from pathlib import Path, PurePath
from typing import Final

from msgspec import Struct

from cogx.errors import BadSetting
from cogx.text_files.forms import media_type_of

MOST_BYTES: Final = 64 << 20
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileText(Struct, frozen=True):
    """The text of a file. ``title`` is what the file calls itself, else its name."""

    text: str
    title: str
    mime_type: str


def text_of_file(
    path: str | Path, name: str | None = None, mime: str | None = None, *, most: int = MOST_BYTES
) -> FileText:
    """Return the text of a file: txt, md, json, jsonl, csv, tsv, html or pdf.

    Headings of HTML come as those of Markdown, and rows of its tables with `` | `` between the
    cells; all else comes as it is.

    Args:
        path: where it lies.
        name: what it is called, if that is not the name at the path.
        mime: the media type that whoever sent it says it has.
        most: the most bytes it may have, and the most characters its text may have.

    Raises:
        BadSetting: it cannot be read, is too long, has another form, is damaged, or needs a
            password.
        MissingExtra: the library for its form is not installed.
    Cost: the file in memory; of a PDF about ten times its size.
    """
    name = name or PurePath(path).name
    content = _bytes_of(path, name, most)
    form = media_type_of(name, content[:8], mime)
    title: str | None = None
    if form == "application/pdf":
        from cogx.text_files.pdf import pdf_text  # noqa: PLC0415 - few files are one

        text, title = pdf_text(content, name, most)
    elif form == "text/html":
        from cogx.text_files.html import html_text  # noqa: PLC0415

        text, title = html_text(content, name)
    else:
        text = _decoded(content, name)
    return FileText(text.replace("\r\n", "\n"), title or PurePath(name).stem, form)


def _bytes_of(path: str | Path, name: str, most: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BadSetting(f"{name}: cannot be read: {error.strerror}.") from error
    if len(content) > most:
        raise BadSetting(f"{name}: is longer than {most:,} bytes. Cut it in parts.")
    return content


def _decoded(content: bytes, name: str) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadSetting(
            f"{name}: is no text in UTF-8 (byte {error.start:,}). Convert it, for example with "
            "iconv -f LATIN1 -t UTF-8; of other forms, give it the ending of its form."
        ) from error
    if "\0" in text:
        raise BadSetting(f"{name}: holds bytes of zero, so it is no text.")
    return text
