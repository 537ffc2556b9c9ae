"""Small archives as another program would write them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

ANN = "11111111-1111-4111-8111-111111111111"
ACME = "22222222-2222-4222-8222-222222222222"

NODES = [
    {"id": ANN, "type": "Person", "name": "Ann"},
    {"id": ACME, "type": "Firm", "name": "Acme"},
]
FACTS = [
    {
        "kind": "fact",
        "external_system": "cognee",
        "external_id": f"{ANN}:works_at:{ACME}",
        "subject_ref": ANN,
        "predicate": "works_at",
        "object_ref": ACME,
    }
]
DOCUMENTS = [
    {
        "kind": "document",
        "external_system": "notes",
        "external_id": "d1",
        "content": "Ann builds boats.",
    }
]
GRAPH = {"nodes.jsonl": NODES, "facts.jsonl": FACTS}
ALL = {"documents.jsonl": DOCUMENTS, **GRAPH}


def write_archive(path: Path, members: dict[str, list[dict[str, Any]]] = GRAPH) -> Path:
    """Write a tarball with a manifest and these members."""
    files = {"manifest.json": json.dumps({"cogx_version": "0.1", "source_system": "cognee"})}
    files |= {
        name: "".join(json.dumps(line) + "\n" for line in lines) for name, lines in members.items()
    }
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path
