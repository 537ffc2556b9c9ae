"""What the strict tar reader takes, what it reports and skips, and where it stops."""

from __future__ import annotations

import gzip

import pytest

from cogx.container import open_container
from cogx.errors import ArchiveError, DamagedArchive, LimitExceeded, Truncated, UsageError
from cogx.limits import Limits
from cogx.problems import Problem

from .handmade import (
    BLOCK,
    END,
    MANIFEST,
    codes,
    entry,
    gz,
    header,
    longname,
    pax,
    read,
    records_of,
    tar,
    with_checksum,
)

FACTS = entry(b"facts.jsonl", b"f")
GOOD = {"manifest.json": MANIFEST, "facts.jsonl": b"f"}


@pytest.mark.parametrize(
    "entries",
    [
        [FACTS],
        [entry(b"./facts.jsonl", b"f")],
        [entry(b".//facts.jsonl", b"f")],
        [entry(b"facts.jsonl", b"f", b"\0", magic=b"")],
        [entry(b"facts.jsonl", b"f", magic=b"ustar  \0")],
        [header(b"./", 0, b"5"), FACTS],
        [header(b"somewhere/", 0, b"5"), FACTS],
        [header(b"somewhere/", 0, b"\0", magic=b""), FACTS],
        [pax({b"path": b"facts.jsonl"}), entry(b"short", b"f")],
        [pax({b"path": b"facts.jsonl", b"size": b"1"}), entry(b"short", b"f")],
        [pax({b"mtime": b"1.5", b"uid": b"7", b"VENDOR.x": "ü".encode()}), FACTS],
        [pax({b"comment": b"git"}, b"g"), FACTS],
        [longname(b"facts.jsonl"), entry(b"short", b"f")],
        [longname(b"facts.jsonl"), pax({b"path": b"facts.jsonl"}), entry(b"short", b"f")],
        [entry(b"././@LongLink", b"x\0", b"K"), FACTS],
        [header(b"facts.jsonl", b"\x80" + (1).to_bytes(11, "big")) + b"f".ljust(BLOCK, b"\0")],
        [header(b"facts.jsonl", b"          1 ") + b"f".ljust(BLOCK, b"\0")],
    ],
)
def test_every_legal_way_to_write_an_entry_is_read_in_silence(entries: list[bytes]) -> None:
    assert read(tar(*entries)) == (GOOD, [])
    assert read(gz(tar(*entries))) == (GOOD, [])


def test_one_wrapper_directory_and_a_ustar_prefix_are_read_in_silence() -> None:
    first = entry(b"w/manifest.json", MANIFEST)
    assert read(tar(first, entry(b"./w/facts.jsonl", b"f"), manifest=False)) == (GOOD, [])
    assert read(tar(first, entry(b"facts.jsonl", b"f", prefix=b"w"), manifest=False)) == (GOOD, [])


