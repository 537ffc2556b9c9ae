"""Knows what a store remembers of the archives that went into it, to write it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cogx.format.manifest import CutFrom, Embedding, Extension, Manifest
from cogx.generator import GENERATOR

_PLAIN: Final = ("embedding_model", "migration_revision", "notes")
_EXTENSION: Final = {
    "dataset",
    "complete",
    "selection",
    "embedding",
    "profile",
    "dataset_schema",
}


def header_of(manifest: Manifest | None, dataset: str | None = None) -> dict[str, Any]:
    """Return what a store remembers of an archive (plain JSON).

    Args:
        dataset: the name under which it goes in; default that of the archive.
    """
    if manifest is None:
        header: dict[str, Any] = {"source_system": "unknown"}
    else:
        header = _remembered(manifest)
    if dataset is not None:
        header["dataset"] = dataset
    return header


def _remembered(manifest: Manifest) -> dict[str, Any]:
    plain = manifest.model_dump(mode="json", exclude={"cogx", "counts", "cogx_version"})
    header = {"source_system": manifest.source_system} | {
        name: plain[name] for name in _PLAIN if plain.get(name) is not None
    }
    if manifest.model_extra:
        header["unknown"] = manifest.model_extra
    extension = manifest.cogx
    if extension is not None:
        header |= extension.model_dump(mode="json", include=_EXTENSION, exclude_none=True)
        if header.get("profile") == "portable":
            del header["profile"]
        if extension.part is not None:
            header |= _part(extension.part)
    return header


def _part(part: CutFrom) -> dict[str, Any]:
    """Return what is remembered of a part: what the whole said, and which parts are there."""
    own = {"of": part.of, "numbers": [part.number], "whole": part.fingerprint.model_dump()}
    return {"complete": part.complete} | ({"parts": own} if part.of > 1 else {})


def united_header(kept: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of a store that took more in: what it said stays, notes are added up.

    It is complete only if both were, and no part of either is missing.
    """
    if not kept:
        return dict(new)
    united = {**new, **kept}
    ours, theirs = kept.get("parts"), new.get("parts")
    if ours and theirs:
        united |= _united_parts(ours, theirs)
        if not united["parts"]:
            del united["parts"]
    notes = list(dict.fromkeys([*kept.get("notes", ()), *new.get("notes", ())]))
    if notes:
        united["notes"] = notes
    if "unknown" in kept and "unknown" in new:
        united["unknown"] = {**new["unknown"], **kept["unknown"]}
    if "complete" in kept or "complete" in new:
        united["complete"] = kept.get("complete", True) and new.get("complete", True)
        if ours and theirs and not _are_of_one(ours, theirs):
            united["complete"] = False
    return united


def _united_parts(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that are there now, none if they make up the whole."""
    if not _are_of_one(ours, theirs):
        return {"parts": ours}
    numbers = sorted({*ours["numbers"], *theirs["numbers"]})
    return {"parts": {**ours, "numbers": numbers} if len(numbers) < ours["of"] else {}}


def _are_of_one(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return all(ours[name] == theirs[name] for name in ("of", "whole"))


def manifest_of(
    header: Mapping[str, Any],
    exported_at: datetime,
    *,
    dataset: str | None = None,
    notes: tuple[str, ...] = (),
    selection: str | None = None,
) -> Manifest:
    """Return the manifest of an archive that is made from a store with this header.

    Args:
        selection: what was chosen, in words, if not everything.
    """
    embedding = header.get("embedding")
    parts = header.get("parts")
    lacks = None
    if parts:
        there = ", ".join(map(str, parts["numbers"]))
        lacks = f"of {parts['of']} parts of an archive: {there}"
    said = [text for text in (header.get("selection"), lacks, selection) if text]
    extension = Extension(
        generator=GENERATOR,
        dataset=dataset or header.get("dataset"),
        profile=header.get("profile", "portable"),
        complete=header.get("complete", True) and selection is None and lacks is None,
        selection="; ".join(said) or None,
        embedding=Embedding(**embedding) if embedding else None,
        dataset_schema=header.get("dataset_schema"),
    )
    return Manifest(
        source_system=header.get("source_system", "unknown"),
        exported_at=exported_at,
        embedding_model=header.get("embedding_model"),
        migration_revision=header.get("migration_revision"),
        notes=[*header.get("notes", []), *notes],
        cogx=extension,
        **header.get("unknown", {}),
    )
