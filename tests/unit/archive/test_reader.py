from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from cogx.archive.reader import open_archive
from cogx.archive.writer import ArchiveWriter
from cogx.errors import (
    BadSetting,
    DigestMismatch,
    InvalidArchive,
    MissingMember,
    UnknownName,
    UnsupportedVersion,
)
from cogx.format.records import Entity
from tests.unit.archive.made import Members, archive, document, entity, fact

WHOLE = archive({"id": "n"}, entity("a"), document("d"), fact("f", "a", "n"))


def kinds(members: Members, *asked: str, **how: Any) -> list[str]:
    with open_archive(members, **how) as opened:
        return [block.kind for block in opened.iter_blocks(*asked) if block.records]


def passes(members: Members, *asked: str) -> int:
    with open_archive(members) as opened:
        begun = 0
        of_container = opened.container.members

        def counted(report: Any) -> Any:
            nonlocal begun
            begun += 1
            return of_container(report)

        opened.container.members = counted  # type: ignore[method-assign]
        list(opened.iter_blocks(*asked))
        return begun


@pytest.mark.parametrize("order", list(permutations(WHOLE))[::7], ids=lambda o: o[0])
def test_kinds_come_in_order_whatever_the_members_order(order: tuple[str, ...]) -> None:
    shuffled = {name: WHOLE[name] for name in order}
    assert kinds(shuffled) == ["raw_node", "entity", "document", "fact"]


def test_kinds_come_in_the_order_asked_for() -> None:
    assert kinds(WHOLE, "fact", "raw_node") == ["fact", "raw_node"]


def test_an_absent_kind_is_nothing() -> None:
    assert kinds(WHOLE, "episode") == []


@pytest.mark.parametrize("asked", [(), ("entity",), ("raw_node", "entity", "episode", "fact")])
def test_members_in_order_take_one_pass(asked: tuple[str, ...]) -> None:
    assert passes(archive(entity("a"), fact("f", "a", "a")), *asked) == 1


def test_a_member_that_the_manifest_does_not_count_is_refused() -> None:
    members = WHOLE | archive(counts={"entity": 1, "fact": 1, "document": 1})
    with pytest.raises(InvalidArchive, match=r"manifest\.count"):
        kinds(members | {n: d for n, d in WHOLE.items() if n != "manifest.json"})


def test_without_counts_every_member_is_read() -> None:
    members = WHOLE | {"manifest.json": b"{}"}
    assert kinds(members) == ["raw_node", "entity", "document", "fact"]


def test_an_uncounted_member_of_blank_lines_is_nothing() -> None:
    assert kinds(archive(entity("a")) | {"facts.jsonl": b"\n \r\n"}) == ["entity"]


def test_a_counted_member_that_is_gone_is_told() -> None:
    members = {name: data for name, data in WHOLE.items() if name != "facts.jsonl"}
    with pytest.raises(MissingMember):
        kinds(members)


def test_a_member_with_another_digest_is_told_at_its_end() -> None:
    members: Members = {}
    with ArchiveWriter(members) as writer:
        writer.write(Entity(external_id="a", name="a"))
    members["entities.jsonl"] = members["entities.jsonl"].replace(b'"a"', b'"b"')
    with open_archive(members) as opened, pytest.raises(DigestMismatch):
        list(opened.records())


def test_a_bad_line_is_told_where_it_stands() -> None:
    members = archive(entity("a"), counts={"entity": 2})
    members["entities.jsonl"] = b"\n" + members["entities.jsonl"] + b"\r\n{\n"
    with open_archive(members) as opened, pytest.raises(InvalidArchive) as caught:
        list(opened.records())
    assert [(p.member, p.line) for p in caught.value.problems] == [("entities.jsonl", 4)]


def test_one_key_twice_is_refused_without_validation() -> None:
    members = {"manifest.json": b"{}", "nodes.jsonl": b'{"id":"a","id":"b"}\n'}
    with open_archive(members) as opened, pytest.raises(InvalidArchive, match="one key twice"):
        list(opened.records())


def test_two_records_on_a_line_are_refused_without_validation() -> None:
    members = {"manifest.json": b"{}", "nodes.jsonl": b'{"id":\n"a"}{"id":"b"}\n'}
    with open_archive(members) as opened, pytest.raises(InvalidArchive):
        list(opened.records())


def test_a_missing_manifest_may_be_lenient() -> None:
    members = {"nodes.jsonl": b'{"id":"a"}\n'}
    assert kinds(members, lenient=frozenset({"manifest.missing"})) == ["raw_node"]


@pytest.mark.parametrize("members", [{"nodes.jsonl": b""}, {"manifest.json": b"["}])
def test_no_manifest_is_no_archive(members: Members) -> None:
    with pytest.raises(InvalidArchive):
        open_archive(members)


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedVersion):
        open_archive(archive(cogx_version="1.0"))


def test_what_cannot_be_lenient_is_not() -> None:
    with pytest.raises(BadSetting, match=r"container\.truncated"):
        open_archive(WHOLE, lenient=frozenset({"container.truncated"}))


def test_an_unknown_code_is_told() -> None:
    with pytest.raises(UnknownName, match="no\\.code"):
        open_archive(WHOLE, lenient=frozenset({"no.code"}))
