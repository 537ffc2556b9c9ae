"""A whole push, packing included, takes the same memory whatever the archive's size."""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cogx
from tests.unit.archive.made import archive, document, entity
from tests.unit.memory import PEAK
from tests.unit.remote.cognee_like import Answer, CogneeLike

TEXT_BYTES = 96 << 10
ENTITIES = 2000
COGX = {"cogx_versions": ["0.1"], "import_modes": ["preserve"], "max_members": None,
        "max_member_bytes": None, "max_total_bytes": None}  # fmt: skip

_MEASURED = """
import sys
import httpx, numpy
from cogx import push_sync
how = {"url": sys.argv[1], "api_key": "secret", "target_dataset": "kb"}
started = peak()
push_sync(sys.argv[2], dry_run=True, **how)
small = peak()
done = push_sync(sys.argv[3], **how)
assert done.finished, done.to_json()
print(small - started, peak() - started)
"""


def written(path: Path, size: int) -> Path:
    """Write an archive of a graph and of so many bytes of texts that do not compress."""
    chance = random.Random(5)
    with cogx.ArchiveWriter(path) as target:
        for number in range(max(1, size // TEXT_BYTES)):
            text = base64.b64encode(chance.randbytes(TEXT_BYTES * 3 // 4)).decode()
            write(target, document(f"d{number}", content=text))
        write(target, *(entity(f"e{number}") for number in range(ENTITIES)))
    return path


def write(target: Any, *records: Any) -> None:
    with cogx.open_archive(archive(*records)) as source:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)


@pytest.mark.parametrize("capabilities", [None, COGX], ids=["cognee", "cogx"])
def test_memory_does_not_grow_with_the_archive(
    tmp_path: Path, capabilities: dict[str, Any] | None
) -> None:
    # COGX_HUGE_UPLOAD=1 pushes the 2 GiB that the promise is about, where the server has no limits.
    huge = bool(os.environ.get("COGX_HUGE_UPLOAD")) and capabilities is not None
    size = (3 << 30) if huge else (32 << 20)
    small = written(tmp_path / "small.cogx.tar.gz", 0)
    large = written(tmp_path / "large.cogx.tar.gz", size)
    item = {"kind": "migration_import", "record_counts": {"document": 1 << 30, "entity": 1 << 30,
            "raw_node": 1 << 30}}  # fmt: skip
    with CogneeLike(key="secret") as server:
        server.capabilities = capabilities
        server.swallows = True
        server.spoiled = Answer(200, {"status": "completed", "items": [item]})
        run = subprocess.run(
            [sys.executable, "-c", PEAK + _MEASURED, server.url, str(small), str(large)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    small_kib, large_kib = map(int, run.stdout.split())
    assert large_kib < 100 << 10
    assert large_kib - small_kib < 24 << 10
    assert server.uploads[0].size > size * 7 // 10
