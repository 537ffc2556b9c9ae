"""Knows which passages were derived before, and asks the deriver for the others only.

A result is found again by what it depends on: the deriver, its version and ``cache_key``, and
the words of the passage. Not by where they stand: what a result says of its own record and
passage is put in anew for whoever asks, so that a text that moved costs nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from cogx.codec.canonical import encode
from cogx.derive.around import Around, Result
from cogx.derive.cache import Entry, ResultCache
from cogx.derive.record_lines import fields_of, records_of_lines
from cogx.errors import BadSetting, BudgetSpent, RemoteError
from cogx.ports import Deriver, Passage, Underived

_AHEAD: Final = 1000
"""Cached passages that may wait behind one that is being derived."""
_BEGINS: Final = 100
KEPT: Final = "What was answered so far is kept: the same again goes on from there."
"""Stands with an error that ends a run."""
_OF_ITS_PLACE: Final = ("external_id", "provenance")


class Cached(Around):
    """A deriver around a deriver that has a ``cache_key``; it keeps its results.

    ``report`` counts ``passages_cached`` beside what the deriver counts. A result that cannot be
    kept (the disk is full) is no reason to lose it: ``not_cached`` counts those. One that cannot
    be read is made anew.
    """

    def __init__(self, deriver: Deriver, cache: ResultCache) -> None:
        super().__init__(deriver)
        self._cache = cache
        self._lanes = int(getattr(deriver, "concurrency", 1))

    def is_cached(self, passage: Passage) -> bool:
        """Tell whether a passage was derived before."""
        return self._cache.holds(self._key(passage))

    def seconds_for(self, calls: int) -> float | None:
        """Return how long so many calls will take, None if none was made before."""
        origin = getattr(self._deriver, "origin", {})
        each = self._cache.seconds_of(self.name, self.version, origin)
        return None if each is None else each * calls / self._lanes

    def derive(self, passages: Iterable[Passage]) -> Iterator[Result]:
        """Yield each passage with its records, old ones as new ones.

        Cost: a lookup of about 30 microseconds a passage, and a write of some milliseconds for
        each that is new; up to a thousand passages in memory.
        """
        rest = iter(passages)
        for passage in rest:
            known = self._known(passage)
            if known is not None:
                yield passage, known
            else:
                yield from self._some(passage, rest)

    def close(self) -> None:
        """Let the cache go. May be called twice."""
        self._cache.close()

    def _some(self, first: Passage, rest: Iterator[Passage]) -> Iterator[Result]:
        """Yield what becomes of a passage that is not known, and of those that the deriver reads.

        Where many that are known follow each other, the deriver comes to an end.
        """
        waiting: deque[tuple[Passage, Sequence[Any] | None]] = deque()

        asked, since = 1, time.monotonic()

        def unknown() -> Iterator[Passage]:
            nonlocal asked
            waiting.append((first, None))
            yield first
            for passage in rest:
                records = self._known(passage)
                waiting.append((passage, records))
                if records is None:
                    asked += 1
                    yield passage
                elif len(waiting) > _AHEAD:
                    return

        for passage, records in self._telling(self._deriver.derive(unknown())):
            yield from _known_before(passage, waiting)
            took = (time.monotonic() - since) * min(asked, self._lanes)
            if not isinstance(records, Underived):
                self._keep(passage, records, took)
            yield passage, records
            since = time.monotonic()
        yield from _known_before(None, waiting)

    def _telling(self, results: Iterator[Result]) -> Iterator[Result]:
        """Yield results; an error that ends them says that those before it are not lost."""
        try:
            yield from results
        except (BudgetSpent, RemoteError) as error:
            if not self._counts["not_cached"]:
                error.add_note(KEPT)
            raise

    def _key(self, passage: Passage) -> str:
        parts = [self.name, self.version, self._deriver.cache_key]  # type: ignore[attr-defined]
        parts += [passage.record[0], passage.text, passage.before]
        return hashlib.sha256(encode(parts)).hexdigest()

    def _known(self, passage: Passage) -> list[Any] | None:
        kept = self._cache.get(self._key(passage))
        if kept is None:
            return None
        try:
            records = [_placed(one, at, passage) for at, one in enumerate(_DECODER.decode(kept))]
        except (msgspec.MsgspecError, ValueError):
            return None
        self._counts["passages_cached"] += 1
        return records

    def _keep(self, passage: Passage, records: Sequence[Any], seconds: float) -> None:
        entry = Entry(
            key=self._key(passage),
            deriver=self.name,
            version=self.version,
            origin=getattr(self._deriver, "origin", {}),
            made_at=time.time(),
            seconds=seconds,
            begins=" ".join(passage.text[:_BEGINS].split()),
            result=msgspec.json.encode([_unplaced(record, passage) for record in records]),
        )
        try:
            self._cache.keep(entry)
        except BadSetting:
            self._counts["not_cached"] += 1


class _Kept(msgspec.Struct):
    """A record without its place; ``own`` names the fields that hold its content record."""

    fields: dict[str, Any]
    own: list[str]


_DECODER: Final = msgspec.json.Decoder(list[_Kept])


def _known_before(
    passage: Passage | None, waiting: deque[tuple[Passage, Sequence[Any] | None]]
) -> Iterator[tuple[Passage, Sequence[Any]]]:
    """Yield known passages up to one that was derived; those that were left out are dropped."""
    while waiting:
        other, records = waiting.popleft()
        if passage is not None and other.id == passage.id:
            return
        if records is not None:
            yield other, records


def _unplaced(record: Any, passage: Passage) -> _Kept:
    fields, here = fields_of(record), passage.record[1]
    for name in _OF_ITS_PLACE if record.kind == "fact" else ():
        fields.pop(name, None)
    own = [name for name in ("subject_ref", "object_ref") if fields.get(name) == here]
    for name in own:
        del fields[name]
    evidence = fields.get("metadata", {}).get("evidence", [])
    place = {"record": here, "passage": passage.at}
    if evidence and all(place.items() <= quote.items() for quote in evidence):
        own.append("evidence")
        for quote in evidence:
            for name in place:
                del quote[name]
    return _Kept(fields, own)


def _placed(kept: _Kept, at: int, passage: Passage) -> Any:
    fields, here = kept.fields, passage.record[1]
    if fields["kind"] == "fact":
        fields["external_id"] = f"{passage.id}#{at}"
    for name in kept.own:
        if name == "evidence":
            place = {"record": here, "passage": passage.at}
            quotes = fields["metadata"]["evidence"]
            fields["metadata"]["evidence"] = [place | quote for quote in quotes]
        else:
            fields[name] = here
    (record,) = records_of_lines(fields["kind"], [encode(fields)])
    return record
