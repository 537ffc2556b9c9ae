"""Knows what a store remembers of the archives that went into it, to write it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cogx.format.manifest import Embedding, Extension, Manifest
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
    return header


def united_header(kept: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of a store that took more in: what it said stays, notes are added up.

    It is complete only if both were.
    """
    if not kept:
        return dict(new)
    united = {**new, **kept}
    notes = list(dict.fromkeys([*kept.get("notes", ()), *new.get("notes", ())]))
    if notes:
        united["notes"] = notes
    if "unknown" in kept and "unknown" in new:
        united["unknown"] = {**new["unknown"], **kept["unknown"]}
    if "complete" in kept or "complete" in new:
        united["complete"] = kept.get("complete", True) and new.get("complete", True)
    return united


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
    said = [text for text in (header.get("selection"), selection) if text]
    extension = Extension(
        generator=GENERATOR,
        dataset=dataset or header.get("dataset"),
        profile=header.get("profile", "portable"),
        complete=header.get("complete", True) and selection is None,
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
