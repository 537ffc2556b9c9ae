"""Knows how a real cognee fills, exports and shows a dataset; runs beside cognee only.

Must never go round cognee: every step is the function that its own server or SDK calls.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cognee
from cognee.context_global_variables import set_database_global_context_variables
from cognee.infrastructure.databases.graph import get_graph_engine
from cognee.modules.data.methods import create_authorized_dataset, get_authorized_existing_datasets
from cognee.modules.migration import COGXArchiveSource, import_memory_source
from cognee.modules.migration.archive import pack_archive, unpack_archive
from cognee.modules.migrations.startup import run_migrations_and_block
from cognee.modules.users.methods import get_default_user
from peer_archive import write_lines


async def import_archive(
    archive: Path, dataset: str, mode: str, *, graph_only: bool = False
) -> dict[str, Any]:
    """Import an archive the way the server's upload route does; return its own counters."""
    with tempfile.TemporaryDirectory() as folder:
        with archive.open("rb") as packed:
            root = unpack_archive(packed, folder)
        source = COGXArchiveSource(root, mode=mode)
        result = await import_memory_source(source, dataset_name=dataset, graph_only=graph_only)
    answer: dict[str, Any] = result.to_dict()
    imports = [item for item in answer.get("items", []) if item.get("kind") == "migration_import"]
    return {
        "status": answer["status"],
        "items_processed": answer["items_processed"],
        **{key: value for item in imports for key, value in item.items()},
    }


async def export_archive(
    dataset: str, archive: Path, *, permissions: bool = False
) -> dict[str, Any]:
    """Export a dataset with cognee.export and pack it with cognee's own packer."""
    with tempfile.TemporaryDirectory() as folder:
        result = await cognee.export(
            dataset,
            format="cogx",
            destination=Path(folder, "cogx"),
            include_permissions=permissions,
        )
        pack_archive(Path(folder, "cogx"), archive)
    return {
        "nodes": result.num_nodes,
        "edges": result.num_edges,
        "bytes": archive.stat().st_size,
    }


async def show_graph(dataset: str, out: Path | None) -> dict[str, Any]:
    """Count a dataset's nodes and edges; write them to ``out`` as JSON lines.

    The lines have the shape that benchmarks/peer.py reads: all nodes, then all edges. The
    "SELF" loops that the engine makes up for a graph without edges are left out, as in
    every export of cognee.
    """
    async with opened(dataset, "read"):
        engine = await get_graph_engine()
        nodes, edges = await engine.get_graph_data()
    edges = [edge for edge in edges if not (edge[2] == "SELF" and edge[0] == edge[1])]
    if out is not None:
        lines: list[Any] = [{"node": {"id": str(key), **value}} for key, value in nodes]
        lines += [{"edge": [str(edge[0]), str(edge[1]), *edge[2:]]} for edge in edges]
        write_lines(out, lines)
    return {"nodes": len(nodes), "edges": len(edges)}


@asynccontextmanager
async def opened(dataset: str, permission: str) -> AsyncIterator[None]:
    """Enter the databases of a dataset; only for "write" is an absent one made."""
    await run_migrations_and_block(dataset, None)
    user = await get_default_user()
    found = await get_authorized_existing_datasets([dataset], permission, user)
    if not found and permission == "read":
        raise LookupError(f"no dataset {dataset!r} in this home")
    place = found[0] if found else await create_authorized_dataset(dataset, user)
    async with set_database_global_context_variables(place.id, place.owner_id):
        yield
