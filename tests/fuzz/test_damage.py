"""Whatever is done to an archive's bytes, it is refused with a reason, or nothing changed."""

from __future__ import annotations

import io
import json
import resource
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cogx.archive.pack import pack
from cogx.archive.reader import open_archive
from cogx.archive.validate import Findings, validate
from cogx.archive.writer import ArchiveWriter
from cogx.engine.import_ import import_archive
from cogx.errors import CogxError
from cogx.format.layout import KIND_OF_MEMBER, MEMBER_OF_KIND
from cogx.format.records import Document, Entity, Fact, RawNode
from cogx.limits import Limits
from cogx.testing.memory_graph import MemoryGraph
from cogx.testing.strategies import json_values, texts

RECORDS = (
    RawNode(properties={"id": "n", "type": "T", "p": 1.5, "when": {"x": [1, None]}}),
    Entity(external_id="a", name="Ann", entity_type="Person", attributes={"born": b"\1"}),
    Entity(external_id="b", name="Bea", attributes={"deep": [{"$cogx": 1}]}),
    Document(external_id="d", content="Ann knows Bea.\u2028"),
    Fact(external_id="f", subject_ref="a", predicate="knows", object_ref="b", confidence=1.0),
)
FORMS = ("gz", "zst", "tar")


def tarball(compression: str) -> bytes:
    target = io.BytesIO()
    with ArchiveWriter(target, compression=compression) as writer:
        writer.write(*RECORDS)
    return target.getvalue()


WHOLE = {form: tarball(form) for form in FORMS}
INTACT = validate(WHOLE["tar"]).fingerprint


def members() -> dict[str, bytes]:
    target: dict[str, bytes] = {}
    with ArchiveWriter(target) as writer:
        writer.write(*RECORDS)
    return target


MEMBERS = members()


def harmless(found: Findings) -> bool:
    return found.valid and found.fingerprint == INTACT


@pytest.mark.parametrize("form", FORMS)
def test_a_tarball_cut_anywhere_is_refused(form: str) -> None:
    """At every byte for a small archive; of the zeros that end a bare tar only some are needed."""
    whole = WHOLE[form]
    end = len(whole.rstrip(b"\0")) + 512 if form == "tar" else len(whole)
    step = 1 if form != "tar" else 37
    accepted = [n for n in range(0, end, step) if validate(whole[:n]).valid]
    assert accepted == []


@pytest.mark.parametrize("form", FORMS)
@given(st.data())
def test_a_flipped_bit_is_refused_or_harmless(form: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[form])
    at = data.draw(st.integers(0, len(whole) - 1))
    # A bare tar has no checksum, and nothing in it vouches for the manifest that vouches for all.
    assume(form != "tar" or not 512 <= at < 512 + len(MEMBERS["manifest.json"]))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    found = validate(bytes(whole))
    assert not found.valid or harmless(found)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Cut, double, exchange and overwrite stretches of some bytes."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(whole)))
        length = draw(st.integers(0, 40))
        piece = draw(
            st.binary(max_size=20)
            | st.just(whole[at : at + length] * 2)
            | st.sampled_from((b"\0" * 512, b"\n", b"{", b"[" * 70, b"9" * 1100, b"\xff" * 8))
        )
        whole = whole[:at] + piece + whole[at + length :]
    return whole


def survive(source: Any) -> None:
    """Put a source through everything that reads; only our own errors may come of it."""
    assert isinstance(validate(source, cap=2), Findings)
    for read in (_read, _import, _pack):
        try:
            read(source)
        except CogxError as error:
            assert str(error)


def _read(source: Any) -> None:
    with open_archive(source) as archive:
        for block in archive.iter_blocks():
            assert len(block.lines) == len(block.records)


def _import(source: Any) -> None:
    import_archive(source, MemoryGraph())


def _pack(source: Any) -> None:
    pack(source, {})


@pytest.mark.parametrize("form", FORMS)
@given(st.data())
def test_mutated_tarballs_raise_only_our_errors(form: str, data: st.DataObject) -> None:
    survive(data.draw(mutated(WHOLE[form])))


@given(st.binary(max_size=600))
def test_arbitrary_bytes_raise_only_our_errors(data: bytes) -> None:
    survive(data)


@given(st.data())
def test_mutated_members_raise_only_our_errors(data: st.DataObject) -> None:
    changed = dict(MEMBERS)
    name = data.draw(st.sampled_from(sorted(changed)))
    changed[name] = data.draw(mutated(changed[name]))
    survive(changed)


@given(st.data(), st.booleans())
def test_mutated_lines_under_a_fitting_manifest_raise_only_our_errors(
    data: st.DataObject, typed: bool
) -> None:
    """Nothing but the line itself gives it away."""
    kind = data.draw(st.sampled_from([k for k, m in MEMBER_OF_KIND.items() if m in MEMBERS]))
    lines = data.draw(mutated(MEMBERS[MEMBER_OF_KIND[kind]]))
    extension = {"cogx": {"generator": "x"}} if typed else {}
    manifest = {"cogx_version": "0.1", **extension}
    survive({"manifest.json": json.dumps(manifest).encode(), MEMBER_OF_KIND[kind]: lines})


