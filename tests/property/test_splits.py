"""Laws of splitting: the parts are archives, lose nothing, and make up the whole in any order."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.archive.reader import open_archive
from cogx.archive.validate import validate
from cogx.engine.import_ import import_archive
from cogx.engine.split import SplitResult, split
from cogx.errors import BadSetting
from cogx.format.records import AnyRecord, Document, Entity, Fact
from cogx.graph.mapping import is_stub
from cogx.stores.networkx_graph import NetworkxReader
from cogx.testing.strategies import archives
from tests.property.sameness import Members, written
from tests.property.test_imports import held

Records = list[AnyRecord]
_IDS = st.sampled_from("abcd")
_ENTITIES = st.builds(Entity, external_id=_IDS, name=_IDS)
_DOCUMENTS = st.builds(Document, external_id=_IDS, content=st.just("x"))
_FACTS = st.builds(
    Fact,
    external_id=st.sampled_from("cdefgh"),
    subject_ref=_IDS,
    predicate=st.just("p"),
    object_ref=_IDS,
)


@st.composite
def tangled(draw: st.DrawFn) -> Records:
    """Draw an archive in which ids of things, of facts and names are taken for each other."""
    made: Records = []
    for kind, least in ((_ENTITIES, 1), (_DOCUMENTS, 0), (_FACTS, 3)):
        made += draw(st.lists(kind, min_size=least, max_size=6, unique_by=_identity))
    return made + made[len(made) - draw(st.integers(0, 2)) :]


def _identity(record: AnyRecord) -> str:
    return record.external_id


@contextmanager
def finely_split(members: Members) -> Iterator[SplitResult]:
    """Give the parts of an archive, as small as they can be."""
    with tempfile.TemporaryDirectory() as directory:
        most = 64
        while True:
            with suppress(BadSetting):
                yield split(members, Path(directory, "x"), max_member=most, compression="tar")
                return
            most *= 2


def lines(archive: Any) -> Counter[tuple[str, bytes]]:
    with open_archive(archive) as opened:
        return Counter((one.kind, line) for one in opened.iter_blocks() for line in one.lines)


def shape(graph: Any) -> tuple[set[str], set[tuple[str, str, str]]]:
    """Return what is in a graph: its nodes, with the stubs among them, and its edges' ends."""
    reader = NetworkxReader(graph)
    nodes = {f"{node.id}{' (stub)' if is_stub(node) else ''}" for node in reader.iter_nodes()}
    return nodes, {(edge.id, edge.source, edge.target) for edge in reader.iter_edges()}


@settings(max_examples=10)
@given(archives().filter(bool))
def test_every_part_is_valid_and_says_of_what_it_is_one(records: Records) -> None:
    members = written(records)
    whole = validate(members).fingerprint.hex()
    with finely_split(members) as result:
        for number, part in enumerate(result.parts, 1):
            found = validate(part.path)
            assert found.valid and found.manifest is not None and found.manifest.cogx is not None
            said = found.manifest.cogx.part
            assert said is not None
            assert (said.number, said.of) == (number, len(result.parts))
            assert said.fingerprint.model_dump() == whole


@settings(max_examples=20)
@given(archives().filter(bool) | tangled())
def test_parts_hold_every_record_as_often_as_the_whole(records: Records) -> None:
    members = written(records)
    with finely_split(members) as result:
        united: Counter[tuple[str, bytes]] = Counter()
        for part in result.parts:
            united |= lines(part.path)
        assert united == lines(members)


@settings(max_examples=50)
@given(archives().filter(bool) | tangled(), st.randoms(use_true_random=False))
def test_importing_all_parts_in_any_order_is_importing_the_whole(
    records: Records, random: Random
) -> None:
    members = written(records)
    whole, made = nx.MultiDiGraph(), nx.MultiDiGraph()
    import_archive(members, whole)
    with finely_split(members) as result:
        random.shuffle(result.parts)
        for part in result.parts:
            import_archive(part.path, made)
    assert held(made) == held(whole) == validate(members).fingerprint
    assert shape(made) == shape(whole)