def test_a_signed_checksum_of_an_old_tar_is_accepted() -> None:
    block = bytearray(header(b"facts.jsonl", 1))
    block[300:305] = "müü".encode()
    assert read(tar(with_checksum(bytes(block), signed=True), b"f".ljust(BLOCK, b"\0"))) == (
        GOOD,
        [],
    )


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (entry(b"/etc/passwd", b"x"), "member.unsafe-name"),
        (entry(b"/", b"x"), "member.unsafe-name"),
        (entry(b"../facts.jsonl", b"x"), "member.unsafe-name"),
        (entry(b"a/../../facts.jsonl", b"x"), "member.unsafe-name"),
        (header(b"../out/", 0, b"5"), "member.unsafe-name"),
        (entry(b"", b"x"), "member.unsafe-name"),
        (entry(b".", b"x"), "member.unsafe-name"),
        (entry(b"facts.jsonl/", b"x"), "member.unsafe-name"),
        (entry(b"facts.jsonl/.", b"x"), "member.unsafe-name"),
        (entry(b"a\\facts.jsonl", b"x"), "member.unsafe-name"),
        (entry(b"C:facts.jsonl", b"x"), "member.unsafe-name"),
        (entry(b"facts\n.jsonl", b"x"), "member.unsafe-name"),
        (entry(b"\x1b[2Jfacts.jsonl", b"x"), "member.unsafe-name"),
        (entry("a\x85b".encode(), b"x"), "member.unsafe-name"),
        (entry(b"\xff\xfe", b"x"), "member.unsafe-name"),
        (pax({b"path": b"a\0b"}) + entry(b"n", b"x"), "member.unsafe-name"),
        (pax({b"path": b"/abs"}) + entry(b"n", b"x"), "member.unsafe-name"),
        (pax({b"path": b""}) + entry(b"n", b"x"), "member.unsafe-name"),
        (longname(b"../up") + entry(b"n", b"x"), "member.unsafe-name"),
        (longname(b"a\0b") + entry(b"n", b"x"), "member.unsafe-name"),
        (header(b"nodes.jsonl", 0, b"1", link=b"/etc/passwd"), "member.not-regular"),
        (header(b"nodes.jsonl", 0, b"2", link=b"/etc/passwd"), "member.not-regular"),
        (header(b"link", 0, b"2", link=b"../.."), "member.not-regular"),
        (header(b"nodes.jsonl", 0, b"3"), "member.not-regular"),
        (header(b"nodes.jsonl", 0, b"4"), "member.not-regular"),
        (header(b"nodes.jsonl", 0, b"6"), "member.not-regular"),
        (header(b"nodes.jsonl", 0, b"5"), "member.not-regular"),
        (header(b"Nodes.JSONL/", 0, b"5"), "member.not-regular"),
        (entry(b"nodes.jsonl", b"x", b"7"), "member.not-regular"),
        (entry(b"nodes.jsonl", b"x", b"Z"), "member.not-regular"),
        (entry(b"nodes.jsonl", b"x", b"S"), "member.not-regular"),
        (
            pax({b"GNU.sparse.major": b"1", b"GNU.sparse.name": b"nodes.jsonl"})
            + entry(b"nodes.jsonl", b"x"),
            "member.not-regular",
        ),
        (FACTS, "member.duplicate"),
        (entry(b"./facts.jsonl", b"x"), "member.duplicate"),
        (entry(b".//./facts.jsonl", b"x"), "member.duplicate"),
        (entry(b"FACTS.jsonl", b"x"), "member.duplicate"),
        (entry("fact\u017f.jsonl".encode(), b"x"), "member.duplicate"),
        (entry(b"w/nodes.jsonl", b"x"), "container.layout"),
        (entry(b"a/b/nodes.jsonl", b"x"), "container.layout"),
        (entry(b"README.md", b"x"), "member.unknown"),
        (entry(b"Nodes.jsonl", b"x"), "member.unknown"),
        (entry(b"__MACOSX/._facts.jsonl", b"x"), "member.unknown"),
        (entry(b"nodes.jsonl.partial", b"x"), "member.leftover"),
        (entry(b"nodes.jsonl.tmp", b"x"), "member.leftover"),
        (entry(b".graph.partial-0123abcd", b"x"), "member.leftover"),
        (entry(b".graph.partial-0123abcd/nodes.jsonl", b"x"), "member.leftover"),
    ],
)
def test_a_harmful_entry_is_reported_and_the_others_are_still_read(
    hostile: bytes, code: str
) -> None:
    kept, found = read(tar(FACTS, hostile, entry(b"entities.jsonl", b"e")))
    assert kept == GOOD | {"entities.jsonl": b"e"}
    assert codes(found) == [code]
    assert all(problem.member is None or problem.member.isprintable() for problem in found)


def test_all_findings_of_one_archive_come_in_one_run() -> None:
    entries = [entry(b"/x"), header(b"l", 0, b"2"), entry(b"README"), FACTS, FACTS]
    assert codes(read(tar(*entries))[1]) == [
        "member.unsafe-name",
        "member.not-regular",
        "member.unknown",
        "member.duplicate",
    ]


def test_two_wrappers_are_a_layout_error() -> None:
    entries = [entry(b"a/manifest.json", MANIFEST), entry(b"b/facts.jsonl", b"f")]
    kept, found = read(tar(*entries, manifest=False))
    assert (kept, codes(found)) == ({"manifest.json": MANIFEST}, ["container.layout"])


