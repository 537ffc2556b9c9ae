"""Laws of import and export: an archive goes into a graph and comes out as it was."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogx.archive.validate import validate
from cogx.codec.typed import to_json
from cogx.engine.export import export_graph
from cogx.engine.holdings import holdings_of
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.format.manifest import Manifest
from cogx.format.records import AnyRecord
from cogx.ports import Edge, Node
from cogx.testing.memory_graph import MemoryGraph
from cogx.testing.strategies import archives, manifests
from tests.property.sameness import Members, same, written

Records = list[AnyRecord]


def imported(members: Members, **how: Any) -> MemoryGraph:
    graph = MemoryGraph()
    import_archive(members, graph, allow_empty=True, **how)
    return graph


def exported(graph: MemoryGraph) -> Members:
    members: Members = {}
    export_graph(graph, members, allow_empty=True)
    return members


@given(archives(), manifests())
def test_an_archive_comes_out_of_a_graph_with_its_fingerprint(
    records: Records, manifest: Manifest
) -> None:
    members = written(records, manifest=manifest)
    back = validate(exported(imported(members)))
    assert back.fingerprint == validate(members).fingerprint


@given(archives(typed=False), manifests())
def test_an_archive_without_our_key_does_so_too(records: Records, manifest: Manifest) -> None:
    members = written(records, manifest=manifest, plain=True)
    back = validate(exported(imported(members)))
    assert back.fingerprint == validate(members).fingerprint


@given(archives())
def test_what_is_exported_is_valid(records: Records) -> None:
    found = validate(exported(imported(written(records))))
    assert found.valid, [str(problem) for problem in found.problems]


@given(archives())
def test_the_store_s_fingerprint_is_that_of_its_export(records: Records) -> None:
    graph = imported(written(records))
    assert holdings_of(graph).sums == validate(exported(graph)).fingerprint


@given(archives())
def test_two_imports_of_one_archive_are_equal(records: Records) -> None:
    members = written(records)
    one, other = imported(members), imported(members)
    assert list(map(_plain, one.iter_nodes())) == list(map(_plain, other.iter_nodes()))
    assert list(map(_plain, one.iter_edges())) == list(map(_plain, other.iter_edges()))


@given(archives())
def test_exporting_twice_gives_the_same_bytes(records: Records) -> None:
    members = exported(imported(written(records)))
    again = exported(imported(members))
    for name in members.keys() - {"manifest.json"}:
        assert members[name] == again[name]


@given(manifests())
def test_the_manifest_comes_back(manifest: Manifest) -> None:
    graph = imported(written([], manifest=manifest))
    members = exported(graph)
    plain = json.loads(members["manifest.json"])
    before = manifest.to_json()
    for name in before.keys() - {"exported_at", "counts"}:
        assert same(plain[name] or None, before[name] or None), name


@given(archives(), archives())
def test_verify_says_equal_only_for_equal_records(first: Records, second: Records) -> None:
    graph = imported(written(first))
    other = written(second)
    alike = validate(written(first)).fingerprint == validate(other).fingerprint
    assert verify(other, graph).equal == alike


@given(archives(), st.data())
def test_verify_names_the_one_record_that_is_gone(records: Records, data: st.DataObject) -> None:
    unique = [r for r in records if records.count(r) == 1]
    if not unique:
        return
    gone = data.draw(st.sampled_from(unique))
    graph = imported(written([r for r in records if r is not gone]))
    comparison = verify(written(records), graph)
    named = [(d.what, d.kind, d.id) for d in comparison.differences]
    assert named == [("only in archive", gone.kind, gone.external_id)]


def _plain(item: Node | Edge) -> str:
    plain = {name: getattr(item, name) for name in item.__struct_fields__}
    plain["properties"] = to_json(plain["properties"])
    return json.dumps(to_json(plain), sort_keys=True)