OBJECTS = st.dictionaries(
    st.sampled_from(("id", "external_id", "kind", "name", "turns", "scope", "metadata"))
    | st.sampled_from(("attributes", "created_at", "predicate", "confidence", "limit", "type"))
    | texts(),
    json_values(),
    max_size=6,
)


@given(st.sampled_from(sorted(KIND_OF_MEMBER)), st.lists(OBJECTS, max_size=3), st.booleans())
@example("nodes.jsonl", [{"id": "a", "p": {"$cogx": [], "value": 1}}], True)
@example("nodes.jsonl", [{"id": "a", "metadata": {"$cogx": "date", "value": "x"}}], True)
@example("documents.jsonl", [{"external_id": "a", "content": "", "attributes": 5}], True)
@example("facts.jsonl", [{"external_id": "f", "confidence": 10**400}], False)
def test_arbitrary_objects_raise_only_our_errors(
    member: str, objects: list[Any], typed: bool
) -> None:
    extension = {"cogx": {"generator": "x"}} if typed else {}
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in objects)
    survive({"manifest.json": json.dumps(extension).encode(), member: lines})


PARTS = st.dictionaries(
    st.sampled_from(("version", "generator", "members", "fingerprint", "value_types", "profile"))
    | texts(),
    json_values(),
    max_size=4,
)
DECLARATION = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("raw_node", "entity", "fact", "document")) | texts(),
        "type": st.sampled_from(("T", "Person", "knows", "")) | texts(),
        "field": st.sampled_from(("properties", "attributes", "metadata")),
        "key": st.sampled_from(("id", "type", "p", "when", "born", "$cogx")) | texts(),
        "value_type": st.sampled_from(("date", "bytes", "string", "object", "float")) | texts(),
    }
)
MANIFESTS = st.dictionaries(
    st.sampled_from(("cogx_version", "counts", "notes", "exported_at", "source_system")) | texts(),
    json_values(),
    max_size=4,
)


@given(MANIFESTS, PARTS, st.lists(DECLARATION, max_size=3))
def test_arbitrary_manifests_raise_only_our_errors(
    manifest: dict[str, Any], parts: dict[str, Any], declarations: list[Any]
) -> None:
    extension = parts | {"generator": "x", "value_types": declarations}
    survive(MEMBERS | {"manifest.json": json.dumps(manifest | {"cogx": extension}).encode()})


@pytest.mark.parametrize(
    "manifest",
    [b'{"exported_at":1e999}', b'{"exported_at":-1e999}', b"{" * 9_000, b"[" * 9_000],
    ids=["infinite", "minus-infinite", "braces", "brackets"],
)
def test_hostile_manifests_end(manifest: bytes) -> None:
    assert not validate({"manifest.json": manifest}).valid


def hostile_lines() -> dict[str, Callable[[int], bytes]]:
    """Lines of n bytes that ask for more than their share of time."""
    return {
        "escaped quotes that never end": lambda n: b'{"a":[[[[1]]],"' + b'\\"' * (n // 2),
        "brackets": lambda n: b'{"id":"a","p":' + b"[" * n,
        "braces": lambda n: b'{"a":' * (n // 5),
        "digits": lambda n: b'{"id":"a","p":' + b"9" * n + b"}",
        "runs of digits": lambda n: b'{"id":"a","p":"' + (b"9" * 999 + b" ") * (n // 1000) + b'"}',
        "a float": lambda n: b'{"id":"a","p":0.' + b"1" * n + b"}",
        "keys": lambda n: b'{"id":"a"' + b',"k":1' * (n // 6) + b"}",
        "surrogates": lambda n: b'{"id":"a","p":"' + b"\\ud800" * (n // 6) + b'"}',
        "spaces": lambda n: b'{"id":"a"' + b" " * n + b"}",
        "carriage returns": lambda n: b"\r" * n,
        "empty lines": lambda n: b"\n" * n,
        "bad lines": lambda n: b"{\n" * (n // 2000),
    }


@pytest.mark.parametrize("sort", hostile_lines())
def test_time_grows_with_the_bytes_and_not_with_their_square(sort: str) -> None:
    """A second of processor time for a quarter of a megabyte is a hundred times what it takes."""
    data = hostile_lines()[sort](250_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    validate({"manifest.json": b"{}", "nodes.jsonl": data}, limits=Limits())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5


def test_memory_does_not_grow_with_the_number_of_problems() -> None:
    data = b"{\n" * 20_000
    tracemalloc.start()
    try:
        found = validate({"manifest.json": b"{}", "nodes.jsonl": data}, cap=3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.log.totals["json.malformed"] == 20_000
    assert peak < 20 << 20
