"""Schemas of graphs and texts, wherever they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.archive.writer import ArchiveWriter
from cogx.derive.chat.settings import ChatSettings
from cogx.engine.graph_sources import name_of
from cogx.engine.import_ import import_archive
from cogx.engine.schema_check import check_graph
from cogx.engine.schema_inference import infer_schema
from cogx.errors import BadSetting, EmptyGraph, RemoteError, UnknownName
from cogx.format.manifest import Manifest
from cogx.format.records import AnyRecord, Document, Entity, Fact, RawNode
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.rules import check_graph_schema
from cogx.testing.strategies import archives
from tests.unit.derive.chat.model_server import Answer, ModelServer

REAL = Path(__file__).parents[3] / "fixtures" / "archives" / "real-small.cogx.tar.gz"


def archive(*records: AnyRecord) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    with ArchiveWriter(members, manifest=Manifest(source_system="s")) as writer:
        for record in records:
            writer.write(record)
    return members


def entity(identity: str, kind: str | None = None, **attributes: Any) -> Entity:
    return Entity(
        external_id=identity, name=identity.title(), entity_type=kind, attributes=attributes
    )


def fact(subject: str, predicate: str, target: str) -> Fact:
    identity = f"{subject}:{predicate}:{target}"
    return Fact(external_id=identity, subject_ref=subject, predicate=predicate, object_ref=target)


def raw(identity: str, **properties: Any) -> RawNode:
    return RawNode(properties={"id": identity} | properties)


def relations(schema: GraphSchema) -> set[str]:
    return {f"{r.source} {r.predicate} {r.target}{'*' * r.many}" for r in schema.relations}


WORK = (
    entity("ada", "Person", born="1815-12-10"),
    entity("bob", "person"),
    entity("acme", "Company"),
    entity("apex", "Company"),
    fact("ada", "works at", "acme"),
    fact("ada", "WORKS_AT", "apex"),
    fact("bob", "knows", "Ada"),
)


def test_types_and_relations_are_counted() -> None:
    schema = infer_schema(archive(*WORK))
    assert [one.name for one in schema.entity_types] == ["Company", "Person"]
    assert relations(schema) == {"Person works_at Company*", "Person knows Person"}


def test_several_of_a_relation_make_it_many_whatever_their_types() -> None:
    schema = infer_schema(archive(*WORK, fact("bob", "knows", "acme")))
    assert "Person knows Person*" in relations(schema)
    assert "Person knows Company*" in relations(schema)


def test_the_same_fact_twice_is_no_second_one() -> None:
    again = Fact(external_id="x", subject_ref="bob", predicate="KNOWS", object_ref="Ada")
    assert "Person knows Person" in relations(infer_schema(archive(*WORK, again)))


COGNEE = (
    raw("class", type="EntityType", name="Person"),
    raw("chunk", type="DocumentChunk", text="x"),
    raw("set", type="NodeSet", name="n"),
    raw(
        "gadget",
        type="Gadget",
        name="g",
        size=3,
        topological_rank=0,
        version=1,
        ontology_valid=False,
    ),
    entity("ada"),
    fact("ada", "is_a", "class"),
    fact("chunk", "contains", "ada"),
    fact("ada", "belongs_to_set", "set"),
    fact("ada", "owns", "gadget"),
)


def test_types_that_cognee_says_by_facts_are_read() -> None:
    schema = infer_schema(archive(*COGNEE))
    assert [one.name for one in schema.entity_types] == ["Gadget", "Person"]
    assert relations(schema) == {"Person owns Gadget"}


def test_what_cognee_adds_to_a_node_is_left_out() -> None:
    gadget = infer_schema(archive(*COGNEE)).type_named("Gadget")
    assert gadget is not None
    assert [p.name for p in gadget.properties] == ["name", "description", "size"]


def test_everything_is_counted_if_asked_for() -> None:
    schema = infer_schema(archive(*COGNEE), everything=True)
    assert schema.allows_fact("DocumentChunk", "contains", "Person")


def test_lexical_facts_are_no_relations() -> None:
    lexical = (
        Document(external_id="d", content="x"),
        fact("d", "mentions", "ada"),
        fact("ada", "co_occurs_with", "acme"),
    )
    assert infer_schema(archive(*WORK, *lexical)) == infer_schema(archive(*WORK))


def test_facts_without_ends_are_told() -> None:
    schema = infer_schema(archive(*WORK, fact("ada", "knows", "nobody")))
    assert schema.notes == ("1 facts are not counted: an end of theirs is no node.",)


def test_typed_values_are_texts_of_a_format() -> None:
    from datetime import UTC, date, datetime

    at = datetime(2026, 1, 2, tzinfo=UTC)
    schema = infer_schema(archive(raw("a", type="A", on=date(2026, 1, 2), at=at)), examples=False)
    properties = schema.document["$defs"]["A"]["properties"]
    assert properties["on"] == {"type": "string", "format": "date"}
    assert properties["at"] == {"type": "string", "format": "date-time"}


def test_a_store_gives_the_schema_of_its_archive(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'graph.sqlite'}"
    import_archive(archive(*WORK), store)
    assert infer_schema(store) == infer_schema(archive(*WORK), title="graph")


def test_a_graph_of_networkx_is_counted() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("a", type="City", name="Rome")
    graph.add_node("b", type="Country", name="Italy")
    graph.add_edge("a", "b", key="in", predicate="lies_in")
    assert infer_schema(graph).allows_type("Country")


def test_sources_are_counted_together(tmp_path: Path) -> None:
    path = tmp_path / "cities.csv"
    path.write_text("name,country\nRome,Italy\n")
    schema = infer_schema(archive(*WORK), path)
    assert [one.name for one in schema.entity_types] == ["City", "Company", "Person"]


def test_an_archive_that_holds_texts_only_is_read_by_their_form() -> None:
    text = Document(external_id="d", content="Person: Ada\nBorn: 1815\n")
    assert infer_schema(archive(text)).allows_type("Person")


def test_the_first_source_names_the_graph(tmp_path: Path) -> None:
    path = tmp_path / "my notes.txt"
    path.write_text("Person: Ada\nBorn: 1815\n")
    assert infer_schema(path).title == "MyNotesGraph"
    assert infer_schema(path, title="Team").title == "TeamGraph"


def test_who_logs_in_is_not_what_a_graph_is_called_after() -> None:
    assert name_of("bolt://ada:secret@db.example:7687") == "db"
    assert name_of("postgresql://ada:secret@db.example/memory") == "memory"


def test_a_json_file_is_a_text_and_json_with_a_scheme_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text('{"people": [{"name": "Ada"}]}')
    assert infer_schema(path).allows_type("Person")
    import_archive(archive(*WORK), f"json:{tmp_path / 'other.json'}")
    assert infer_schema(f"json:{tmp_path / 'other.json'}").allows_type("Company")


def test_nothing_to_find_is_said() -> None:
    with pytest.raises(EmptyGraph, match="no graph in the sources"):
        infer_schema(archive(Document(external_id="d", content="nothing here.")))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(BadSetting, match=r"nowhere\.txt: cannot be read"):
        infer_schema("nowhere.txt")


def test_an_unknown_deriver() -> None:
    with pytest.raises(UnknownName, match="Known: chat, structure"):
        infer_schema("x.txt", deriver="vocabulary")


def test_the_real_archive_keeps_to_its_schema() -> None:
    schema = infer_schema(REAL)
    assert check_graph_schema(schema.document) == []
    assert check_graph(REAL, schema).keeps


@settings(max_examples=60, deadline=None)
@given(archives())
def test_a_graph_keeps_to_the_schema_that_comes_of_it(records: list[AnyRecord]) -> None:
    members = archive(*records)
    try:
        schema = infer_schema(members, everything=True)
    except EmptyGraph:
        return
    jsonschema.Draft202012Validator.check_schema(schema.document)
    assert not [fault for fault in check_graph_schema(schema.document) if fault.is_error]
    found = check_graph(members, schema, everything=True)
    assert not (found.types or found.facts or found.values)


TYPES = st.sampled_from(["Person", "person", "R&D unit", "None", "!!!", "3D", "Größe", "name"])
VALUES = st.sampled_from([1, 2.5, "x", None, True, ["a", 1], {"a": [None]}, 10**40])
KEYS = st.sampled_from(["name", "age", "description", "works at", "$ref", "id_", "é"])
NODES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(TYPES, st.dictionaries(KEYS, VALUES, max_size=3)),
    min_size=1,
)
FACTS = st.lists(
    st.tuples(
        st.sampled_from("abcdefg"),
        st.sampled_from(["works at", "WORKS_AT", "name", "is", "!!!", "age"]),
        st.sampled_from("abcdefg"),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(NODES, FACTS)
def test_a_small_graph_keeps_to_the_schema_that_comes_of_it(
    nodes: dict[str, tuple[str, dict[str, Any]]], facts: list[tuple[str, str, str]]
) -> None:
    records: list[Any] = [raw(i, type=kind, **own) for i, (kind, own) in nodes.items()]
    known = [one for one in dict.fromkeys(facts) if one[0] in nodes and one[2] in nodes]
    members = archive(*records, *(fact(*one) for one in known))
    schema = infer_schema(members)
    assert check_graph_schema(schema.document) == []
    assert check_graph(members, schema).keeps


PROPOSAL: dict[str, Any] = {
    "title": "Team",
    "types": [
        {
            "name": "Person",
            "description": "A human being.",
            "properties": [],
            "relations": [
                {"name": "works_at", "target": "Company", "many": False, "description": ""}
            ],
        },
        {"name": "Company", "description": "A firm.", "properties": [], "relations": []},
    ],
}


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def asking(model: ModelServer) -> dict[str, Any]:
    return {"deriver": "chat", "settings": ChatSettings(model.url, "m")}


def test_a_model_is_asked_once(model: ModelServer) -> None:
    model.next(Answer(content=PROPOSAL))
    text = Document(external_id="d", content="Ada works at Acme.")
    schema = infer_schema(archive(text), **asking(model))
    assert model.calls == 1
    assert relations(schema) == {"Person works_at Company"}
    assert check_graph_schema(schema.document) == []


def test_a_model_reads_the_texts_of_archives_and_files(model: ModelServer, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Bob sleeps.")
    model.next(Answer(content=PROPOSAL))
    infer_schema(archive(Document(external_id="d", content="Ada works.")), path, **asking(model))
    assert "Ada works.\n\nBob sleeps." in model.asked[0].words


def test_of_long_texts_a_model_is_shown_a_sample(model: ModelServer) -> None:
    text = "begin " + "x" * 50_000 + " end"
    model.next(Answer(content=PROPOSAL))
    infer_schema(
        archive(Document(external_id="d", content=text)), sample_characters=600, **asking(model)
    )
    shown = json.loads(json.dumps(model.asked[0].json))["messages"][1]["content"]
    assert len(shown) < 800
    assert "begin" in shown and " end" in shown and "[...]" in shown


def test_a_model_may_mend_a_relation_to_nothing(model: ModelServer) -> None:
    model.next(
        Answer(content=PROPOSAL | {"types": PROPOSAL["types"][:1]}), Answer(content=PROPOSAL)
    )
    schema = infer_schema(archive(Document(external_id="d", content="Ada works.")), **asking(model))
    assert "leads to Company, which is none of the types" in model.asked[1].words
    assert schema.notes == (schema.notes[0],)


def test_a_model_that_never_answers_rightly_gives_no_schema(model: ModelServer) -> None:
    model.next(*[Answer(content="I cannot.")] * 3)
    with pytest.raises(RemoteError, match="no answer of the wanted form"):
        infer_schema(archive(Document(external_id="d", content="Ada works.")), **asking(model))


def test_without_a_text_no_model_is_asked(model: ModelServer) -> None:
    with pytest.raises(EmptyGraph, match="no text in the sources"):
        infer_schema(archive(*WORK), **asking(model))
    assert model.calls == 0


def test_chat_needs_settings() -> None:
    with pytest.raises(BadSetting, match="Which model"):
        infer_schema(archive(*WORK), deriver="chat")


def test_a_reader_stays_open() -> None:
    from cogx.testing.memory_graph import MemoryGraph

    graph = MemoryGraph()
    import_archive(archive(*WORK), graph)
    with closing(graph):
        assert infer_schema(graph) == infer_schema(archive(*WORK))
