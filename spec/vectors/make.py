"""Writes the vectors beside it: ``python spec/vectors/make.py``; ``--check`` only compares.

The inputs are chosen by hand below; the outputs come from reference.py, which knows
spec/format.md and nothing of cogx. Ids that cognee itself gave stand here as observed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import reference as ref  # noqa: E402 - found beside this file
from cases import (  # noqa: E402
    ARCHIVES,
    CANONICAL,
    ENTITY_IDS,
    FACTS,
    FOLDED,
    NODES,
    REFUSED_LINES,
    TIMESTAMPS,
    TYPED_TEXTS,
    VERSIONS,
)


def canonical_json() -> list[dict[str, Any]]:
    """Return JSON texts with their canonical text, and lines that are refused."""
    cases = [
        {"name": name, "json": text, "canonical": ref.canonical(json.loads(text))}
        for name, text in CANONICAL
    ]
    for name, text, code in REFUSED_LINES:
        try:
            ref.canonical(ref.parse_object(text))
        except ref.Refused as error:
            assert str(error) == code, (name, error)
        else:
            raise AssertionError(f"{name}: not refused")
        cases.append({"name": name, "json": text, "refused": code})
    return cases


def fingerprints() -> list[dict[str, Any]]:
    """Return small archives with what is hashed, the digests and both sums."""
    return [_archive(**one) for one in ARCHIVES]


def _archive(
    name: str,
    members: dict[str, list[str]],
    typed: bool = True,
    value_types: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    hashed: dict[str, list[str]] = {}
    records: list[dict[str, Any]] = []
    for member, lines in members.items():
        kind = ref.KIND_OF_MEMBER[member]
        for line in lines:
            if not line.strip(" \t\r"):
                records.append({"member": member, "line": line, "hashed": None})
                continue
            text = ref.canonical_record(kind, line, typed=typed, declared=value_types or [])
            hashed.setdefault(kind, []).append(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            records.append({"member": member, "line": line, "hashed": text, "sha256": digest})
    return {
        "name": name,
        "extension": typed,
        "value_types": value_types or [],
        "records": records,
        "fingerprint": ref.fingerprint(hashed),
    }


def timestamps() -> list[dict[str, Any]]:
    """Return accepted and refused timestamps."""
    cases = []
    for name, value in TIMESTAMPS:
        try:
            text, warnings = ref.timestamp(value)
            cases.append({"name": name, "value": value, "canonical": text, "warnings": warnings})
        except ref.Refused as error:
            cases.append({"name": name, "value": value, "refused": str(error)})
    return cases


def identities() -> list[dict[str, Any]]:
    """Return names and the ids made of them."""
    cases: list[dict[str, Any]] = []
    for name, entity, entity_type in ENTITY_IDS:
        normal = ref.normalised(name)
        assert ref.named_uuid(f"Entity:{normal}") == entity, name
        assert ref.named_uuid(f"EntityType:{normal}") == entity_type, name
        cases.append({"rule": "entity", "name": name, "normalised": normal, "id": entity})
        cases.append({"rule": "entity_type", "name": name, "normalised": normal, "id": entity_type})
    data = ref.named_uuid("cogx:mem0:m1")
    assert data == "5d4e8fa2-d658-5875-8e27-2a76d7591c00"
    cases.append({"rule": "data", "external_system": "mem0", "external_id": "m1", "id": data})
    for name, entity_type in FOLDED:
        case = {"rule": "folded", "name": name, "entity_type": entity_type}
        made = {"folded": ref.folded(name), "id": ref.folded_id(name, entity_type)}
        cases.append(case | made)
    for system, identity in NODES:
        made_id = ref.profile_id(system, identity)
        case = {"rule": "node", "source_system": system, "external_id": identity, "id": made_id}
        cases.append(case)
    taken: set[str] = set()
    for fields in FACTS:
        ends = fields["subject_ref"], fields["predicate"], fields["object_ref"]
        given = ref.fact_id(*ends)
        content = ref.canonical({"kind": "fact", "external_system": "unknown"} | fields)
        if given in taken:
            given = ref.fact_id(*ends, content)
        taken.add(given)
        cases.append({"rule": "fact", "fields": fields, "content": content, "id": given})
    return cases


def typed_values() -> list[dict[str, Any]]:
    """Return texts that a tag allows, or does not."""
    cases = []
    for tag, text, allowed, written in TYPED_TEXTS:
        assert ref.is_text_of(tag, text) is allowed, (tag, text)
        case: dict[str, Any] = {"tag": tag, "text": text, "allowed": allowed}
        if allowed:
            case["written"] = written or text
        cases.append(case)
    return cases


def versions() -> list[dict[str, Any]]:
    """Return versions and how a reader of COGX 0.1 takes them."""
    return [{"version": version, "reading": ref.version_reading(version)} for version in VERSIONS]


FILES = {
    "canonical-json.json": ("canonical-json", canonical_json),
    "fingerprint.json": ("fingerprint", fingerprints),
    "timestamps.json": ("timestamps", timestamps),
    "identity.json": ("identity", identities),
    "typed-values.json": ("typed-values", typed_values),
    "versions.json": ("versions", versions),
}


def texts() -> dict[str, str]:
    """Return file name -> content of every vector file."""
    return {
        name: json.dumps({"cogx_version": "0.1", "clause": clause, "cases": cases()}, indent=1)
        + "\n"
        for name, (clause, cases) in FILES.items()
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with --check tell whether they are in step."""
    stale = [name for name, text in texts().items() if not _holds(HERE / name, text)]
    if arguments == ["--check"]:
        for name in stale:
            sys.stdout.write(f"spec/vectors/{name} is out of step: run spec/vectors/make.py\n")
        return 1 if stale else 0
    for name, text in texts().items():
        (HERE / name).write_text(text, "ascii")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("ascii") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
