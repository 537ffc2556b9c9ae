"""Measures `cogx serve`: many clients at once, one large upload, and a cognee taking the same.

    python -m benchmarks.serve              50 clients, then an archive of 1 GiB in the background
    python -m benchmarks.serve --cognee     the same small archive by a real cognee server, too

Every server is a process of its own, and its memory is that of all its processes together. Times
of a run only compare with each other: the machine is shared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from cogx.archive.writer import ArchiveWriter
from cogx.codec.from_values import line_type
from cogx.format.manifest import Manifest

CLIENTS = 50
ROUNDS = 4
UPLOAD_BYTES = 1 << 30
_USER = "default_user@example.com"
_START_S = 120
_TICK_S = 0.25


@dataclass
class Peak:
    """How much memory a process and its children held at the most."""

    process: int
    mib: float = 0.0
    at_rest_mib: float = 0.0
    running: bool = field(default=True, repr=False)

    async def watch(self) -> None:
        """Look until told to stop."""
        while self.running:
            self.mib = max(self.mib, _tree_mib(self.process))
            await asyncio.sleep(_TICK_S)


@contextmanager
def served(directory: Path, **environment: str) -> Iterator[tuple[str, str, int]]:
    """Run `cogx serve`; give its URL, a key, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    password = secrets.token_hex(8)
    settings = {"COGX_DATA_DIR": str(directory), "DEFAULT_USER_PASSWORD": password} | environment
    log = (directory.parent / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "cogx", "serve", "--port", str(port)],
        env=os.environ | settings,
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        yield url, _key(url, password), process.pid
    finally:
        process.terminate()
        process.wait()
        log.close()


def _key(url: str, password: str) -> str:
    end = time.monotonic() + _START_S
    while True:
        try:
            httpx.get(f"{url}/health", timeout=5, trust_env=False).raise_for_status()
            break
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    with httpx.Client(base_url=f"{url}/api/v1/auth", trust_env=False) as client:
        login = {"username": _USER, "password": password}
        token = client.post("/login", data=login).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return str(client.post("/api-keys", json={"name": "bench"}, headers=headers).json()["key"])


def small_archive(entities: int = 200) -> bytes:
    """Return an archive of some entities and facts between them, packed."""
    from io import BytesIO

    packed = BytesIO()
    system = "bench"
    with ArchiveWriter(packed, manifest=Manifest(source_system=system), compression="gz") as writer:
        make, fact = line_type("entity"), line_type("fact")
        writer.write_batch(
            "entity",
            [
                make(
                    kind="entity",
                    external_system=system,
                    external_id=f"e{n}",
                    name=f"Thing {n}",
                    description=f"The {n}th thing of a small graph.",
                )
                for n in range(entities)
            ],
        )
        writer.write_batch(
            "fact",
            [
                fact(
                    kind="fact",
                    external_system=system,
                    external_id=f"f{n}",
                    subject_ref=f"e{n}",
                    predicate="knows",
                    object_ref=f"e{(n * 7 + 1) % entities}",
                )
                for n in range(entities)
            ],
        )
    return packed.getvalue()


