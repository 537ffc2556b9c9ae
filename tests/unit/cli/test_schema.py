"""cogx schema: infer, prompt, check, record; and the way from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import cogx
from tests.unit.derive.chat.model_server import Answer, ModelServer

from .conftest import REAL, Call

NOTES = "Person: Ada\nBorn: 1815\nWorks at: Acme\n\nCompany: Acme\nCity: London\n"


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "notes.txt").write_text(NOTES)
    return "notes.txt"


class TestGroup:
    def test_alone_it_shows_its_commands(self, call: Call) -> None:
        told = call("schema")
        assert told.code == 0
        assert [line.split()[0] for line in told.out.partition("Commands:\n")[2].splitlines()] == [
            "infer", "prompt", "check", "record",
        ]  # fmt: skip

    def test_a_mistyped_command_is_guessed(self, call: Call) -> None:
        told = call("schema", "infr")
        assert told.code == 2
        assert "Did you mean 'infer'?" in told.err


class TestInfer:
    def test_the_schema_goes_to_stdout(self, call: Call, notes: str) -> None:
        told = call("schema", "infer", notes)
        assert told.code == 0
        assert list(told.json()["$defs"]) == ["Company", "Person"]

    def test_for_machines_it_stands_on_one_line(self, call: Call, notes: str) -> None:
        told = call("schema", "infer", notes, "--json")
        assert told.out.count("\n") == 1
        assert told.json() == call("schema", "infer", notes).json()

    def test_the_title(self, call: Call, notes: str) -> None:
        assert call("schema", "infer", notes, "--title", "my team").json()["title"] == "MyTeamGraph"

    def test_into_a_file(self, call: Call, notes: str) -> None:
        told = call("schema", "infer", notes, "-o", "schema.json")
        assert told.out == "schema.json: NotesGraph, 2 types, 1 relation.\n"
        assert json.loads(Path("schema.json").read_text()) == call("schema", "infer", notes).json()

    def test_a_file_that_is_there_stays(self, call: Call, notes: str) -> None:
        Path("schema.json").write_text("mine")
        assert call("schema", "infer", notes, "-o", "schema.json").code == 2
        assert Path("schema.json").read_text() == "mine"
        assert call("schema", "infer", notes, "-o", "schema.json", "--force").code == 0

    def test_without_examples_no_value_is_shown(self, call: Call, notes: str) -> None:
        assert "London" in call("schema", "infer", notes).out
        assert "London" not in call("schema", "infer", notes, "--no-examples").out

    def test_an_archive_from_a_pipe(self, call: Call) -> None:
        told = call("schema", "infer", "-", stdin=REAL.read_bytes())
        assert "Person" in told.json()["$defs"]

    def test_notes_go_to_stderr(self, call: Call, tmp_path: Path) -> None:
        with cogx.ArchiveWriter(str(tmp_path / "a.tar")) as writer:
            writer.write(cogx.Entity(external_id="a", name="A", entity_type="T"))
            writer.write(
                cogx.Fact(external_id="f", subject_ref="a", predicate="p", object_ref="nobody")
            )
        told = call("schema", "infer", "a.tar")
        assert told.err == "1 facts are not counted: an end of theirs is no node.\n"

    def test_nothing_to_find(self, call: Call, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("nothing here.")
        told = call("schema", "infer", "a.txt", "--json")
        assert told.error()["type"] == "EmptyGraph"

    def test_a_model_needs_an_endpoint(
        self, call: Call, notes: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COGX_LLM_URL", raising=False)
        told = call("schema", "infer", notes, "--deriver", "chat")
        assert told.code == 2
        assert "No endpoint is named" in told.err


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def test_a_model_proposes(call: Call, notes: str, model: ModelServer) -> None:
    kind = {"name": "Engine", "description": "A machine.", "properties": [], "relations": []}
    model.next(Answer(content={"title": "Machines", "types": [kind]}))
    told = call(
        "schema", "infer", notes, "--deriver", "chat", "--llm-url", model.url, "--llm-model", "m"
    )
    assert told.json()["$defs"]["Engine"]["description"] == "A machine."
    assert told.json()["title"] == "MachinesGraph"
    assert "calls: 1" in told.err


class TestPrompt:
    def test_the_prompt_names_types_and_relations(self, call: Call, notes: str) -> None:
        call("schema", "infer", notes, "-o", "schema.json")
        told = call("schema", "prompt", "schema.json")
        assert "- Person works_at Company (at most one)" in told.out

    def test_for_machines_it_is_as_servers_give_it(self, call: Call, notes: str) -> None:
        call("schema", "infer", notes, "-o", "schema.json")
        told = call("schema", "prompt", "schema.json", "--json").json()
        assert told == {"customPrompt": call("schema", "prompt", "schema.json").out}

    def test_a_schema_cannot_steer_a_terminal(self, call: Call) -> None:
        kind = {"type": "object", "description": "\x1b[2J", "properties": {}}
        Path("s.json").write_text(
            json.dumps({"title": "AGraph", "type": "object", "$defs": {"A": kind}})
        )
        assert "\x1b" not in call("schema", "prompt", "s.json").out


BAD = {"title": "a b", "type": "object", "properties": {"x": {"$ref": "http://x"}}}


class TestCheck:
    def test_a_good_schema(self, call: Call, notes: str) -> None:
        call("schema", "infer", notes, "-o", "schema.json")
        told = call("schema", "check", "schema.json")
        assert (told.code, told.out) == (0, "schema.json: valid.\n")

    def test_a_bad_schema(self, call: Call) -> None:
        Path("s.json").write_text(json.dumps(BAD))
        told = call("schema", "check", "s.json")
        assert told.code == 1
        assert told.out == (
            "error: /title: 'a b' cannot be the name of a class. Write AB.\ns.json: is not valid.\n"
        )

    def test_advice_is_an_error_if_strict(self, call: Call) -> None:
        kind = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        Path("s.json").write_text(
            json.dumps({"title": "AGraph", "type": "object", "$defs": {"A": kind}})
        )
        assert call("schema", "check", "s.json").code == 0
        told = call("schema", "check", "s.json", "--strict")
        assert told.code == 1
        assert "advice: /$defs/A: A has no description in text." in told.out

    def test_for_machines(self, call: Call) -> None:
        Path("s.json").write_text(json.dumps(BAD))
        told = call("schema", "check", "s.json", "--json").json()
        assert told["valid"] is False
        assert told["faults"][0]["pointer"] == "/title"

    def test_an_archive_against_its_own_schema(self, call: Call) -> None:
        call("schema", "infer", REAL, "-o", "s.json")
        told = call("schema", "check", "s.json", REAL)
        assert told.code == 0
        assert told.out.endswith(": keeps to it, 107 nodes and 215 facts.\n")

    def test_an_archive_against_another(self, call: Call, notes: str) -> None:
        call("schema", "infer", notes, "-o", "s.json")
        told = call("schema", "check", "s.json", REAL)
        assert told.code == 1
        assert "Types that it does not have (4)" in told.out
        assert "Facts that it does not allow" in told.out

    def test_what_is_no_json(self, call: Call) -> None:
        Path("s.json").write_text("{")
        told = call("schema", "check", "s.json")
        assert told.code == 2
        assert "s.json: is not JSON" in told.err


def test_from_texts_to_a_graph_that_keeps_to_their_schema(call: Call, tmp_path: Path) -> None:
    """infer -> prompt -> import with that schema -> check."""
    with cogx.ArchiveWriter(str(tmp_path / "memory.tar")) as writer:
        for name, kind in (("Ada", "Person"), ("Acme", "Company"), ("Rome", "City")):
            writer.write(cogx.Entity(external_id=name.lower(), name=name, entity_type=kind))
        writer.write(
            cogx.Document(external_id="d", content="Ada of Acme was in Rome on 2024-05-01.")
        )
    (tmp_path / "notes.txt").write_text(NOTES)
    assert call("schema", "infer", "notes.txt", "-o", "schema.json").code == 0
    assert "- Person" in call("schema", "prompt", "schema.json").out
    told = call(
        "import", "memory.tar", "sqlite:graph.db", "--mode", "re-derive",
        "--schema", "schema.json", "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    derived = told.json()["derived"]
    assert derived["schema_types_refused"] == 2  # Rome and the date
    assert call("schema", "check", "schema.json", "sqlite:graph.db").code == 0
    with cogx.engine.uris.reading("sqlite:graph.db") as store:  # type: ignore[attr-defined]
        types = {node.type for node in store.iter_nodes()}
    assert types == {"Person", "Company", "Document"}
