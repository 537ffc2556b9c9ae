"""Knows how a push that is too large for its server goes in parts, and which of them are there.

A part that the server confirmed is remembered for a day, so that a push that broke off goes on
with the next one. Importing a part again would do no harm, it only takes long.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cogx.codec.canonical import encode
from cogx.engine.parcel import Parcel, parcel_of
from cogx.engine.split import split
from cogx.errors import CogxError, LimitExceeded, OutputError, UnknownName
from cogx.progress import Progress
from cogx.remote.dataset import find_dataset
from cogx.remote.imported import Imported
from cogx.remote.probe import Abilities
from cogx.remote.server import Server
from cogx.remote.state import state_directory

_NO_BOUND: Final = 1 << 62
_REMEMBERED_S: Final = 24 * 3600
_ROOM: Final = 0.9
"""Of the upload that a server takes: parts are not all packed equally well."""


def too_large(parcel: Parcel, abilities: Abilities) -> tuple[str, int, int] | None:
    """Return the limit of a server that a parcel passes, with what was found and what it takes."""
    for name, found, most in (
        ("max_upload_bytes", parcel.size_bytes, abilities.max_upload_bytes),
        ("max_member_bytes", parcel.largest_member, abilities.max_member_bytes),
        ("max_total_bytes", parcel.total, abilities.max_total_bytes),
    ):
        if most is not None and found > most:
            return name, found, most
    return None


def refusal(server: Server, limit: tuple[str, int, int]) -> LimitExceeded:
    """Return how a server's limit is told."""
    name, found, most = limit
    error = LimitExceeded(name, most, "bytes")
    error.args = (
        f"{server.url} takes no archive of {found:,} bytes ({name} is {most:,}); nothing was "
        "sent. Push it in parts with --split, or raise the server's limit.",
    )
    return error


def in_parts(
    parcel: Parcel, abilities: Abilities, directory: Path, progress: Progress
) -> list[Parcel]:
    """Split a parcel so that the server takes every part.

    Raises:
        BadSetting: records that must stand together are over its limits.
    Cost: as :func:`cogx.engine.split.split`; again if parts come out too large for the upload.
    """
    most_member = abilities.max_member_bytes or _NO_BOUND
    most_total = abilities.max_total_bytes or _NO_BOUND
    most_upload = abilities.max_upload_bytes or _NO_BOUND
    if parcel.size_bytes > most_upload:
        share = most_upload / parcel.size_bytes * _ROOM
        most_total = min(most_total, int(parcel.total * share))
    while True:
        prefix = directory / parcel.path.name.removesuffix(".cogx.tar.gz")
        made = split(
            parcel.path,
            prefix,
            max_member=min(most_member, most_total),
            max_total=most_total,
            progress=progress,
        )
        if all(part.size_bytes <= most_upload for part in made.parts):
            return [parcel_of(Path(part.path)) for part in made.parts]
        for part in made.parts:
            Path(part.path).unlink()
        most_total //= 2


def send_parts(
    parts: Sequence[Parcel], send: Callable[[Parcel], Imported], confirmed: Confirmed
) -> list[int]:
    """Send parts one after the other, but for those that are there; return their numbers.

    Raises:
        CogxError: as ``send``; the text says which parts are there.
    """
    before = confirmed.among(parts)
    for number, part in enumerate(parts, 1):
        if number in before:
            continue
        try:
            done = send(part)
        except CogxError as error:
            there = ", ".join(map(str, sorted(confirmed.among(parts)))) or "none"
            error.args = (
                f"{error} This was part {number} of {len(parts)}; parts that are there: {there}. "
                f"The same command goes on with part {number}.",
            )
            error.context |= {"part": number, "parts": len(parts)}
            raise
        if done.finished:
            confirmed.add(part)
    confirmed.forget(unless_missing=parts)
    return sorted(before)


class Confirmed:
    """The parts of one push that its server has confirmed, as they are remembered on disk.

    A dataset that is not there holds none of them, whatever was remembered.
    """

    def __init__(self, server: Server, dataset: str, mode: str, parts: Sequence[Parcel]) -> None:
        asked = [server.url, dataset, mode, [part.fingerprint for part in parts]]
        name = hashlib.sha256(encode({"push": asked})).hexdigest()
        self._path = state_directory().with_name("push") / f"{name}.json"
        self._known = self._remembered()
        if self._known and not _is_there(server, dataset):
            self._known = []

    def among(self, parts: Sequence[Parcel]) -> set[int]:
        """Return the numbers of the parts that are there, from 1."""
        return {n for n, part in enumerate(parts, 1) if part.fingerprint in self._known}

    def add(self, part: Parcel) -> None:
        """Remember a part.

        Raises:
            OutputError: it cannot be written down.
        """
        self._known.append(part.fingerprint)
        try:
            self._path.parent.mkdir(0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            with os.fdopen(handle, "w") as file:
                json.dump(self._known, file)
            Path(name).replace(self._path)
        except OSError as error:
            raise OutputError(f"{self._path}: {error.strerror}.") from error

    def forget(self, *, unless_missing: Sequence[Parcel]) -> None:
        """Remember nothing more of a push whose parts are all there."""
        if len(self.among(unless_missing)) == len(unless_missing):
            self._path.unlink(missing_ok=True)

    def _remembered(self) -> list[str]:
        for path in self._path.parent.glob("*.json"):
            if time.time() - path.stat().st_mtime > _REMEMBERED_S:
                path.unlink(missing_ok=True)
        try:
            told = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def _is_there(server: Server, dataset: str) -> bool:
    try:
        find_dataset(server, dataset)
    except UnknownName:
        return False
    return True
