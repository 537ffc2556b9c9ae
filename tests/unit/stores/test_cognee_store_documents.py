"""What becomes of the documents of a cognee dataset."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.graph.mapping import records_of
from cogx.ports import Node
from cogx.stores import cognee
from cogx.stores.cognee import documents
from cogx.stores.cognee.pieces import plan_of
from tests.unit.stores.cognee_handmade import Handmade, make_graph, uuid_of

A, B = sorted(uuid_of(name) for name in "ab")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handmade:
    for name in ("SYSTEM_ROOT_DIRECTORY", "DATA_ROOT_DIRECTORY", "ENABLE_BACKEND_ACCESS_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    return Handmade(tmp_path)


@pytest.fixture
def dataset(made: Handmade) -> str:
    return made.dataset("sample")


def read(made: Handmade, **more: Any) -> tuple[list[Node], list[str]]:
    """Return the nodes, and the notes beside the one that every header has."""
    store = cognee.open_reader("sample", root=made.root, **more)
    nodes = list(store.iter_nodes())
    assert len(nodes) == store.counts()[0]
    assert [node.id for node in nodes] == sorted(node.id for node in nodes)
    notes = store.header()["notes"][1:]
    store.close()
    return nodes, notes


def documents_of(nodes: list[Node]) -> list[Any]:
    return [r for node in nodes for kind, r in records_of(node, "cognee") if kind == "document"]


def test_a_text_is_carried_to_the_byte(made: Handmade, dataset: str) -> None:
    text = "\ufeffGrüße\r\nund \u2028 \x01 mehr\n"
    made.document(
        dataset,
        "notes",
        text.encode(),
        id=A,
        created_at="2026-11-21 04:01:13.827539",
        label="mine",
        token_count=-1,
        content_hash="h",
        raw_content_hash="h",
        external_metadata=json.dumps({"who": "me"}),
        system_metadata="null",
        node_set=json.dumps(json.dumps(["one", "two"])),
        original_data_location="file:///home/ann/my%20notes.txt",
    )
    nodes, notes = read(made)
    (document,) = documents_of(nodes)
    assert (document.external_id, document.external_system) == (A, "cognee")
    assert (document.content, document.title, document.mime_type) == (text, "notes", "text/plain")
    assert document.created_at == datetime(2026, 11, 21, 4, 1, 13, 827539, tzinfo=UTC)
    assert document.metadata == {
        "label": "mine",
        "token_count": -1,
        "content_hash": "h",
        "raw_content_hash": "h",
        "external_metadata": {"who": "me"},
        "node_set": ["one", "two"],
        "original_name": "my notes.txt",
    }
    assert notes == []


def test_no_path_of_this_machine_is_carried(made: Handmade, dataset: str) -> None:
    external = {"_cognee": {"source_uri": "file:///home/ann/paper.pdf", "kept": 1}}
    made.document(dataset, "paper", b"words", external_metadata=json.dumps(external),
                  original_data_location="/home/ann/paper.pdf")  # fmt: skip
    (document,) = documents_of(read(made)[0])
    told = json.dumps(document.metadata)
    assert "/" not in told
    assert document.metadata["external_metadata"] == {
        "_cognee": {"source_uri": "paper.pdf", "kept": 1}
    }


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [(b"%PDF\xff\xfe", "application/pdf"), (b"a\0b", "application/x"), (b"\xff", "text/plain")],
)
def test_bytes_that_are_no_text_are_base64(
    made: Handmade, dataset: str, content: bytes, mime_type: str
) -> None:
    made.document(dataset, "scan", content, mime_type=mime_type)
    (document,) = documents_of(read(made)[0])
    assert base64.b64decode(document.content) == content
    assert document.metadata["encoding"] == "base64"
    assert document.mime_type == mime_type


def test_an_original_that_is_not_carried_is_told(made: Handmade, dataset: str) -> None:
    made.document(dataset, "paper", b"words", content_hash="pdf", raw_content_hash="txt")
    made.document(dataset, "plain", b"words", content_hash="same", raw_content_hash="same")
    assert "1 document(s) are carried as the text" in read(made)[1][0]


@pytest.mark.parametrize("location", ["file:///gone/owner/x.txt", "s3://bucket/x.txt", None])
def test_a_file_that_is_not_there_is_told(
    made: Handmade, dataset: str, location: str | None
) -> None:
    made.document(dataset, "lost", None, raw_data_location=location)
    nodes, notes = read(made)
    (document,) = documents_of(nodes)
    assert (document.content, document.title) == ("", "lost")
    assert document.metadata["content_missing"] is True
    assert "1 document(s) have no text here" in notes[0]


def test_files_that_were_moved_are_found(
    made: Handmade, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.document(dataset, "notes", b"words")
    moved = tmp_path / "elsewhere"
    made.files.rename(moved)
    assert documents_of(read(made, data=str(moved))[0])[0].content == "words"
    monkeypatch.setenv("DATA_ROOT_DIRECTORY", str(moved))
    assert documents_of(read(made)[0])[0].content == "words"


def test_a_document_that_is_a_node_too_stays_two_records(made: Handmade, dataset: str) -> None:
    make_graph(
        made.graph_path("sample"), [(A, "notes", "TextDocument", {}), (B, "x", "Entity", {})]
    )
    made.document(dataset, "notes", b"words", id=A)
    made.document(dataset, "later", b"more", id=B)
    nodes, _ = read(made)
    kinds = [[kind for kind, _ in records_of(node, "cognee")] for node in nodes]
    assert kinds == [["raw_node", "document"], ["entity", "document"]]
    assert [document.content for document in documents_of(nodes)] == ["words", "more"]


def test_documents_stand_among_the_nodes_in_order(made: Handmade, dataset: str) -> None:
    first, *others = sorted(uuid_of(str(number)) for number in range(6))
    make_graph(made.graph_path("sample"), [(one, "n", "T", {}) for one in others[::2]])
    for one in (first, *others[1::2]):
        made.document(dataset, one, b"", id=one)
    assert len(read(made)[0]) == 6


def test_documents_of_other_datasets_stay_there(made: Handmade, dataset: str) -> None:
    made.document(made.dataset("other"), "theirs", b"words")
    assert read(made)[0] == []


def test_a_long_text_comes_in_parts(
    made: Handmade, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "plan_of", lambda path, mime: plan_of(path, mime, 120))
    text = "".join(f"line {number} ü\n" for number in range(40))
    made.document(dataset, "book", text.encode(), id=A, content_hash="h")
    found = documents_of(read(made)[0])
    assert "".join(part.content for part in found) == text
    assert all(part.content.endswith("\n") for part in found)
    assert found[0].external_id == A and found[0].metadata["content_hash"] == "h"
    for number, part in enumerate(found, 1):
        assert (part.metadata["part"], part.metadata["parts"]) == (number, len(found))
        assert (part.title, part.metadata.get("part_of")) == ("book", A if number > 1 else None)


@given(
    content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    room=st.integers(40, 400),
)
def test_pieces_fit_and_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, room: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "piece"
    path.write_bytes(content)
    plan = plan_of(path, None, room)
    pieces = [plan.content(number) for number in range(len(plan.ranges))]
    assert all(len(json.dumps(piece, ensure_ascii=False).encode()) <= room for piece in pieces)
    back = [p.encode() if plan.is_text else base64.b64decode(p) for p in pieces]
    assert b"".join(back) == content
