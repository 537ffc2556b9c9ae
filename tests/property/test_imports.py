"""Laws of importing into stores that hold a graph already."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.archive.validate import validate
from cogx.codec.fingerprint import FingerprintSums
from cogx.engine.holdings import holdings_of
from cogx.engine.import_ import import_archive
from cogx.engine.receipt import Receipt
from cogx.engine.uris import open_reader
from cogx.format.records import AnyRecord
from cogx.graph.datasets import reader_of
from cogx.stores.networkx_graph import NetworkxReader
from cogx.testing.strategies import archives
from tests.property.sameness import Members, written

Records = list[AnyRecord]
FILES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("json", id="json"),
    pytest.param("graphml", id="graphml"),
]
POLICIES = st.sampled_from(("merge", "skip", "replace"))


@contextmanager
def new_store(kind: str) -> Iterator[Any]:
    """Give a place for a store of a kind."""
    if kind == "networkx":
        yield nx.MultiDiGraph()
        return
    with tempfile.TemporaryDirectory() as directory:
        yield f"{kind}:{Path(directory, 'store')}"


def take(members: Members, store: Any, **how: Any) -> Receipt:
    receipt = import_archive(members, store, allow_empty=True, **how)
    assert receipt.verified or how.get("check") is False or not sum(receipt.counts.values())
    assert receipt.losses == {}
    return receipt


def held(store: Any, dataset: str | None = None) -> FingerprintSums:
    if not isinstance(store, str):
        return holdings_of(reader_of(NetworkxReader(store), dataset)).sums
    with closing(open_reader(store)) as reader:
        return holdings_of(reader_of(reader, dataset)).sums


def _imports_twice(kind: str, records: Records) -> None:
    members = written(records)
    with new_store(kind) as store:
        take(members, store)
        once = held(store)
        assert once == validate(members).fingerprint
        # Without a look beforehand every record is looked up, though all of them are there.
        again = take(members, store, check=False)
        assert again.changed_nothing or not records
        assert held(store) == once
        if records:
            assert take(members, store).changed_nothing


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=15)
@given(records=archives())
def test_importing_twice_is_importing_once(kind: str, records: Records) -> None:
    _imports_twice(kind, records)


@settings(max_examples=4)
@given(archives())
def test_importing_twice_is_importing_once_in_ladybug(records: Records) -> None:
    _imports_twice("ladybug", records)


@st.composite
def halves(draw: st.DrawFn) -> tuple[Records, Records, Records]:
    """Draw an archive and two parts of it that may overlap and make it up."""
    whole: Records = []
    for record in draw(archives()):
        if record not in whole:
            whole.append(record)
    places = [draw(st.integers(1, 3)) for _ in whole]
    parts = [
        [record for record, at in zip(whole, places, strict=True) if at & bit] for bit in (1, 2)
    ]
    return whole, parts[0], parts[1]


@pytest.mark.parametrize("kind", ["networkx", "sqlite"])
@settings(max_examples=15)
@given(parts=halves(), policy=POLICIES)
def test_what_does_not_conflict_may_come_in_any_order(
    kind: str, parts: tuple[Records, Records, Records], policy: str
) -> None:
    whole, one, other = map(written, parts)
    for order in ((one, other), (other, one)):
        with new_store(kind) as store:
            for members in order:
                take(members, store, on_conflict=policy)
            assert held(store) == validate(whole).fingerprint


@settings(max_examples=25)
@given(archives(), archives(), POLICIES)
def test_what_the_receipt_expects_is_what_the_store_holds(
    first: Records, second: Records, policy: str
) -> None:
    with new_store("networkx") as store:
        take(written(first), store)
        rehearsed = take(written(second), store, on_conflict=policy, dry_run=True, check=False)
        receipt = take(written(second), store, on_conflict=policy)
        assert receipt.fingerprint == held(store).hex()
        if second and first:
            assert rehearsed.fingerprint == receipt.fingerprint
            assert rehearsed.actions == receipt.actions


@settings(max_examples=25)
@given(archives(), archives(), POLICIES)
def test_an_archive_that_was_taken_in_changes_nothing_again(
    first: Records, second: Records, policy: str
) -> None:
    with new_store("networkx") as store:
        take(written(first), store)
        take(written(second), store, on_conflict=policy)
        before = held(store)
        take(written(second), store, on_conflict=policy)
        assert held(store) == before


@settings(max_examples=20)
@given(archives(), archives(), archives())
def test_datasets_of_one_store_know_nothing_of_each_other(
    first: Records, second: Records, third: Records
) -> None:
    with new_store("networkx") as store:
        take(written(first), store)
        take(written(second), store, into="two")
        take(written(third), store, into="three")
        assert held(store) == validate(written(first)).fingerprint
        if first:
            assert held(store, "two") == validate(written(second)).fingerprint
            assert held(store, "three") == validate(written(third)).fingerprint
