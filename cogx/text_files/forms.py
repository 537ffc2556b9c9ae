"""Knows which form a file has, by its media type, its name or its first bytes; reads no text."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from cogx.errors import BadSetting

_TYPES: Final = {
    "text/plain": (".txt", ".text", ".log"),
    "text/markdown": (".md", ".markdown"),
    "application/json": (".json",),
    "application/x-ndjson": (".jsonl", ".ndjson"),
    "text/csv": (".csv",),
    "text/tab-separated-values": (".tsv",),
    "text/html": (".html", ".htm", ".xhtml"),
    "application/pdf": (".pdf",),
}
_ALIASES: Final = {
    "text/x-markdown": "text/markdown",
    "text/json": "application/json",
    "application/jsonl": "application/x-ndjson",
    "application/jsonlines": "application/x-ndjson",
    "application/csv": "text/csv",
    "application/xhtml+xml": "text/html",
    "application/x-pdf": "application/pdf",
}
_OF_ENDING: Final = {ending: form for form, endings in _TYPES.items() for ending in endings}
_VAGUE: Final = frozenset({"", "text/plain", "application/octet-stream"})
"""Media types that clients send for want of a better one: the name says more."""

ENDINGS: Final = tuple(_OF_ENDING)
PDF_MAGIC: Final = b"%PDF-"


def media_type_of(name: str, start: bytes, told: str | None = None) -> str:
    """Return the media type of a file, one of those that can be read.

    Args:
        name: its name, which need not be where it lies.
        start: its first bytes.
        told: the media type that whoever sent it says it has.

    Raises:
        BadSetting: it has another form.
    """
    if start.startswith(PDF_MAGIC):
        return "application/pdf"
    given = (told or "").partition(";")[0].strip().lower()
    given = _ALIASES.get(given, given)
    ending = PurePath(name).suffix.lower()
    if given in _VAGUE:
        if ending in _OF_ENDING:
            return _OF_ENDING[ending]
        if not ending or given == "text/plain":
            return "text/plain"
    elif given in _TYPES:
        return given
    shown = told if given not in _VAGUE else ending
    raise BadSetting(
        f"{name}: files of the form {shown} cannot be read. Known: {', '.join(ENDINGS)}."
    )
