from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from cogx import hash_tables
from cogx.archive import references
from cogx.archive.references import LooseEnds, References
from cogx.format.layout import KINDS


def add(some: References, kind: str, *ids: str, content: str = "", first: int = 1) -> None:
    digests = [hashlib.sha256(f"{one}{content}".encode()).digest() for one in ids]
    some.add(kind, ids, digests, range(first, first + len(ids)))


def ends(some: References, *facts: tuple[str, str, list[str]]) -> None:
    made = [SimpleNamespace(subject_ref=a, object_ref=b, provenance=p) for a, b, p in facts]
    some.add_ends(made, range(1, len(made) + 1))


def judged(some: References) -> dict[str, Any]:
    loose, joins = some.loose_ends(), some.joins()
    return {
        "repeats": sorted(some.repeats()),
        "folded": sorted(some.folded_repeats()),
        "dangling": sorted(LooseEnds.read(loose.dangling)),
        "by name": sorted(LooseEnds.read(loose.by_name)),
        "facts": sorted(LooseEnds.read(loose.facts)),
        "twins": sorted(zip(joins.twins.tolist(), joins.owners.tolist(), strict=True)),
        "repeated": joins.repeated.tolist(),
    }


def fill(some: References) -> None:
    add(some, "raw_node", *(f"n{i}" for i in range(40)))
    add(some, "entity", *(f"n{i}" for i in range(30, 60)), "e\u0301", "\u00e9")
    add(some, "entity", "n31", content="other", first=100)
    add(some, "entity", "n32", first=101)
    add(some, "document", *(f"n{i}" for i in range(50, 55)))
    add(some, "fact", "f1", "f2")
    some.add_names(["Ann Lee", "Bob"])
    ends(some, *((f"n{i}", f"n{i + 30}", [f"n{i}", "gone", "f1"]) for i in range(40)))
    ends(some, ("ANN lee", "f1", []), ("bob", "nobody", ["Bob"]))


@pytest.fixture
def tiny() -> Iterator[None]:
    with patch.object(hash_tables, "HELD_ROWS", 3):
        yield


@pytest.mark.usefixtures("tiny")
def test_what_is_spilled_to_disk_is_judged_alike() -> None:
    spilled = References()
    fill(spilled)
    assert spilled._ids.spilled()
    with patch.object(hash_tables, "HELD_ROWS", 1 << 20):
        held = References()
        fill(held)
    assert not held._ids.spilled()
    assert judged(spilled) == judged(held)
    spilled.close()


def test_nothing_has_no_loose_end() -> None:
    assert judged(References()) == {
        "repeats": [], "folded": [], "dangling": [], "by name": [], "facts": [], "twins": [],
        "repeated": [],
    }  # fmt: skip


def test_a_repeat_knows_the_first_and_whether_it_is_equal() -> None:
    some = References()
    add(some, "entity", "a")
    add(some, "entity", "a", first=5)
    add(some, "entity", "a", content="other", first=9)
    assert list(some.repeats()) == [("entity", 5, 1, True), ("entity", 9, 1, False)]


def test_one_id_in_two_kinds_is_no_repeat() -> None:
    some = References()
    add(some, "entity", "a")
    add(some, "document", "a")
    assert list(some.repeats()) == []


def test_the_first_kind_of_the_layout_owns_a_twin() -> None:
    some = References()
    add(some, "document", "a", "b")
    add(some, "raw_node", "a")
    owners = some.joins().owner_of(["a", "b", "c"])
    assert owners.tolist() == [KINDS.index("raw_node"), -1, -1]


def test_a_fact_is_no_twin() -> None:
    some = References()
    add(some, "entity", "a")
    add(some, "fact", "a")
    assert len(some.joins().twins) == 0


@pytest.mark.parametrize("name", ["Ann Lee", "x" * 36, "X" * 36, "\u0130", "ann_lee"])
def test_a_name_of_any_length_answers(name: str) -> None:
    some = References()
    add(some, "entity", "a")
    some.add_names([name])
    ends(some, (name, "a", []))
    assert judged(some)["by name"] == [(1, "subject_ref")]


def test_a_name_is_no_provenance() -> None:
    some = References()
    add(some, "entity", "a")
    some.add_names(["Ann"])
    ends(some, ("a", "a", ["Ann", "ann"]))
    assert judged(some)["dangling"] == [(1, "provenance")]


def test_an_id_goes_before_a_name() -> None:
    some = References()
    add(some, "entity", "ann", "b")
    some.add_names(["Ann", "Ann"])
    ends(some, ("ann", "b", []))
    assert judged(some)["by name"] == []


def test_the_id_of_a_fact_answers_but_is_no_node() -> None:
    some = References()
    add(some, "entity", "a")
    add(some, "fact", "f")
    ends(some, ("a", "f", ["f"]))
    found = judged(some)
    assert (found["dangling"], found["facts"]) == ([], [(1, "object_ref")])


def test_ids_that_normalise_to_each_other_are_found() -> None:
    some = References()
    add(some, "entity", "a\u0323\u0307", "a\u0307\u0323")
    add(some, "document", "e\u0301", "\u00e9")
    assert len(list(some.folded_repeats())) == 2


def test_one_decomposed_id_in_two_kinds_is_one_id() -> None:
    some = References()
    add(some, "entity", "e\u0301")
    add(some, "document", "e\u0301")
    assert list(some.folded_repeats()) == []


def test_ends_are_found_between_two_lines() -> None:
    some = References()
    ends(some, ("x", "y", []), ("x", "y", []), ("x", "y", []))
    by_name, stubs = some.loose_ends().between(2, 2)
    assert (by_name, stubs) == (set(), {(2, "subject_ref"), (2, "object_ref")})


def test_memory_does_not_grow_with_ids() -> None:
    with patch.object(hash_tables, "HELD_ROWS", 1000):
        some = References()
        for start in range(0, 20_000, 500):
            add(some, "entity", *(f"e{i}" for i in range(start, start + 500)))
        assert sum(len(rows) for rows in some._ids._held) <= 1000
        assert sum(len(rows) for rows in some._ids.ranges()) == 20_000
        some.close()


def test_membership_of_nothing_is_false() -> None:
    nothing = np.empty(0, np.uint64)
    assert references.is_in(np.asarray([1], np.uint64), nothing).tolist() == [False]
