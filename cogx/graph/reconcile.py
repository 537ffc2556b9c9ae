"""Knows what becomes of a node or edge that is in the store already; asks no store.

Records are compared and united by their canonical JSON, kind by kind: a node may stand for
several records. Source: docs/import.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cogx.codec.canonical import encode
from cogx.codec.lines import canonical_line
from cogx.codec.strict import record_of_line
from cogx.errors import IdentityConflict
from cogx.format.records import MODEL_OF_KIND
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp
from cogx.graph.mapping import (
    attach_twin,
    edge_of,
    facts_of,
    is_stub,
    node_of,
    records_of,
    with_labels,
)
from cogx.graph.stubs import is_marked_stub
from cogx.ports import Edge, Node

POLICIES: Final = ("merge", "skip", "replace", "fail")
_OBJECTS: Final = frozenset({"attributes", "metadata", "scope"})
_LISTS: Final = frozenset({"aliases", "categories", "provenance"})


class Action(StrEnum):
    """What was done with a record."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    UPDATED = "updated"
    SKIPPED = "skipped"


@dataclass(slots=True)
class Outcome:
    """What becomes of one record: its lines before and after, and which values gave way.

    ``before`` is None for a record that is new. ``came`` is how often it came in, ``copies`` how
    often it stands there now, ``copies_before`` how often it did.
    """

    kind: str
    id: str
    action: Action
    after: bytes
    before: bytes | None = None
    came: int = 1
    copies: int = 1
    copies_before: int = 1
    overwritten: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Held:
    """A record as it stands on a node or edge."""

    line: bytes
    record: Any
    copies: int = 1


def created(row: Node | Edge, system: str) -> list[Outcome]:
    """Return the outcomes of a node or edge that was not there."""
    return [
        Outcome(kind, row.id, Action.CREATED, held.line, came=held.copies, copies=held.copies)
        for kind, held in _held(row, system).items()
    ]


def reconcile_nodes(
    old: Node, new: Node, policy: str, system: str
) -> tuple[Node | None, list[Outcome]]:
    """Return the node to write, None if the old one stays as it is, and each record's outcome.

    A node that only holds a place (a stub) gives way to any, and takes nothing from one.

    Raises:
        IdentityConflict: the records differ and the policy is ``fail``.
    """
    if is_stub(new):
        return None, []
    if is_stub(old):
        return new, created(new, system)
    theirs = _held(old, system)
    outcomes = [
        _outcome(kind, new.id, theirs.get(kind), held, policy)
        for kind, held in _held(new, system).items()
    ]
    if not _changes(outcomes):
        return None, outcomes
    made = _united(theirs, outcomes)
    (kind, first), *others = made.items()
    node = node_of(kind, first.record, system, tagged=True)
    if first.copies > 1:
        node.rest = (node.rest or {}) | {"copies": first.copies}
    for kind, held in others:
        for _ in range(held.copies):
            attach_twin(node, kind, held.record, system)
    return with_labels(node, old), outcomes


def reconcile_edges(
    old: Edge, new: Edge, policy: str, system: str
) -> tuple[Edge | None, list[Outcome]]:
    """Return the edge to write, None if the old one stays, and the outcome; as for nodes.

    An end that one of them found by its name is the end of both: the other one's is a stub.
    """
    theirs, ours = _held(old, system)["fact"], _held(new, system)["fact"]
    outcome = _outcome("fact", new.id, theirs, ours, policy)
    ends = _ends((old, theirs.record), (new, ours.record))
    record = theirs.record
    if outcome.action is Action.UNCHANGED:
        stays = (ends[record.subject_ref], ends[record.object_ref]) == (old.source, old.target)
    else:
        stays = outcome.action is Action.SKIPPED
        record = record_of_line("fact", outcome.after)
    if stays:
        return None, [outcome]
    source, target = ends[record.subject_ref], ends[record.object_ref]
    edge = edge_of(record, source, target, system, tagged=True)
    if outcome.copies > 1:
        edge.rest = (edge.rest or {}) | {"copies": outcome.copies}
    return edge, [outcome]


def _ends(*edges: tuple[Edge, Any]) -> dict[str, str]:
    """Return the nodes that the references of some edges' facts mean."""
    found: dict[str, str] = {}
    for edge, fact in edges:
        pairs = ((fact.subject_ref, edge.source), (fact.object_ref, edge.target))
        for reference, node in pairs:
            if node != reference or reference not in found:
                found[reference] = node
    return found


def _held(row: Node | Edge, system: str) -> dict[str, _Held]:
    records: Iterable[tuple[str, Any]] = (
        records_of(row, system)
        if isinstance(row, Node)
        else (("fact", fact) for fact in facts_of(row, system))
    )
    held: dict[str, _Held] = {}
    for kind, record in records:
        if kind in held:
            held[kind].copies += 1
        else:
            held[kind] = _Held(canonical_line(record), record)
    return held


