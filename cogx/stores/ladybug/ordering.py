"""Knows how blocks of rows in any order come back in order, with bounded memory.

Blocks are sorted one by one; what does not fit in memory waits in temporary files, and the
sorted runs are merged by whole blocks. Text is compared by its UTF-8 bytes, which is the order
of code points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

_LEAST_ROWS: Final = 256


class Room:
    """The memory that sorted blocks may share; what finds none goes to disk."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes

    def take(self, size_bytes: int) -> bool:
        """Reserve memory if there is enough."""
        if size_bytes > self._left:
            return False
        self._left -= size_bytes
        return True


def in_order(
    blocks: Iterable[pa.Table],
    keys: list[str],
    *,
    runs_at: Path,
    room: Room,
    merge_rows: int,
) -> Iterator[pa.Table]:
    """Yield the rows of all blocks, sorted by ``keys``, in blocks of any size.

    Args:
        runs_at: where files begin to be named, for runs that find no room.
        merge_rows: how many rows all runs together may hold while they are merged.
    Cost: every row is written and read once more if there is more than one block.
    """
    runs: list[pa.Table | Path] = []
    for block in blocks:
        if not block.num_rows:
            continue
        run = _sorted(block, keys)
        if room.take(run.nbytes):
            runs.append(run)
        else:
            runs.append(_save(run, runs_at.with_name(f"{runs_at.name}.{len(runs)}.arrow")))
        del block, run  # a generator that waits would keep the last of them
    step = max(_LEAST_ROWS, merge_rows // max(1, len(runs)))
    if len(runs) == 1:
        yield from _pieces(runs[0], step)
    else:
        yield from _merged([_pieces(run, step) for run in runs], keys)


def _sorted(block: pa.Table, keys: list[str]) -> pa.Table:
    return block.take(pc.sort_indices(block, [(key, "ascending") for key in keys]))


def _save(run: pa.Table, path: Path) -> Path:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, run.schema) as writer:
        writer.write_table(run, max_chunksize=_LEAST_ROWS)
    return path


def _pieces(run: pa.Table | Path, step: int) -> Iterator[pa.Table]:
    if isinstance(run, pa.Table):
        for start in range(0, run.num_rows, step):
            yield run.slice(start, step)
        return
    with pa.OSFile(str(run)) as source:  # a memory map would stay resident
        reader = pa.ipc.open_file(source)
        per_piece = max(1, step // _LEAST_ROWS)
        for start in range(0, reader.num_record_batches, per_piece):
            stop = min(start + per_piece, reader.num_record_batches)
            yield pa.Table.from_batches([reader.get_batch(i) for i in range(start, stop)])


def _merged(runs: list[Iterator[pa.Table]], keys: list[str]) -> Iterator[pa.Table]:
    """Yield what is certain to come before everything not yet read, until all is read."""
    first = keys[0]
    heads = {number: piece for number, run in enumerate(runs) if (piece := next(run, None))}
    while heads:
        last = {number: piece[first][-1].as_py() for number, piece in heads.items()}
        # Within UTF-8, Python's order of text is the order of bytes.
        bound = min(last.values())
        certain = []
        for number, piece in list(heads.items()):
            count = _at_most(piece[first], bound)
            certain.append(piece.slice(0, count))
            rest = piece.slice(count)
            following = rest if rest.num_rows else next(runs[number], None)
            if following is None:
                del heads[number]
            else:
                heads[number] = following
        yield _sorted(pa.concat_tables(certain), keys)


def _at_most(column: pa.ChunkedArray, bound: str) -> int:
    """Return how many of the sorted values are not above the bound."""
    low, high = 0, len(column)
    while low < high:
        middle = (low + high) // 2
        if column[middle].as_py() <= bound:
            low = middle + 1
        else:
            high = middle
    return low
