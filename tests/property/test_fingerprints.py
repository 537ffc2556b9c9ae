"""Laws of the fingerprint: it sees every change of a record, and nothing but records."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogx.archive.validate import validate
from cogx.codec.fingerprint import FingerprintSums
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.format.records import AnyRecord, Entity, RawNode
from cogx.testing.memory_graph import MemoryGraph
from cogx.testing.strategies import any_records, archives, values
from tests.property.sameness import same, written

Records = list[AnyRecord]


def fingerprint(records: Records, **how: Any) -> FingerprintSums:
    return validate(written(records, **how)).fingerprint


@given(archives(), st.randoms(use_true_random=False))
def test_order_is_nothing(records: Records, random: Any) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)
    assert fingerprint(shuffled) == fingerprint(records)


@given(archives())
def test_parts_add_up(records: Records) -> None:
    half = len(records) // 2
    one, other = fingerprint(records[:half]), fingerprint(records[half:])
    modulus = 1 << 256
    whole = FingerprintSums(
        (one.graph + other.graph) % modulus, (one.content + other.content) % modulus
    )
    assert fingerprint(records) == whole


@given(any_records())
def test_every_repeat_counts(record: AnyRecord) -> None:
    assert fingerprint([record]) != fingerprint([record, record])


@given(archives(typed=False))
def test_our_key_is_nothing(records: Records) -> None:
    assert fingerprint(records, plain=True) == fingerprint(records)


@given(values(), values(), st.sampled_from(("entity", "raw_node")))
def test_it_differs_exactly_if_a_property_does(one: Any, other: Any, kind: str) -> None:
    def record(value: Any) -> AnyRecord:
        if kind == "raw_node":
            return RawNode(properties={"id": "a", "p": value})
        return Entity(external_id="a", name="a", attributes={"p": value})

    assert (fingerprint([record(one)]) == fingerprint([record(other)])) == same(one, other)


@given(archives(), st.sampled_from(("entity", "raw_node")), values())
def test_verify_names_the_one_property_that_changed(
    records: Records, kind: str, value: Any
) -> None:
    made = (
        RawNode(properties={"id": "target"})
        if kind == "raw_node"
        else Entity(external_id="target", name="T", attributes={"old": 1})
    )
    whole = [*(r for r in records if r.external_id != "target"), made]
    graph = MemoryGraph()
    import_archive(written(whole), graph)
    graph.nodes["target"].properties["new"] = value
    (difference,) = verify(written(whole), graph).differences
    assert (difference.what, difference.kind, difference.id) == ("changed", kind, "target")
    place = "new" if kind == "raw_node" else "attributes.new"
    assert [path for path in difference.fields if path != place] == []


@given(any_records())
def test_the_manifest_says_it_in_hex(record: AnyRecord) -> None:
    said = json.loads(written([record])["manifest.json"])["cogx"]["fingerprint"]
    assert fingerprint([record]).hex() == said