def large_archive(path: Path, size_bytes: int) -> None:
    """Write an archive of texts that hardly compress, about as large as asked for."""
    system, text_bytes = "bench", 1 << 20
    make = line_type("document")
    with ArchiveWriter(path, manifest=Manifest(source_system=system), compression="tar") as writer:
        for number in range(size_bytes // text_bytes):
            content = secrets.token_hex(text_bytes // 2)
            writer.write_batch(
                "document",
                [
                    make(
                        kind="document",
                        external_system=system,
                        external_id=f"d{number}",
                        content=content,
                    )
                ],
            )


async def many_clients(url: str, key: str, process: int) -> dict[str, Any]:
    """Let clients push, list, recall and read, all at once; return times and the peak."""
    archive = small_archive()
    peak = Peak(process, at_rest_mib=_tree_mib(process))
    watch = asyncio.create_task(peak.watch())
    times: dict[str, list[float]] = {}
    failures: list[int] = []
    began = time.perf_counter()
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1",
        headers={"X-Api-Key": key},
        timeout=300,
        limits=httpx.Limits(max_connections=CLIENTS),
        trust_env=False,
    ) as client:

        async def one(number: int) -> None:
            name = f"bench-{number}"
            for _ in range(ROUNDS):
                await timed("push", "POST", "/remember", **_push(name, archive))
                await timed("list", "GET", "/datasets")
                body = {"query": "thing 17", "datasets": [name], "search_type": "GRAPH"}
                await timed("recall", "POST", "/recall", json=body)

        async def timed(what: str, method: str, path: str, **content: Any) -> None:
            start = time.perf_counter()
            answer = await client.request(method, path, **content)
            while answer.status_code == 429:
                await asyncio.sleep(float(answer.headers["retry-after"]))
                answer = await client.request(method, path, **content)
            times.setdefault(what, []).append(time.perf_counter() - start)
            if answer.status_code != 200:
                failures.append(answer.status_code)

        await asyncio.gather(*(one(number) for number in range(CLIENTS)))
    peak.running = False
    await watch
    return {
        "clients": CLIENTS,
        "requests": sum(map(len, times.values())),
        "failures": failures,
        "wall_s": round(time.perf_counter() - began, 1),
        "seconds": {what: _spread(some) for what, some in times.items()},
        "at_rest_mib": round(peak.at_rest_mib),
        "peak_mib": round(peak.mib),
    }


async def large_upload(url: str, key: str, process: int, path: Path) -> dict[str, Any]:
    """Push a large archive, with something small asked all the while."""
    peak = Peak(process, at_rest_mib=_tree_mib(process))
    watch = asyncio.create_task(peak.watch())
    waits: list[float] = []
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1", headers={"X-Api-Key": key}, timeout=3600, trust_env=False
    ) as client:

        async def asking() -> None:
            while peak.running:
                start = time.perf_counter()
                (await client.get("/datasets")).raise_for_status()
                waits.append(time.perf_counter() - start)
                await asyncio.sleep(_TICK_S)

        asks = asyncio.create_task(asking())
        start = time.perf_counter()
        form = {"datasetName": "large", "content_type": "cogx-archive"}
        with path.open("rb") as file:
            answer = await client.post(
                "/remember",
                data=form | {"run_in_background": "true"},
                files={"data": ("large.tar", file)},
            )
        answer.raise_for_status()
        received_s, received_mib = time.perf_counter() - start, peak.mib
        run = f"/activity/pipeline-runs/{answer.json()['pipeline_run_id']}"
        while (told := (await client.get(run)).json())["outcome"] is None:
            await asyncio.sleep(1)
        peak.running = False
        await asks
        await watch
    return {
        "bytes": path.stat().st_size,
        "outcome": told["outcome"],
        "error": told["error"],
        "receive_s": round(received_s, 1),
        "all_s": round(time.perf_counter() - start, 1),
        "at_rest_mib": round(peak.at_rest_mib),
        "receiving_mib": round(received_mib),
        "peak_mib": round(peak.mib),
        "list_meanwhile_s": _spread(waits),
    }


def one_push(url: str, key: str, archive: bytes) -> float:
    """Return the seconds of one push in the foreground."""
    start = time.perf_counter()
    answer = httpx.post(
        f"{url}/api/v1/remember",
        headers={"X-Api-Key": key},
        timeout=3600,
        trust_env=False,
        **_push("bench", archive),
    )
    answer.raise_for_status()
    return round(time.perf_counter() - start, 2)


def _push(name: str, archive: bytes) -> dict[str, Any]:
    form = {"datasetName": name, "content_type": "cogx-archive"}
    return {"data": form, "files": {"data": ("bench.cogx.tar.gz", archive)}}


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median": round(median(seconds), 3), "p95": round(quantiles(seconds, n=20)[-1], 3)}


def _tree_mib(process: int) -> float:
    """Return the memory of a process and all below it, shared pages counted once for each."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                status = (place / "status").read_text()
            except OSError:
                continue
            told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            parents[int(place.name)] = int(told["PPid"])
            sizes[int(place.name)] = int(told.get("VmRSS", "0 kB").split()[0])
    below = {process}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(sizes.get(pid, 0) for pid in below) / 1024


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cognee", action="store_true")
    parser.add_argument("--upload-bytes", type=int, default=UPLOAD_BYTES)
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        with served(place / "one") as (url, key, process):
            found["many"] = asyncio.run(many_clients(url, key, process))
        large = place / "large.tar"
        large_archive(large, asked.upload_bytes)
        limits = {"COGX_MAX_MEMBER_BYTES": str(4 << 30), "COGX_MAX_TOTAL_BYTES": str(4 << 30)}
        for store in ("sqlite", "ladybug"):
            with served(place / store, COGX_STORE=store, **limits) as (url, key, process):
                found[f"large, {store}"] = asyncio.run(large_upload(url, key, process, large))
        if asked.cognee:
            found["side by side"] = _beside_cognee(place)
    json.dump(found, sys.stdout, indent=2)
    print()


def _beside_cognee(place: Path) -> dict[str, Any]:
    from tests.interop.environment import ensure
    from tests.interop.server_process import CogneeServer

    archive = small_archive(1000)
    with served(place / "three") as (url, key, _):
        ours = [one_push(url, key, archive) for _ in range(2)]
    cognee = CogneeServer(ensure(), place / "cognee")
    try:
        theirs = [one_push(cognee.url, cognee.key, archive) for _ in range(2)]
    finally:
        cognee.stop()
    return {"cogx_s": ours, "cognee_s": theirs}


if __name__ == "__main__":
    main()
