"""What the tests of the command line share: calls in this process, and calls as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from cogx.cli.main import main

from . import little_store

ROOT = Path(__file__).parents[3]
REAL = ROOT / "fixtures" / "archives" / "real-small.cogx.tar.gz"


@dataclass
class Told:
    code: int
    out: str
    err: str
    raw: bytes

    def json(self) -> Any:
        return json.loads(self.out)

    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]


class _Program:
    """What CliRunner calls: main(), whose number becomes the exit code."""

    name = "cogx"

    def main(self, args: Sequence[str], prog_name: str, **_: object) -> None:
        sys.exit(main(args))


Call = Callable[..., Told]
Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line in this process, in a directory of its own."""
    monkeypatch.chdir(tmp_path)

    def called(*words: object, stdin: bytes | None = None) -> Told:
        result = CliRunner().invoke(_Program(), list(map(str, words)), input=stdin)  # type: ignore[arg-type]
        return Told(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)

    return called


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command line as a process of its own."""

    def ran(
        *words: object, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "cogx", *map(str, words)],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            timeout=60,
            check=False,
        )

    return ran


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the URI of a store that does not exist yet."""
    module = ModuleType("cogx.stores.json_graph")
    module.open_reader = little_store.open_reader  # type: ignore[attr-defined]
    module.open_writer = little_store.open_writer  # type: ignore[attr-defined]
    module.is_vacant = little_store.is_vacant  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cogx.stores.json_graph", module)
    return "json:graph"


Members = dict[str, bytes]


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.fixture
def good() -> Members:
    """Give the members of a small archive that is valid and deserves no warning."""
    return {
        "manifest.json": json.dumps(
            {"cogx_version": "0.1", "counts": {"raw_node": 2, "entity": 1, "fact": 1}}
        ).encode(),
        "nodes.jsonl": lines(
            {"id": "n1", "type": "Person", "name": "Ada", "age": 36},
            {"id": "n2", "type": "City", "name": "London"},
        ),
        "entities.jsonl": lines(
            {"kind": "entity", "external_id": "e1", "name": "Engine", "entity_type": "Machine"}
        ),
        "facts.jsonl": lines(
            {
                "kind": "fact",
                "external_id": "f1",
                "subject_ref": "n1",
                "predicate": "lives_in",
                "object_ref": "n2",
            }
        ),
    }


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, Members], Path]:
    """Write members as a directory, or as a tarball if the name says so."""

    def written(name: str, members: Members) -> Path:
        folder = tmp_path / name.removesuffix(".tar.gz")
        folder.mkdir()
        for member, data in members.items():
            (folder / member).write_bytes(data)
        if not name.endswith(".tar.gz"):
            return folder
        with tarfile.open(tmp_path / name, "w:gz") as tar:
            for member in members:
                tar.add(folder / member, member)
        return tmp_path / name

    return written


Put = Callable[[str, Members], Path]
