"""Knows where a local cognee keeps its files; opens none and never imports cognee."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from cogx.errors import BadSetting

ROOT_VARIABLE: Final = "SYSTEM_ROOT_DIRECTORY"
DATA_VARIABLE: Final = "DATA_ROOT_DIRECTORY"
_SYSTEM: Final = ".cognee_system"
_RELATIONAL: Final = Path("databases", "cognee_db")
_TAIL_PARTS: Final = 3
"""A document lies at ``OWNER/FILE`` or ``OWNER/MD5/FILE`` below the data root."""


def find_root(given: str | Path | None) -> Path:
    """Return cognee's system root: given, from the environment, or of an installed cognee.

    Raises:
        BadSetting: there is none, or no SQLite side of a cognee lies in it.
    """
    if given is not None:
        root, told_by = Path(given).expanduser(), "root"
    elif os.environ.get(ROOT_VARIABLE):
        root, told_by = Path(os.environ[ROOT_VARIABLE]).expanduser(), ROOT_VARIABLE
    else:
        root, told_by = _beside_package(), "the cognee that is installed here"
    if not (root / _RELATIONAL).is_file():
        raise BadSetting(
            f"{root} (from {told_by}) is no system root of cognee: it has no {_RELATIONAL}. "
            f"Name cognee's {ROOT_VARIABLE} with root=DIR. A cognee that keeps its accounts in "
            "PostgreSQL (DB_PROVIDER) cannot be read directly."
        )
    return root


def relational_file(root: Path) -> Path:
    """Return the path of the SQLite side."""
    return root / _RELATIONAL


def graph_file(root: Path, owner: str, name: str) -> Path:
    """Return the path of a dataset's own graph; ``owner`` is a UUID with dashes."""
    return root / "databases" / owner / name


def shared_graph_file(root: Path) -> Path:
    """Return the path of the one graph that all datasets share without access control."""
    folder = Path(os.environ.get("GRAPH_FILE_PATH") or root / "databases").expanduser()
    named = os.environ.get("GRAPH_FILENAME")
    if named:
        return folder / named
    older = folder / "cognee_graph_kuzu"
    return older if older.exists() else folder / "cognee_graph_ladybug"


def shares_one_graph() -> bool:
    """Tell whether the environment switches cognee's access control off."""
    return os.environ.get("ENABLE_BACKEND_ACCESS_CONTROL", "true").lower() != "true"


def document_file(location: str | None, data: str | Path | None) -> Path | None:
    """Return the file that a location of a document means, None if it is not to be found.

    A data root that was moved is looked through for the end of the path.
    """
    if not location:
        return None
    parts = urlsplit(location)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
    elif len(parts.scheme) > 1:  # s3 and the like; one letter is a drive
        return None
    else:
        path = Path(location)
    candidates = [path]
    moved = data or os.environ.get(DATA_VARIABLE)
    if moved:
        tails = (path.parts[-count:] for count in range(_TAIL_PARTS, 0, -1))
        candidates += [Path(moved).expanduser().joinpath(*tail) for tail in tails]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def location_name(location: str) -> str:
    """Return the last part of a location: the name of a file without where it lay."""
    parts = urlsplit(location)
    path = unquote(parts.path) if len(parts.scheme) > 1 else location
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _beside_package() -> Path:
    try:
        found = find_spec("cognee")
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise BadSetting(
            "No cognee is installed beside cogx, so its files were not found. Set "
            f"{ROOT_VARIABLE} as cognee has it, or write cognee:DATASET?root=DIR."
        )
    return Path(next(iter(found.submodule_search_locations)), _SYSTEM)
