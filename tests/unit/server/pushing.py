"""Knows how archives are made, pushed and waited for in tests of the server."""

from __future__ import annotations

import gzip
import time
from io import BytesIO
from typing import Any

import httpx

from cogx.archive.writer import ArchiveWriter
from cogx.container import create_container, open_container
from cogx.format.manifest import Manifest

from .running import Running

_LOOKS = 600
_EVERY_S = 0.05


def archive(*records: Any, system: str = "tests", permissions: bytes | None = None) -> bytes:
    """Return a packed archive of some records."""
    target = BytesIO()
    with ArchiveWriter(target, manifest=Manifest(source_system=system), compression="gz") as writer:
        writer.write(*records)
    return target.getvalue() if permissions is None else _with(target.getvalue(), permissions)


def _with(packed: bytes, permissions: bytes) -> bytes:
    target = BytesIO()
    with open_container(packed) as container:
        members = {one.name: b"".join(one.chunks()) for one in container.members(lambda _: None)}
    manifest = members.pop("manifest.json")
    writer = create_container(target, compression="gz")
    writer.write("permissions.json", permissions)
    for name, content in members.items():
        writer.write(name, content)
    writer.publish(manifest)
    return target.getvalue()


def broken(packed: bytes, old: bytes, new: bytes) -> bytes:
    """Return an archive whose records are not any more what its manifest says."""
    return gzip.compress(gzip.decompress(packed).replace(old, new))


def push(client: httpx.Client, content: bytes, name: str = "kb", **fields: Any) -> httpx.Response:
    """Push an archive as a cognee client does."""
    form = {"datasetName": name, "content_type": "cogx-archive"} | fields
    return client.post("/api/v1/remember", data=form, files={"data": ("kb.tar.gz", content)})


def pushed(client: httpx.Client, *records: Any, name: str = "kb") -> str:
    """Push records and return the id of the dataset that holds them."""
    answer = push(client, archive(*records), name)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["dataset_id"])


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """Return a run once it has ended."""
    for _ in range(_LOOKS):
        run: dict[str, Any] = client.get(f"/api/v1/activity/pipeline-runs/{run_id}").json()
        if run["outcome"] is not None:
            return run
        time.sleep(_EVERY_S)
    raise AssertionError("the run did not end")


def files_of(server: Running, dataset_id: str) -> list[str]:
    """Return what lies in a dataset's directory."""
    place = server.context.places.root / "datasets" / dataset_id
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