def test_an_old_sparse_map_is_passed_over_block_by_block() -> None:
    first = bytearray(header(b"nodes.jsonl", 1, b"S"))
    first[482] = 1
    more, last = bytearray(BLOCK), bytearray(BLOCK)
    more[504] = 1
    sparse = with_checksum(bytes(first)) + bytes(more) + bytes(last) + b"x".ljust(BLOCK, b"\0")
    kept, found = read(tar(sparse, FACTS))
    assert (kept, codes(found)) == (GOOD, ["member.not-regular"])
    with pytest.raises(LimitExceeded, match="header_bytes"):
        read(tar(with_checksum(bytes(first)) + bytes(more) * 200))


@pytest.mark.parametrize(
    "damage",
    [
        header(b"nodes.jsonl", b"abcdefghijk\0"),
        header(b"nodes.jsonl", b"-0000000001\0"),
        header(b"nodes.jsonl", b"1 1"),
        header(b"nodes.jsonl", b""),
        header(b"nodes.jsonl", b"\xff" * 12),
        header(b"nodes.jsonl", b"\x80" + b"\xff" * 11),
        header(b"nodes.jsonl", b"\xbf" + b"\xff" * 11),
        entry(b"nodes.jsonl", b"x" * 512, b"5"),
        entry(b"nodes.jsonl", b"x" * 512, b"1"),
        entry(b"nodes.jsonl", b"x" * 512, b"2"),
        bytes(header(b"nodes.jsonl", 1)[:10]) + b"X" + header(b"nodes.jsonl", 1)[11:],
        pax({b"path": b"other.jsonl"}) + longname(b"nodes.jsonl") + entry(b"n", b"x"),
        pax({b"size": b"2"}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": b"0"}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": b"-1"}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": "\u0661".encode()}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": b"9" * 19}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": b"9" * 4000}) + entry(b"nodes.jsonl", b"x"),
        pax({b"size": b"1"}, b"g") + entry(b"nodes.jsonl", b"x"),
        pax({b"path": b"nodes.jsonl"}, b"g") + entry(b"nodes.jsonl", b"x"),
        pax(b"0 path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"99 path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"8 path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"11 path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"-9 path=x\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"4 =\n") + entry(b"nodes.jsonl", b"x"),
        pax(b"9" * 600) + entry(b"nodes.jsonl", b"x"),
        pax(records_of({b"path": b"a"}) * 2) + entry(b"nodes.jsonl", b"x"),
        pax({b"a": b"1"}) + pax({b"b": b"2"}) + entry(b"nodes.jsonl", b"x"),
        longname(b"a") + longname(b"b") + entry(b"nodes.jsonl", b"x"),
        longname(b"nodes.jsonl"),
        pax({b"path": b"nodes.jsonl"}),
        pax({b"comment": b"last"}, b"g"),
        with_checksum(FACTS[:100] + b"mode 644" + FACTS[108:512]) + FACTS[512:],
        with_checksum(FACTS[:136] + b"not so long " + FACTS[148:512]) + FACTS[512:],
        with_checksum(FACTS[:329] + b"\x81" + FACTS[330:512]) + FACTS[512:],
    ],
)
def test_a_header_with_two_readings_or_none_ends_the_pass(damage: bytes) -> None:
    found: list[Problem] = []
    with open_container(tar(FACTS, damage)) as container, pytest.raises(DamagedArchive) as caught:
        for member in container.members(found.append):
            list(member.chunks())
    assert not isinstance(caught.value, Truncated)
    assert codes(found) == ["container.corrupt"]
    assert found[0].message in str(caught.value)


def test_a_pax_size_counts_where_the_header_has_too_few_digits() -> None:
    nine_gib = b"%d" % (9 << 30)
    claimed = pax({b"size": nine_gib}) + header(b"nodes.jsonl", 0) + b"x" * 600
    with pytest.raises(Truncated, match=r"nodes\.jsonl"):
        read(tar(claimed, manifest=True).removesuffix(END))


