"""Knows one 512-byte tar header and the records of a pax header; refuses what reads in two ways.

Must never know about streams, files or which names are welcome.
Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLOCK_BYTES: Final = 512
ZERO_BLOCK: Final = bytes(BLOCK_BYTES)
OCTAL_SIZE_LIMIT: Final = 1 << 33
"""Sizes from here on do not fit the eleven octal digits of a header."""

_SIZE_LIMIT: Final = 1 << 62
_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE = slice(156, 157)
_MAGIC = slice(257, 263)
_PREFIX = slice(345, 500)
_UNUSED_NUMBERS = (
    slice(100, 108),
    slice(108, 116),
    slice(116, 124),
    slice(136, 148),
    slice(329, 337),
    slice(337, 345),
)
"""Mode, owner, group, modification time, device numbers."""

_SPARSE_CONTINUED = 482
_SPARSE_MAP_CONTINUED = 504


class BadHeader(ValueError):
    """A header that cannot be read in exactly one way."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a reader needs of one header: the name as bytes, the type flag, the size in bytes.

    ``continued`` tells that blocks of an old GNU sparse map follow the header.
    """

    name: bytes
    kind: bytes
    size: int
    continued: bool = False


def decode_header(block: bytes) -> Header:
    """Return what the block says.

    Raises:
        BadHeader: The checksum or a number is not as written by any tar.

    """
    if not has_checksum(block):
        raise BadHeader("a tar header with a wrong checksum")
    name = _text(block[_NAME])
    if block[_MAGIC] == b"ustar\0" and (prefix := _text(block[_PREFIX])):
        name = prefix + b"/" + name
    for field in _UNUSED_NUMBERS:
        _demand_number(block[field])
    kind = block[_TYPE]
    continued = kind == b"S" and block[_SPARSE_CONTINUED] != 0
    return Header(name, kind, _number(block[_SIZE]), continued)


def is_sparse_map_continued(block: bytes) -> bool:
    """Tell whether another block of an old GNU sparse map follows this one."""
    return block[_SPARSE_MAP_CONTINUED] != 0


def has_checksum(block: bytes) -> bool:
    """Tell whether the block carries its own checksum, unsigned or, as old tars did, signed."""
    if len(block) != BLOCK_BYTES or block == ZERO_BLOCK:
        return False
    try:
        stated = _octal(block[_CHECKSUM])
    except BadHeader:
        return False
    rest = block[: _CHECKSUM.start] + b" " * 8 + block[_CHECKSUM.stop :]
    unsigned = sum(rest)
    return stated in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _number(field: bytes) -> int:
    if not field[0] & 0x80:
        return _octal(field)
    if field[0] & 0x40:
        raise BadHeader("a tar header with a negative size")
    value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
    if value >= _SIZE_LIMIT:
        raise BadHeader("a tar header with an impossible size")
    return value


def _demand_number(field: bytes) -> None:
    # Never used here, but other readers stop, some silently, where they cannot read one.
    if field[0] not in (0x80, 0xFF) and field.strip(b" \0"):
        _octal(field)


def _octal(field: bytes) -> int:
    digits = field.lstrip(b" ").rstrip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise BadHeader("a tar header with a number that is not octal")
    return int(digits, 8)


def decode_pax(data: bytes) -> dict[bytes, bytes]:
    """Return the records of a pax header: length, blank, key, equals sign, value, newline.

    Raises:
        BadHeader: A length that is not exact, or a key given twice.

    """
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        digits = data[at : at + 8].split(b" ", 1)[0]
        if not digits.isdigit() or digits.startswith(b"0"):
            raise BadHeader("a pax header with a record without length")
        end = at + int(digits)
        record = data[at + len(digits) : end]
        key, equals, value = record[1:-1].partition(b"=")
        exact = end <= len(data) and record[:1] == b" " and record[-1:] == b"\n"
        if not exact or not equals or not key:
            raise BadHeader("a pax header with a record of a wrong length")
        if key in records:
            raise BadHeader("a pax header with one key twice")
        records[key] = value
        at = end
    return records


def decode_pax_size(value: bytes, header: Header) -> int:
    """Return the size that a pax header gives to the entry of ``header``.

    It may differ from the header's own only where that one has too few digits.
    """
    if not value.isdigit() or len(value) > 19 or int(value) >= _SIZE_LIMIT:
        raise BadHeader("a pax header with a size that is no number")
    size = int(value)
    if size != header.size and size < OCTAL_SIZE_LIMIT:
        raise BadHeader("a pax header whose size is not the tar header's")
    return size


def encode_header(name: str, size: int, *, mode: int, mtime: int, kind: bytes = b"0") -> bytes:
    """Return the ustar block of a regular file, owned by nobody in particular."""
    fields = (
        name.encode().ljust(100, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % (size if size < OCTAL_SIZE_LIMIT else 0),
        b"%011o\0" % mtime,
        b" " * 8,
        kind,
        bytes(100),
        b"ustar\x0000",
    )
    block = b"".join(fields).ljust(BLOCK_BYTES, b"\0")
    return block[: _CHECKSUM.start] + b"%06o\0 " % sum(block) + block[_CHECKSUM.stop :]


def encode_entry(name: str, size: int, *, mode: int, mtime: int) -> bytes:
    """Return all header blocks of a member; a size beyond ustar goes into a pax record."""
    header = encode_header(name, size, mode=mode, mtime=mtime)
    if size < OCTAL_SIZE_LIMIT:
        return header
    text = b" size=%d\n" % size
    length = len(text) + 2
    record = b"%d%s" % (length, text)
    pax = encode_header(f"PaxHeaders/{name}"[:100], len(record), mode=mode, mtime=mtime, kind=b"x")
    return pax + record.ljust(BLOCK_BYTES, b"\0") + header
