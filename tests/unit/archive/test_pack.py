from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cogx.archive import pack as pack_module
from cogx.archive.pack import pack, unpack
from cogx.archive.validate import validate
from cogx.errors import AlreadyThere, BadSetting, DigestMismatch, InvalidArchive
from tests.unit.archive.made import Members, archive, entity, fact

GOOD = archive(entity("a"), fact("f", "a", "a"), later={"kept": [None, 1.0]})


def packed(members: Members, **how: Any) -> Members:
    target: Members = {}
    pack(members, target, **how)
    return target


def manifest(members: Members) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(members["manifest.json"])
    return plain


def test_the_manifest_gains_our_key_and_keeps_the_rest() -> None:
    made = manifest(packed(GOOD))
    ours = made.pop("cogx")
    assert made == manifest(GOOD)
    assert ours["members"].keys() == {"entities.jsonl", "facts.jsonl"}


def test_a_null_key_is_none() -> None:
    assert manifest(packed(archive(entity("a"), cogx=None)))["cogx"]


def test_members_are_copied_byte_for_byte() -> None:
    odd = GOOD | {"entities.jsonl": b"\r\n " + GOOD["entities.jsonl"] + b"\n\t\n"}
    assert packed(odd)["entities.jsonl"] == odd["entities.jsonl"]


def test_packing_again_changes_nothing() -> None:
    once = packed(GOOD)
    assert packed(once) == once


def test_an_archive_with_our_key_as_data_stays_without() -> None:
    members = archive({"id": "a", "x": {"$cogx": "date", "value": "never"}})
    made = packed(members)
    assert made == members
    assert validate(made).valid


def test_an_archive_with_nan_gains_our_key() -> None:
    assert "cogx" in manifest(packed(archive({"id": "a", "x": float("nan")})))


def test_an_unreadable_key_beside_data_that_needs_it_is_refused() -> None:
    node = {"id": "a", "x": {"$cogx": "date", "value": "1990-05-17"}}
    with pytest.raises(InvalidArchive):
        packed(archive(node, cogx={"version": 9}), refresh=True)


def test_refresh_counts_anew() -> None:
    edited = packed(GOOD) | {"facts.jsonl": b""}
    with pytest.raises(InvalidArchive):
        packed(edited)
    made = packed(edited, refresh=True)
    assert validate(made).valid
    assert manifest(made)["counts"] == {"entity": 1, "fact": 0}


def test_plain_and_refresh_contradict_each_other() -> None:
    with pytest.raises(BadSetting):
        packed(GOOD, plain=True, refresh=True)


def test_an_archive_with_errors_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidArchive):
        pack(archive({"id": 5}), tmp_path / "a.tar.gz")
    assert list(tmp_path.iterdir()) == []


class Changing(dict[str, bytes]):
    """A mapping whose facts change between the first pass and the second."""

    passes = 0

    def items(self) -> Any:
        self.passes += 1
        changed = {**self, "facts.jsonl": self["facts.jsonl"].replace(b"a", b"b")}
        return (changed if self.passes > 2 else dict(self)).items()


def test_what_changes_while_it_is_packed_is_noticed() -> None:
    target: Members = {}
    with pytest.raises(DigestMismatch):
        pack(Changing(GOOD), target)
    assert target == {}


def test_unpack_gives_the_members(tmp_path: Path) -> None:
    pack(GOOD, tmp_path / "a.tar.zst", plain=True)
    sizes = unpack(tmp_path / "a.tar.zst", tmp_path / "out")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == GOOD
    assert sizes == {name: len(data) for name, data in GOOD.items()}


def test_unpack_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"")
    with pytest.raises(AlreadyThere):
        unpack(GOOD, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


@pytest.fixture
def hearing() -> Iterator[list[str]]:
    heard: list[str] = []
    original = pack_module.create_container

    def create(*args: Any, **how: Any) -> Any:
        writer = original(*args, **how)
        aborted = writer.abort

        def abort() -> None:
            heard.append("abort")
            aborted()

        writer.abort = abort  # type: ignore[method-assign]
        return writer

    with patch.object(pack_module, "create_container", create):
        yield heard


def test_a_failing_pack_gives_up_its_target(hearing: list[str]) -> None:
    with pytest.raises(DigestMismatch):
        pack(Changing(GOOD), {})
    assert hearing == ["abort"]
