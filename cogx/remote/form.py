"""Knows how Python values stand in a multipart form; knows no field of any form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from cogx.errors import BadSetting

Piece = str | bytes | Path | BinaryIO
"""A text, bytes, a file by its path, or an open binary file."""


def form_text(value: Any) -> Any:
    """Return a field's value as text; a list gives the field once for each of its texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, list) else str(value)


def pieces(data: Any) -> list[Any]:
    """Return one piece or several as a list."""
    several = isinstance(data, Iterable) and not hasattr(data, "read")
    # Over a mapping one would walk too, and lose its values.
    single = isinstance(data, str | bytes | PurePath | Mapping)
    return list(data) if several and not single else [data]


def form_file(piece: Any, opened: ExitStack) -> tuple[str, Any, str | None]:
    """Return a piece as a file of the form: name without directories, content, type if known.

    A text gets the name that cognee gives it, so that the same text is the same item again.

    Args:
        opened: closes what was opened here.

    Raises:
        BadSetting: it is no piece, or the file cannot be opened; nothing was sent.
    """
    if isinstance(piece, str):
        try:
            data = piece.encode()
        except UnicodeEncodeError as error:
            raise BadSetting(
                "The text holds a half of a character (a lone surrogate), which UTF-8 cannot "
                "hold. Nothing was sent."
            ) from error
        return f"text_{_digest(data)}.txt", data, "text/plain"
    if isinstance(piece, bytes):
        return f"data_{_digest(piece)}.bin", piece, "application/octet-stream"
    if isinstance(piece, PurePath):
        try:
            return piece.name, opened.enter_context(Path(piece).open("rb")), None
        except OSError as error:
            raise BadSetting(f"{piece}: {error.strerror}. Nothing was sent.") from error
    if not hasattr(piece, "read") or isinstance(piece.read(0), str):
        raise BadSetting(
            f"A {type(piece).__name__} cannot be sent. Give a text, bytes, a Path or an open "
            "binary file; nothing was sent."
        )
    name = getattr(piece, "name", None)
    return PurePath(name).name if isinstance(name, str) else "upload", piece, None


def _digest(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