@pytest.mark.parametrize(
    ("limit", "value", "entries"),
    [
        ("members", 2, [FACTS, header(b"d/", 0, b"5")]),
        ("member_bytes", 100, [entry(b"facts.jsonl", b"f" * 101)]),
        ("member_bytes", 100, [entry(b"README", b"f" * 101)]),
        ("total_bytes", 100, [entry(b"facts.jsonl", b"f" * 60), entry(b"nodes.jsonl", b"f" * 60)]),
        ("header_bytes", 100, [pax({b"comment": b"c" * 200}), FACTS]),
        ("header_bytes", 65536, [header(b"x", 4 << 30, b"x")]),
        ("header_bytes", 65536, [header(b"L", b"\x80" + (1 << 40).to_bytes(11, "big"), b"L")]),
        ("headers_in_a_row", 8, [pax({b"comment": b"c"}, b"g")] * 9),
        ("path_bytes", 1024, [longname(b"a" * 1025), entry(b"n", b"x")]),
    ],
)
def test_a_passed_limit_names_itself(limit: str, value: int, entries: list[bytes]) -> None:
    found: list[Problem] = []
    limits = Limits().replace(limit, value)
    with (
        open_container(tar(*entries), limits) as container,
        pytest.raises(LimitExceeded) as caught,
    ):
        for member in container.members(found.append):
            list(member.chunks())
    assert caught.value.limit == limit
    assert codes(found)[-1:] == ["container.limit"]


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        (b"", Truncated),
        (bytes(BLOCK), Truncated),
        (bytes(2 * BLOCK - 1), Truncated),
        (bytes(BLOCK) + FACTS, DamagedArchive),
        (END + b"x", DamagedArchive),
        (END + bytes(5000) + b"x", DamagedArchive),
        (END + tar(FACTS), DamagedArchive),
    ],
)
def test_the_end_must_be_two_zero_blocks_and_then_zeros_only(
    tail: bytes, error: type[Exception]
) -> None:
    whole = tar(FACTS).removesuffix(END)
    for source in (whole + tail, gz(whole + tail)):
        with pytest.raises(error):
            read(source)


@pytest.mark.parametrize("zeros", [1024, 1025, 10240, 3_000_000])
def test_any_zero_padding_may_follow_the_end(zeros: int) -> None:
    whole = tar(FACTS).removesuffix(END)
    assert read(whole + bytes(zeros)) == (GOOD, [])
    assert read(gz(whole + bytes(zeros))) == (GOOD, [])


def test_unread_members_are_skipped_and_still_proven() -> None:
    data = tar(entry(b"facts.jsonl", b"f" * 3_000_000), entry(b"nodes.jsonl", b"n"))
    with open_container(gzip.compress(data, 1)) as container:
        seen = [member.name for member in container.members(print)]
        assert seen == ["manifest.json", "facts.jsonl", "nodes.jsonl"]
        assert container.position() == container.size
    with open_container(data[:-2000]) as container, pytest.raises(Truncated):
        list(container.members(print))


def test_a_half_read_member_does_not_disturb_the_next() -> None:
    data = tar(entry(b"facts.jsonl", bytes(3_000_000)), entry(b"nodes.jsonl", b"n"))
    with open_container(gz(data)) as container:
        kept = [next(member.chunks()) for member in container.members(print)]
    assert kept[0] == MANIFEST
    assert 0 < len(kept[1]) <= 1 << 20
    assert kept[2] == b"n"


def test_a_member_cannot_be_read_twice_or_after_its_turn() -> None:
    with open_container(tar(FACTS)) as container:
        members = container.members(print)
        first = next(members)
        assert b"".join(first.chunks()) == MANIFEST
        with pytest.raises(UsageError, match="once"):
            first.chunks()
        second = next(members)
        assert next(members, None) is None
        with pytest.raises(UsageError, match="moved on"):
            list(second.chunks())


def test_a_pass_may_end_early_and_a_fresh_one_starts_at_the_beginning() -> None:
    with open_container(gz(tar(FACTS))) as container:
        early = container.members(print)
        next(early)
        early.close()  # type: ignore[attr-defined]
        assert [member.name for member in container.members(print)] == list(GOOD)
        one, two = container.members(print), container.members(print)
        assert [next(one).name, next(two).name, next(one).name] == [
            "manifest.json",
            "manifest.json",
            "facts.jsonl",
        ]


def test_every_byte_that_is_cut_off_before_the_padding_is_missed() -> None:
    data = tar(FACTS, entry(b"nodes.jsonl", b"n" * 700))
    for length in range(len(data)):
        with pytest.raises(ArchiveError):
            read(data[:length])


def test_random_flips_in_a_header_are_refused_or_change_nothing() -> None:
    data = tar(FACTS)
    for bit in range(2 * BLOCK * 8, 3 * BLOCK * 8, 3):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            kept, _ = read(bytes(flipped))
        except ArchiveError:
            continue
        assert kept == GOOD
