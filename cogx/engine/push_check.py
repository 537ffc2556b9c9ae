"""Knows how to hold what a server shows of a dataset against what was pushed into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cogx.archive.reader import open_archive
from cogx.limits import Limits
from cogx.progress import Progress
from cogx.remote.dataset import find_dataset
from cogx.remote.graph_answer import GraphAnswer
from cogx.remote.server import Server

Hashes = npt.NDArray[np.int64]
_SILENCE_S: Final = 3600.0
"""A cognee gathers the whole graph before it says the first word of it."""


def missing_there(
    server: Server, dataset: str, pushed: Sequence[Path], progress: Progress
) -> dict[str, int]:
    """Return, by code, how much of pushed archives the server does not show; {} if nothing.

    Nodes are looked for by id and by name, edges by their ends and predicate: what a server shows
    of them. What else it holds is nobody's loss.

    Raises:
        RemoteError: the server cannot be asked, or shows no graph.
    Cost: one pass over the archives and the server's graph; 8 bytes of memory for each id, name and
    edge that was pushed or is shown.
    """
    ids, names, edges = _in_archives(pushed)
    there_ids, there_names, there_edges = _on_server(server, dataset, progress)
    found = {
        "push.node-missing": _absent(ids, there_ids),
        "push.name-differs": _absent(names, there_names) - _absent(ids, there_ids),
        "push.edge-missing": _absent(edges, there_edges),
    }
    return {code: number for code, number in found.items() if number > 0}


def _in_archives(paths: Sequence[Path]) -> tuple[Hashes, Hashes, Hashes]:
    ids: list[Hashes] = []
    names: list[Hashes] = []
    edges: list[Hashes] = []
    for path in paths:
        with open_archive(path, limits=Limits.none()) as archive:
            for block in archive.iter_blocks("raw_node", "entity"):
                own = block.ids()
                ids.append(_hashes(own))
                named = zip(own, map(_name_of, block.records), strict=True)
                names.append(_hashes(f"{one}\n{name}" for one, name in named if _is_text(name)))
            for block in archive.iter_blocks("fact"):
                edges.append(
                    _hashes(
                        f"{f.subject_ref}\n{f.predicate}\n{f.object_ref}" for f in block.records
                    )
                )
    return _joined(ids), _joined(names), _joined(edges)


def _on_server(server: Server, dataset: str, progress: Progress) -> tuple[Hashes, Hashes, Hashes]:
    there = find_dataset(server, dataset)
    answer = GraphAnswer(server.url + there.graph_path)
    ids: list[Hashes] = []
    names: list[Hashes] = []
    edges: list[Hashes] = []
    progress.begin("look at server", total=None, unit="rows")
    with there.graph(silence_s=_SILENCE_S) as chunks:
        for batch in answer.iter_batches(chunks):
            if batch[0] == "nodes":
                ids.append(_hashes(node.id for node in batch[1]))
                names.append(_hashes(f"{node.id}\n{node.label}" for node in batch[1]))
            else:
                edges.append(
                    _hashes(f"{edge.source}\n{edge.label}\n{edge.target}" for edge in batch[1])
                )
            progress.advance(len(batch[1]))
    progress.end()
    return _joined(ids), _joined(names), _joined(edges)


def _name_of(record: Any) -> Any:
    return record.properties.get("name") if record.kind == "raw_node" else record.name


def _is_text(name: object) -> bool:
    return isinstance(name, str) and name != ""


def _hashes(texts: Iterable[str]) -> Hashes:
    return np.fromiter(map(hash, texts), np.int64)


def _joined(parts: list[Hashes]) -> Hashes:
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _absent(wanted: Hashes, there: Hashes) -> int:
    return int((~np.isin(wanted, there, assume_unique=True)).sum())