def _changes(outcomes: list[Outcome]) -> bool:
    return any(outcome.action not in (Action.UNCHANGED, Action.SKIPPED) for outcome in outcomes)


def _outcome(kind: str, identity: str, old: _Held | None, new: _Held, policy: str) -> Outcome:
    if old is None:
        return Outcome(kind, identity, Action.CREATED, new.line, came=new.copies, copies=new.copies)
    made = Outcome(
        kind, identity, Action.UNCHANGED, old.line, old.line, new.copies, old.copies, old.copies
    )
    if old.line == new.line and old.copies >= new.copies:
        return made
    if is_marked_stub(kind, new.record):
        made.action = Action.SKIPPED
    elif is_marked_stub(kind, old.record):
        made.action, made.after, made.copies = Action.UPDATED, new.line, new.copies
    elif policy == "fail":
        raise IdentityConflict(
            f"The {kind} {identity!r:.80} is in the store with another content, and "
            "--on-conflict fail was given. Nothing was written. `merge`, `skip` and `replace` "
            "go on.",
            kind=kind,
            id=identity,
            fields=sorted(dict(differences(old.line, new.line))),
        )
    elif policy == "skip":
        made.action = Action.SKIPPED
    elif policy == "replace":
        made.action, made.after, made.copies = Action.UPDATED, new.line, new.copies
    else:
        after, overwritten = _merged(kind, json.loads(old.line), json.loads(new.line))
        made.after, made.overwritten = encode(after), overwritten
        made.copies = max(old.copies, new.copies)
        if made.after != old.line or made.copies != old.copies:
            made.action = Action.MERGED
    return made


def _united(old: dict[str, _Held], outcomes: list[Outcome]) -> dict[str, _Held]:
    """Return every record that stands there afterwards, the one that made the node first."""
    united = dict(old)
    for outcome in outcomes:
        record = record_of_line(outcome.kind, outcome.after)
        united[outcome.kind] = _Held(outcome.after, record, outcome.copies)
    return united


def _merged(
    kind: str, old: dict[str, Any], new: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return two records as one, and the paths of the values of either that gave way.

    What only one side has is kept, and null says nothing against a value. Where both differ, the
    record with the later updated_at speaks, without times the new one; lists of texts are
    united; created_at is the earlier.
    """
    first, last = (new, old) if _is_older(new, old) else (old, new)
    known: Container[str] = MODEL_OF_KIND[kind].model_fields if kind in MODEL_OF_KIND else ()
    overwritten: list[str] = []
    merged = _over(first, last)
    for name in first.keys() & last.keys():
        one, two = first[name], last[name]
        if name in _OBJECTS and name in known:
            merged[name] = _over(one, two)
            gone = (key for key in one.keys() & two.keys() if _gives_way(one[key], two[key]))
            overwritten += (f"{name}.{key}" for key in gone)
        elif name in _LISTS and name in known:
            merged[name] = _list_union(old[name], new[name])
        elif name == "created_at" and name in known:
            merged[name] = min(one, two, key=_instant)
        elif name != "updated_at" and _gives_way(one, two):
            overwritten.append(name)
    return merged, sorted(overwritten)


def _is_older(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether a record says that it is older."""
    mine, theirs = one.get("updated_at"), other.get("updated_at")
    if not isinstance(mine, str) or not isinstance(theirs, str):
        return False
    try:
        return _instant(mine) < _instant(theirs)
    except UnreadableTimestamp:
        return False  # in a raw node anything may stand under that name


def _instant(text: str) -> datetime:
    return parse_timestamp(text)[0]


def _list_union(old: list[str], new: list[str]) -> list[str]:
    """Return a list with what another one has beyond it, as often as it has it."""
    left = Counter(old)
    united = list(old)
    for text in new:
        if left[text]:
            left[text] -= 1
        else:
            united.append(text)
    return united


def _over(first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Return an object laid over another one; a null covers no value."""
    return first | {
        key: value for key, value in last.items() if value is not None or first.get(key) is None
    }


def _gives_way(one: Any, other: Any) -> bool:
    """Tell whether a value is lost where another one speaks."""
    return one is not None and other is not None and encode(one) != encode(other)


def differences(old: bytes, new: bytes) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield (path, (old, new)) for every value that differs between two canonical lines."""
    yield from differing(json.loads(old), json.loads(new))


_ABSENT: Final = object()


def differing(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield (path, (old, new)) for every value that differs between two JSON values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inside = f"{path}.{key}" if path else key
            yield from differing(old.get(key, _ABSENT), new.get(key, _ABSENT), inside)
    elif old is _ABSENT or new is _ABSENT or encode(old) != encode(new):
        yield path, (None if old is _ABSENT else old, None if new is _ABSENT else new)
