"""Knows how a source's predicates and scopes are renamed on the way; ids are never touched.

The id of a fact stays even where it is made of the predicate: ids are opaque.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cogx.errors import BadSetting
from cogx.format.records import SCOPE_KEYS
from cogx.ports import RecordSource

SCOPELESS: Final = "no-scope"


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """One change of one part of a scope.

    ``old`` None: where the part is absent; ``new`` None: the part is taken away. Not both.
    """

    key: str
    old: str | None
    new: str | None


class Renamed:
    """A source's records with other predicates and scopes; the rest is as it was.

    Changes go by what a record had before any of them: ``a=b`` and ``b=a`` swap. Raw nodes have
    no scope and stay without one.

    Cost: one pass each time, memory for one batch.
    """

    def __init__(
        self,
        source: RecordSource,
        predicates: Mapping[str, str] | None = None,
        scopes: Sequence[ScopeChange] = (),
    ) -> None:
        self.system = source.system
        self._source = source
        self._predicates = dict(predicates or {})
        self._scopes: dict[str, dict[str | None, str | None]] = {}
        for change in scopes:
            self._scopes.setdefault(change.key, {})[change.old] = change.new
        self._rules: dict[tuple[str, str | None], str] = {
            ("predicate", old): f"{_escaped(old, '=')}={_escaped(new, '=')}"
            for old, new in self._predicates.items()
        }
        self._rules |= {(c.key, c.old): _scope_text(c) for c in scopes}
        self._changed: dict[str, Counter[str]] = {}

    @property
    def changed(self) -> Counter[str]:
        """How many records each rule changed, in the kinds that were gone through to their end.

        Rules as they are written: ``works_at=employed_by``, ``user_id=x:y``. ``no-scope`` counts
        raw nodes that a scope could not be set for.
        """
        return sum(self._changed.values(), Counter())

    @property
    def unused(self) -> list[str]:
        """The rules that changed nothing; known when all kinds were gone through."""
        changed = self.changed
        return [rule for rule in self._rules.values() if not changed[rule]]

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the source's batches, renamed in place; see :class:`RecordSource`."""
        counts: dict[str, Counter[str]] = {}
        for kind, records in self._source.iter_batches(*kinds):
            count = counts.setdefault(kind, Counter())
            if kind == "fact" and self._predicates:
                self._rename_predicates(records, count)
            if self._scopes:
                self._change_scopes(kind, records, count)
            yield kind, records
        self._changed |= counts

    def _rename_predicates(self, facts: Sequence[Any], count: Counter[str]) -> None:
        names, rules = self._predicates, self._rules
        for fact in facts:
            old = fact.predicate
            if old in names:
                fact.predicate = names[old]
                count[rules["predicate", old]] += 1

    def _change_scopes(self, kind: str, records: Sequence[Any], count: Counter[str]) -> None:
        for key, changes in self._scopes.items():
            if kind == "raw_node":
                count[SCOPELESS] += len(records) if None in changes else 0
                continue
            for record in records:
                old = record.scope.get(key)
                if old in changes:
                    record.scope = _with(record.scope, key, changes[old])
                    count[self._rules[key, old]] += 1


def parse_predicates(texts: Sequence[str]) -> dict[str, str]:
    r"""Read rules OLD=NEW; a predicate's own ``=`` or ``\`` is written ``\=`` or ``\\``.

    Raises:
        BadSetting: no rule, a rule without effect, or two rules for one predicate.
    """
    found: dict[str, str] = {}
    for text in texts:
        parts = _split(text, "=")
        if parts is None or not all(parts):
            raise BadSetting(
                f"--map-predicate {text!r} is not OLD=NEW. Example: --map-predicate "
                r"works_at=employed_by. Write an equals sign of a predicate's own as \=.",
                rule=text,
            )
        old, new = parts
        _check_new("--map-predicate", text, old, new, known=old in found)
        found[old] = new
    return found


def parse_scopes(texts: Sequence[str]) -> list[ScopeChange]:
    r"""Read rules KEY=OLD:NEW, KEY=:NEW (set where absent), KEY=OLD: (take away).

    A value's own ``:`` or ``\`` is written ``\:`` or ``\\``.

    Raises:
        BadSetting: no rule, an unknown key, a rule without effect, or two rules for one value.
    """
    found: dict[tuple[str, str | None], ScopeChange] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        parts = _split(values, ":")
        if not equals or key not in SCOPE_KEYS or parts is None or not any(parts):
            raise BadSetting(
                f"--remap-scope {text!r} is not KEY=OLD:NEW. Keys: {', '.join(SCOPE_KEYS)}. "
                "Examples: user_id=ann:bob, user_id=:bob (set where absent), user_id=ann: (take "
                r"away). Write a colon of a value's own as \:.",
                rule=text,
                known=SCOPE_KEYS,
            )
        change = ScopeChange(key, parts[0] or None, parts[1] or None)
        known = (key, change.old) in found
        _check_new("--remap-scope", text, change.old, change.new, known=known)
        found[key, change.old] = change
    return list(found.values())


def _check_new(option: str, text: str, old: str | None, new: str | None, *, known: bool) -> None:
    if old == new:
        raise BadSetting(f"{option} {text!r} changes nothing: both sides are equal.", rule=text)
    if known:
        what = "records without it" if old is None else repr(old)
        raise BadSetting(f"{option} {text!r}: there is a rule for {what} already.", rule=text)


def _split(text: str, mark: str) -> tuple[str, str] | None:
    r"""Return the texts on both sides of the one mark that stands behind no ``\``."""
    places = list(_marks(text, mark))
    if len(places) != 1:
        return None
    escaped = re.compile(rf"\\([\\{mark}])")
    left, right = text[: places[0]], text[places[0] + 1 :]
    return escaped.sub(r"\1", left), escaped.sub(r"\1", right)


def _marks(text: str, mark: str) -> Iterator[int]:
    skip = False
    for at, letter in enumerate(text):
        if not skip and letter == mark:
            yield at
        skip = not skip and letter == "\\"


def _scope_text(change: ScopeChange) -> str:
    old, new = (_escaped(part or "", ":") for part in (change.old, change.new))
    return f"{change.key}={old}:{new}"


def _escaped(text: str, mark: str) -> str:
    return text.replace("\\", "\\\\").replace(mark, f"\\{mark}")


def _with(scope: Mapping[str, Any], key: str, value: str | None) -> dict[str, Any]:
    changed = {name: kept for name, kept in scope.items() if name != key}
    return changed if value is None else {**changed, key: value}
