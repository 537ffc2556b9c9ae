"""Archives of the `cognee` profile in a real cognee: what it keeps, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.reader import open_archive
from cogx.codec.lines import canonical_line
from cogx.format.identity import node_id
from cogx.transform.id_map import IdMap, Mapped
from cogx.transform.portable import Portable

from . import fidelity, foreign
from .comparison import Record, graph_keys
from .conftest import Cogx, Home
from .session import PeerFault, PeerSession
from .survival import Graph, Survival, values_of

Show = Callable[[PeerSession, str], list[Record]]
NODE_KINDS = ("entity", "raw_node")
KEPT_OF_FACTS = (
    "fact_text",
    "valid_at",
    "invalid_at",
    "confidence",
    "external_system",
    "predicate",
)


class Archived:
    """The records of an archive file: a RecordSource."""

    def __init__(self, path: Path, system: str) -> None:
        self.path, self.system = path, system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        with open_archive(self.path) as archive:
            for block in archive.iter_blocks(*kinds):
                if block.records:
                    yield block.kind, block.records


@dataclass(frozen=True)
class There:
    """One cognee with five datasets, each imported from another archive.

    ``plain`` and ``told`` from the foreign archive as it is (but for its raw nodes) and in the
    profile; ``theirs``, ``portable`` and ``ours`` from the sample graph, as cognee exported it
    and as cogx did in either profile.
    ``refusal`` is what cognee says of the foreign archive as it is.
    """

    place: Path
    answers: dict[str, Record]
    graphs: dict[str, list[Record]]
    refusal: str

    def read(self, dataset: str, cogx: Cogx) -> Path:
        """Export a dataset with cogx, once."""
        archive = self.place / f"{dataset}-again.cogx.tar.gz"
        if not archive.exists():
            cogx("export", f"cognee:{dataset}?root={self.place / 'home' / 'system'}", archive)
        return archive


@pytest.fixture(scope="session")
def there(
    cognee_python: Path,
    cogx: Cogx,
    home: Home,
    graph_of: Show,
    tmp_path_factory: pytest.TempPathFactory,
) -> There:
    place = tmp_path_factory.mktemp("profile")
    made = {name: place / f"{name}.cogx.tar.gz" for name in ("plain", "told", "portable", "ours")}
    answers, graphs = {}, {"sample": home.graph}
    foreign.write(place / "foreign.cogx.tar.gz")
    foreign.write(made["plain"], raw_nodes=False)
    cogx("import", place / "foreign.cogx.tar.gz", f"ladybug:{place / 'graph'}")
    ids = place / "ids.jsonl"
    cogx("export", f"ladybug:{place / 'graph'}", made["told"], "--profile", "cognee",
         "--id-map", ids)  # fmt: skip
    cogx("export", home.uri("sample"), made["portable"])
    cogx("export", home.uri("sample"), made["ours"], "--profile", "cognee")
    made["theirs"] = home.theirs.archive
    with PeerSession(cognee_python, place / "home") as session:
        for name, archive in made.items():
            # Vectors are written where they are new: for nodes that cognee has no class for.
            quick = () if name == "told" else ("--graph-only",)
            answers[name] = session.run("import", archive, "--dataset", name, *quick)
            graphs[name] = graph_of(session, name)
        with pytest.raises(PeerFault) as refusal:
            session.run("import", place / "foreign.cogx.tar.gz", "--dataset", "refused",
                        "--graph-only")  # fmt: skip
    return There(place, answers, graphs, str(refusal.value))


@pytest.fixture(scope="session")
def given(there: There) -> list[Any]:
    return _records(Archived(there.place / "foreign.cogx.tar.gz", "mem0"))


@pytest.fixture(scope="session")
def again(there: There, cogx: Cogx) -> Iterator[Portable]:
    with Portable(Archived(there.read("told", cogx), "cognee"), system="mem0") as portable:
        yield portable


def _records(source: Any, *kinds: str) -> list[Any]:
    return [record for _, batch in source.iter_batches(*kinds) for record in batch]


def test_without_the_profile_cognee_refuses_the_archive(there: There) -> None:
    assert "valid UUID" in there.refusal


def test_cognee_takes_every_record_of_the_profile(there: There) -> None:
    for name in ("told", "ours"):
        answer = there.answers[name]
        assert (answer["status"], answer["skipped_facts"]) == ("completed", 0)
        assert "entity" not in answer["record_counts"]


def test_cognee_restores_the_portable_profile_too(there: There) -> None:
    answer = there.answers["portable"]
    assert (answer["status"], answer["skipped_facts"]) == ("completed", 0)
    assert graph_keys(there.graphs["portable"]) == graph_keys(there.graphs["sample"])


def test_every_entity_and_raw_node_comes_back_as_it_was(given: list[Any], again: Portable) -> None:
    expected = {canonical_line(record) for record in given if record.kind in NODE_KINDS}
    assert {canonical_line(record) for record in _records(again, *NODE_KINDS)} == expected


def test_facts_come_back_with_what_cognee_keeps_of_them(given: list[Any], again: Portable) -> None:
    facts = {record.external_id: record for record in given if record.kind == "fact"}
    found = {fact.external_id: fact for fact in _records(again, "fact")}
    keys = [(f.subject_ref, f.predicate, f.object_ref) for f in facts.values()]
    assert len(set(keys)) == len(keys) == len(found)
    for identity, fact in found.items():
        expected = facts[identity]
        for name in KEPT_OF_FACTS:
            assert getattr(fact, name) == getattr(expected, name), (identity, name)
        for name in ("subject_ref", "object_ref"):
            said = getattr(expected, name)
            assert getattr(fact, name) == ("person 3" if said == "PERSON Nº 3" else said)


def test_the_id_map_alone_gives_the_ids_back(there: There, cogx: Cogx) -> None:
    """For what came out of cognee by its own export, which loses the text `cogx`."""
    source = Archived(there.read("told", cogx), "cognee")
    with IdMap.inverse(there.place / "ids.jsonl") as id_map:
        ids = {record.external_id for record in _records(Mapped(source, id_map), *NODE_KINDS)}
        ends = {fact.subject_ref for fact in _records(Mapped(source, id_map), "fact")}
    assert {f"person {number}" for number in range(foreign.PEOPLE)} <= ids
    assert "person 1" in ends


def test_the_vectors_of_such_entities_are_there(there: There) -> None:
    """An entity that cognee has no class for is found by its name like any other."""
    answer = there.answers["told"]
    assert answer["graph_nodes"] > foreign.PEOPLE
    assert [*(there.place / "home").rglob("Entity_name.lance")]


def test_of_cognees_own_graph_more_survives_than_by_its_own_export(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts values of the sample graph after an export and an import into another dataset."""
    survival = Survival()
    ways = {name: there.graphs[name] for name in ("theirs", "ours")}
    survival.add_graph(there.graphs["sample"], ways)
    table = survival.table({"theirs": "cognee's own way", "ours": "cogx, profile cognee"})
    fidelity.tell("own", table, capsys)
    for sort in survival.sorts():
        assert survival.totals(sort, "ours")[1] >= survival.totals(sort, "theirs")[1], sort
    assert survival.lost("entities", "ours") == []


