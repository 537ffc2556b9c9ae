"""Knows the review file, in which people decide pair by pair; not what becomes of a decision.

JSON Lines or CSV, told by the name of the file. Only ``decision`` is to be edited; to choose which
of two stays, swap left and right.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from cogx.container.room import put_all, writing
from cogx.container.staged_file import StagedFile
from cogx.errors import BadSetting

MERGE: Final = "merge"
KEEP: Final = "keep"
_DECISIONS: Final = ("", MERGE, KEEP)
_MOST_TOLD: Final = 10
_FLUSH: Final = 1000
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet would compute instead of show; such a cell gets an apostrophe in front."""


class Line(Struct, kw_only=True, omit_defaults=False):
    """One pair: what is decided, how alike they are and why, and who they are.

    ``number`` is the line in the file, 0 if it was not read from one.
    """

    decision: str = ""
    score: float | None = None
    reason: str = ""
    left_id: str
    left_name: str | None = None
    left_type: str | None = None
    right_id: str
    right_name: str | None = None
    right_type: str | None = None
    shared_neighbours: int | None = None
    number: int = 0


FIELDS: Final = tuple(name for name in Line.__struct_fields__ if name != "number")
_NUMBERS: Final[dict[str, Callable[[Any], Any]]] = {
    # Half of the world's spreadsheets write a comma for the point.
    "score": lambda value: float(value.replace(",", ".") if isinstance(value, str) else value),
    "shared_neighbours": int,
}
_NEEDED: Final = ("decision", "left_id", "right_id")


def write_review(
    path: str | os.PathLike[str], lines: Iterable[Line], *, force: bool = False
) -> None:
    """Write a review file that appears when it is whole.

    Raises:
        BadSetting: the name ends in neither .jsonl nor .csv.
        AlreadyThere: the file exists and ``force`` is not set: decisions are not overwritten.
    """
    write = _csv_lines if _is_csv(path) else _json_lines
    staged = StagedFile(os.fspath(path), force=force)
    try:
        with writing(staged.path):
            for part in write(lines):
                put_all(staged.file, part.encode())
    except BaseException:
        staged.abort()
        raise
    staged.publish(private=False)


def read_review(path: str | os.PathLike[str]) -> list[Line]:
    """Return the lines of a review file.

    Raises:
        BadSetting: the file cannot be read, or lines are not right: each is told with its field
            and what to do.
    """
    read = _read_csv if _is_csv(path) else _read_json
    faults: list[str] = []
    lines: list[Line] = []
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            for number, fields in read(file, faults):
                line = _line(number, fields, faults)
                if line is not None:
                    lines.append(line)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadSetting(f"{path}: cannot be read: {reason}.") from error
    refuse(path, faults)
    return lines


def refuse(path: str | os.PathLike[str] | None, faults: Sequence[str]) -> None:
    """Raise BadSetting that tells the faults of a review file, if there are any."""
    if faults:
        more = len(faults) - _MOST_TOLD
        told = [*faults[:_MOST_TOLD], *([f"and {more:,} more."] if more > 0 else [])]
        raise BadSetting(
            f"{'The decisions' if path is None else path} cannot be applied; nothing was written.\n"
            + "\n".join(told),
            faults=list(faults),
        )


def _is_csv(path: str | os.PathLike[str]) -> bool:
    suffix = Path(path).suffix.lower()
    if suffix not in {".csv", ".jsonl"}:
        raise BadSetting(f"{os.fspath(path)}: a review file ends in .jsonl or .csv.")
    return suffix == ".csv"


def _json_lines(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        plain = {name: getattr(line, name) for name in FIELDS}
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _csv_lines(lines: Iterable[Line]) -> Iterator[str]:
    page = io.StringIO()
    rows = csv.writer(page, lineterminator="\n")
    rows.writerow(FIELDS)
    for line in lines:
        rows.writerow([_cell(getattr(line, name)) for name in FIELDS])
    yield page.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _shown_cell(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def _read_json(file: Any, faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            fields = msgspec.json.decode(text.encode())
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            fields = None
        if isinstance(fields, dict):
            yield number, fields
        else:
            faults.append(f"line {number}: not a JSON object. Restore the line, or delete it.")


def _read_csv(file: Any, faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield rows; some spreadsheets write semicolons or tabs where others write commas."""
    head = file.readline()
    mark = max(",;\t", key=head.count)
    names = next(csv.reader([head], delimiter=mark), [])
    rows = csv.reader(file, delimiter=mark, strict=True)
    number = 2  # a row with a line end inside is told by the line on which it begins
    try:
        for row in rows:
            if any(row):
                cells = map(_shown_cell, row)
                yield number, {name: text for name, text in zip(names, cells, strict=False) if text}
            number = rows.line_num + 2
    except csv.Error as error:
        faults.append(f"line {number}: not CSV ({error}). Save the table as CSV again.")


def _line(number: int, fields: dict[str, Any], faults: list[str]) -> Line | None:
    values: dict[str, Any] = {"number": number}
    found: list[str] = []
    for name in FIELDS:
        value = fields.get(name)
        try:
            values[name] = _read(name, value)
        except ValueError as error:
            found.append(f"line {number}, {name}: {error}")
    faults += found
    return None if found else Line(**values)


def _read(name: str, value: Any) -> Any:
    convert = _NUMBERS.get(name)
    if convert is not None:
        try:
            return None if value is None else convert(value)
        except (TypeError, ValueError):
            raise ValueError(
                f"{value!r:.40} is no number. Restore it, or leave it empty."
            ) from None
    if name == "decision":
        decision = value.strip().lower() if isinstance(value, str) else value
        if (decision or "") not in _DECISIONS:
            raise ValueError(f"{value!r:.40} is not known. Write merge or keep, or leave it empty.")
        return decision or ""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is not text. Restore what was proposed.")
    if name in _NEEDED and not value:
        raise ValueError("it is missing. Name the entity's external_id.")
    return value or ("" if name == "reason" else None)
