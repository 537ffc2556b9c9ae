"""What we read in silence, the standard library reads in the same way: no second reading exists."""

from __future__ import annotations

import io
import posixpath
import tarfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.errors import ArchiveError

from .handmade import BLOCK, entry, header, longname, pax, read, tar, with_checksum

NAMES = st.sampled_from([b"facts.jsonl", b"./nodes.jsonl", b"w/entities.jsonl", b"a" * 99])
DATA = st.sampled_from([b"", b"x", b"y" * 511, b"z" * 512, b"w" * 513])
ENTRIES = st.one_of(
    st.builds(entry, NAMES, DATA),
    st.builds(lambda name, data: entry(name, data, magic=b"ustar  \0"), NAMES, DATA),
    st.builds(lambda name, data: longname(name) + entry(b"n", data), NAMES, DATA),
    st.builds(lambda name, data: pax({b"path": name}) + entry(b"n", data), NAMES, DATA),
    st.builds(
        lambda name, data: pax({b"size": b"%d" % len(data)}) + entry(name, data), NAMES, DATA
    ),
    st.builds(lambda name: header(name[:90] + b"/", 0, b"5"), NAMES),
    st.builds(lambda name: header(name, 0, b"2", link=b"x"), NAMES),
)
CHANGES = st.tuples(
    st.integers(0, 40),
    st.one_of(st.integers(0, BLOCK - 1), st.integers(100, 156), st.integers(257, 265)),
    st.sampled_from([0, 1, 0x20, 0x2F, 0x30, 0x35, 0x39, 0x4C, 0x67, 0x78, 0x80, 0xFF]),
    st.booleans(),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ENTRIES, max_size=4), st.lists(CHANGES, max_size=3))
def test_an_archive_read_in_silence_means_the_same_to_the_standard_library(
    entries: list[bytes], changes: list[tuple[int, int, int, bool]]
) -> None:
    source = bytearray(tar(*entries))
    for block, offset, value, mended in changes:
        at = block * BLOCK % len(source)
        source[at + offset] = value
        if mended:
            source[at : at + BLOCK] = with_checksum(bytes(source[at : at + BLOCK]))
    try:
        kept, found = read(bytes(source))
    except ArchiveError:
        return
    if found:
        return
    with tarfile.open(fileobj=io.BytesIO(source), mode="r:") as peer:
        files = [entry for entry in peer if entry.isreg()]
        theirs = {posixpath.basename(file.name): peer.extractfile(file) for file in files}
        assert {name: file.read() for name, file in theirs.items() if file} == kept
    assert len(files) == len(kept)