def test_of_another_systems_archive_more_survives_than_without_the_profile(
    there: There, given: list[Any], again: Portable, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts values of the foreign archive in cognee's graph, and after the way back."""
    graphs = {name: Graph.of(there.graphs[name]) for name in ("plain", "told")}
    returned = {(r.kind, r.external_id): dict(values_of(r)) for r in _records(again)}
    survival = Survival()
    sorts = {"entity": "entities", "raw_node": "raw nodes", "fact": "facts"}
    for record in given:
        node = node_id("mem0", record.external_id)
        came_back = returned.get((record.kind, record.external_id), {})
        for name, value in values_of(record):
            kept = {way: graph.has(record, name, value, node) for way, graph in graphs.items()}
            kept["again"] = name in came_back and _text(came_back[name]) == _text(value)
            survival.add(sorts[record.kind], name, kept)
    ways = {"plain": "as it is", "told": "profile cognee", "again": "and given back"}
    fidelity.tell("foreign", survival.table(ways), capsys)
    for sort in survival.sorts():
        assert survival.totals(sort, "told")[1] >= survival.totals(sort, "plain")[1]
    assert survival.lost("entities", "again") == survival.lost("raw nodes", "again") == []
    assert survival.lost("facts", "again") == ["created_at", "metadata", "provenance", "scope"]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
