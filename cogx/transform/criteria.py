"""Knows what may be asked of records and how a person writes it down; looks at no record.

Terms of one key are alternatives; all keys that are given must hold. How each key is met by
each kind is said at :class:`Criteria`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cogx.errors import BadSetting
from cogx.format.layout import KINDS
from cogx.format.records import SCOPE_KEYS
from cogx.format.timestamps import UnreadableTimestamp, format_timestamp, parse_timestamp

_SCOPES: Final = tuple(f"scope.{key}" for key in SCOPE_KEYS)
KEYS: Final = ("kind", "type", "predicate", "ids", "since", "until", "system", *_SCOPES)
"""What may stand before the ``=`` of a term."""

_NAMED_IDS: Final = 5


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a record must be to be selected. An empty part asks nothing.

    Each key is asked of each record:

    =============  ===============================  ==========================================
    key            met by a fact                    met by any other record
    =============  ===============================  ==========================================
    kinds          of such a kind                   of such a kind
    types          if one of its ends is of it      by entity_type or a raw node's type;
                                                    content records have none
    predicates     by its predicate                 if a fact that meets all keys joins it
    ids            by its id or that of an end      by its id
    since, until   by updated_at, else created_at   likewise; in a raw node by the properties
                                                    of that name
    systems        by external_system               likewise; a raw node is of the source's own
    scope          by its scope                     likewise; raw nodes have none
    as_of          if it holds then                 always
    =============  ===============================  ==========================================

    Where a fact or a joined record is looked at for another one's sake, ``kinds`` is not asked:
    ``kind=entity predicate=works_at`` selects who works, without the facts.

    Times: ``since`` is the first instant selected, ``until`` the first that is not. A fact holds
    at ``as_of`` if valid_at is absent or not after it and invalid_at is absent or after it.

    Cost: about 100 bytes for each id.
    """

    kinds: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    predicates: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    systems: frozenset[str] = frozenset()
    scope: Mapping[str, frozenset[str]] = field(default_factory=dict)
    as_of: datetime | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is asked."""
        return self.asks_nodes() or self.as_of is not None

    def asks_nodes(self) -> bool:
        """Tell whether records other than facts may be left out."""
        texts = self.kinds or self.types or self.predicates or self.ids or self.systems
        return bool(texts or self.scope or self.since or self.until)

    def wants(self, kind: str) -> bool:
        """Tell whether records of a kind can be selected at all."""
        return not self.kinds or kind in self.kinds

    def describe(self) -> str:
        """Return in words what is selected, for the manifest's ``selection``."""
        return "; ".join(self._words()) or "everything"

    def terms(self) -> Iterator[tuple[str, str]]:
        """Yield (key, value) for every text that a record can have."""
        parts = {"kind": self.kinds, "type": self.types, "predicate": self.predicates}
        parts |= {"ids": self.ids, "system": self.systems}
        parts |= {f"scope.{key}": values for key, values in self.scope.items()}
        for key, values in parts.items():
            yield from ((key, value) for value in sorted(values))

    def _words(self) -> Iterator[str]:
        named = {"kind": self.kinds, "type": self.types, "predicate": self.predicates}
        named |= {"system": self.systems}
        named |= {f"scope.{key}": values for key, values in self.scope.items()}
        for key, values in named.items():
            if values:
                yield f"{key} {' or '.join(sorted(values))}"
        if self.ids:
            few = len(self.ids) <= _NAMED_IDS
            yield f"id {' or '.join(sorted(self.ids))}" if few else f"one of {len(self.ids):,} ids"
        if self.since:
            yield f"changed at or after {format_timestamp(self.since)}"
        if self.until:
            yield f"changed before {format_timestamp(self.until)}"
        if self.as_of:
            yield f"facts that held at {format_timestamp(self.as_of)}"


def parse_criteria(only: Sequence[str], as_of: str | None = None) -> Criteria:
    """Read terms like ``type=Person`` and the time at which facts must hold.

    Args:
        only: terms KEY=VALUE. ``ids`` takes ids with commas between them, or ``@FILE`` with one
            id a line (UTF-8). ``since`` and ``until`` may be given once each.
        as_of: a time as in records; without a zone it is UTC.

    Raises:
        BadSetting: an unknown key, a time that no rule reads, an id file that cannot be read; the
            text names the known keys and shows an example.
    """
    texts: dict[str, set[str]] = {}
    times: dict[str, datetime] = {}
    for term in only:
        key, equals, value = term.partition("=")
        if not equals or key not in KEYS or not value:
            raise _not_a_term(term, key if equals else None)
        if key in {"since", "until"}:
            if key in times:
                raise BadSetting(f"--only {term}: {key} can be given once.", key=key)
            times[key] = _time(f"--only {term}", value)
        else:
            texts.setdefault(key, set()).update(_values(key, value))
    moment = None if as_of is None else _time(f"--as-of {as_of}", as_of)
    _check_window(times)
    part = {key: frozenset(values) for key, values in texts.items()}
    return Criteria(
        kinds=part.get("kind", frozenset()),
        types=part.get("type", frozenset()),
        predicates=part.get("predicate", frozenset()),
        ids=part.get("ids", frozenset()),
        since=times.get("since"),
        until=times.get("until"),
        systems=part.get("system", frozenset()),
        scope={key.removeprefix("scope."): part[key] for key in _SCOPES if key in part},
        as_of=moment,
    )


def _values(key: str, value: str) -> list[str]:
    if key == "kind" and value not in KINDS:
        hint = " Give each term an --only of its own." if "," in value else ""
        raise BadSetting(
            f"--only kind={value}: there is no such kind. Known: {', '.join(sorted(KINDS))}.{hint}",
            kind=value,
        )
    if key != "ids":
        return [value]
    listed = _ids_in(value[1:]) if value.startswith("@") else value.split(",")
    ids = [text for text in listed if text]
    if not ids:
        raise BadSetting(f"--only ids={value} names no id.")
    return ids


def _ids_in(path: str) -> Iterator[str]:
    """Yield the lines of a file: at LF only, since an id may hold any other character."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                yield line.removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"--only ids=@{path}: the file cannot be read ({error}). "
            "It should hold one id a line, in UTF-8.",
            path=path,
        ) from error


def _time(where: str, text: str) -> datetime:
    try:
        return parse_timestamp(text)[0]
    except UnreadableTimestamp as error:
        raise BadSetting(
            f"{where}: {text!r} is no time. Example: 2024-05-01 or 2024-05-01T09:30:00Z.",
            time=text,
        ) from error


def _check_window(times: Mapping[str, datetime]) -> None:
    if len(times) == 2 and times["since"] >= times["until"]:
        raise BadSetting(
            "--only since=... is not before until=..., so no record can be selected: "
            "until is the first time that is left out."
        )


def _not_a_term(term: str, key: str | None) -> BadSetting:
    if key is None:
        fault = "is not KEY=VALUE"
    elif key not in KEYS:
        fault = f"has an unknown key {key!r}"
    else:
        fault = "has no value"
    return BadSetting(
        f"--only {term!r} {fault}. Known keys: {', '.join(KEYS)}. "
        "Example: --only type=Person --only since=2024-05-01.",
        term=term,
        known=KEYS,
    )
