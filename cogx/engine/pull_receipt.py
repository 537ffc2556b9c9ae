"""Knows what a finished pull says of itself: what came, what did not, what is never given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields

from cogx.archive.writer import Target
from cogx.engine.gathering import Found
from cogx.engine.graph_spool import GraphSpool
from cogx.engine.receipt import Receipt
from cogx.remote.dataset import RemoteDataset


@dataclass(slots=True)
class PullReceipt(Receipt):
    """A receipt that also says what came from the server.

    ``received`` counts nodes, edges, files and bytes; ``failed`` names files that the server
    lists and did not give, with its reason. ``from_cogx``: the server sent an archive, which
    holds everything; else ``declared`` counts what a cognee never gives.
    """

    received: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    from_cogx: bool = False


def receipt_of(
    receipt: Receipt, remote: RemoteDataset, archive: Target, *, from_cogx: bool = False
) -> PullReceipt:
    """Return the receipt of a pull with all that one of an export says."""
    plain = {one.name: getattr(receipt, one.name) for one in fields(Receipt)}
    plain["source"] = f"{remote.server.url} dataset {remote.name}"
    plain["target"] = str(archive) if isinstance(archive, str | os.PathLike) else "<archive>"
    return PullReceipt(**plain, from_cogx=from_cogx)


def tell(receipt: PullReceipt, found: Found, spool: GraphSpool) -> None:
    """Say what came, what did not, and what a cognee never gives."""
    receipt.received = dict(found.received)
    receipt.failed = list(found.failed)
    receipt.losses |= found.losses
    receipt.warnings |= found.warnings
    receipt.notes += found.notes
    for kind, number in found.left_out.items():
        receipt.left_out[kind] = receipt.left_out.get(kind, 0) + number
    nodes, _ = spool.counts()
    never = {
        "pull.edge-properties": spool.bare_edges(),
        "pull.timestamps": nodes,
        "pull.provenance": nodes,
        "pull.nulls": nodes,
        "pull.file-details": found.received.get("files listed", 0),
    }
    receipt.declared |= {code: number for code, number in never.items() if number}
    ends = spool.missing_ends()
    if ends:
        receipt.warnings["pull.missing-ends"] = ends


def compare(receipt: PullReceipt, spool: GraphSpool) -> None:
    """Hold what is in the archive against what came: each node and edge is one record."""
    nodes, edges = spool.counts()
    written = {kind: receipt.counts.get(kind, 0) for kind in ("entity", "raw_node", "fact")}
    missing = nodes - written["entity"] - written["raw_node"], edges - written["fact"]
    for code, number in zip(("pull.nodes", "pull.edges"), missing, strict=True):
        if number:
            receipt.losses[code] = abs(number)
