"""Knows what a server can do, found out before anything is sent; never sends an archive.

What counts is what the server's own description of its routes says: the version is a text that
checkouts and forks set as they like, and it is asked only where there is no description.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cogx.errors import RemoteGarbled, RemoteRefused, UnsupportedServer
from cogx.remote.server import Server

NEEDED: Final = "1.3.0"
"""The first cognee that imports archives: 1.2 takes them, and fails at every graph."""
MOST_LIST_BYTES: Final = 16 << 20
"""Of the description of all routes, and of the list of all datasets."""
REMEMBER: Final = "/api/v1/remember"
CAPABILITIES: Final = "/api/v1/cogx/capabilities"
DATASETS: Final = "/api/v1/datasets"

_MODES: Final = ("preserve", "hybrid", "re-derive")
_FIRST_TO_IMPORT: Final = (1, 3, 0)
_FIRST_TO_TRY: Final = (1, 2, 0)
_LAST_WITHOUT_BACKGROUND: Final = (1, 6, 5)
_NUMBER: Final = re.compile(
    r"\s*v?(\d{1,9})(?!\d)(?:\.(\d{1,9})(?!\d))?(?:\.(\d{1,9})(?!\d))?", re.ASCII
)
_MOST_REFERENCES: Final = 8
_LONGEST_VERSION: Final = 100
_NO_KEY: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one server can do, as it says itself; limits are those of a cognee where it is silent.

    Attributes:
        version: the text of /health, None if it gives none.
        name: what a cogx server calls itself, its version included.
        has_model: a language model is asked there in hybrid and re-derive; True where it is silent.
        is_cogx: a server of this package, or another that offers its routes.
        imports: archives can be imported.
        modes: the import modes it knows.
        max_member_bytes, max_total_bytes, max_members: of the archive, unpacked; None: no limit.
        max_upload_bytes: of the archive as it is sent; None: no limit.
        background_preserve_works: a preserve import in the background comes to its end. False
            where that is not known.
        resumable: an upload can go on where it was cut.
        upload_piece_bytes: the most that one request of such an upload may carry.
        checksum: X-Cogx-Sha256 is checked.
        compression: of the tarball; "none" is a plain tar.
    """

    version: str | None = None
    name: str | None = None
    has_model: bool = True
    is_cogx: bool = False
    imports: bool = False
    modes: tuple[str, ...] = _MODES
    max_member_bytes: int | None = 512 << 20
    max_total_bytes: int | None = 2 << 30
    max_members: int | None = 100_000
    max_upload_bytes: int | None = None
    background_preserve_works: bool = False
    resumable: bool = False
    upload_piece_bytes: int = 8 << 20
    checksum: bool = False
    compression: tuple[str, ...] = ("gzip", "none", "bz2", "xz")

    @property
    def piece_bytes(self) -> int | None:
        """Return how much of an upload to send at once; None where it goes in one request."""
        return self.upload_piece_bytes if self.resumable else None


def probe(server: Server) -> Abilities:
    """Return what the server can do: it imports archives, and it takes the key.

    Nothing is changed there, and no more than four routes are asked.

    Raises:
        UnsupportedServer: it does not import archives, or nothing says that it does.
        RemoteRefused: the key is wrong or missing (401, 403), or the server sends us elsewhere.
        RemoteUnavailable: no server, or no answer in time; a retry may help.
        RemoteGarbled: it answers, but not as a cognee server does.
    """
    found = look(server)
    if not found.imports:
        raise UnsupportedServer(
            f"{server.url} cannot import COGX archives: it says it is "
            f"{_named(found.version)}, and cognee {NEEDED} or later is needed. Nothing was sent. "
            "Upgrade the server, or send the raw data with sync() or remember() and let it build "
            "the graph.",
            found.version,
            NEEDED,
        )
    return found


def look(server: Server) -> Abilities:
    """Return what the server can do, for work that needs no import; raises as :func:`probe`."""
    health = _told(server, "/health", also={503})
    text = health.get("version")
    version = text[:_LONGEST_VERSION] if isinstance(text, str) and text else None
    described = _told(server, "/openapi.json")
    routes = described.get("paths")
    told: Mapping[str, Any] = {}
    name = str(health.get("server", ""))[:_LONGEST_VERSION]
    says_cogx = name.lower().startswith("cogx")
    if says_cogx or (isinstance(routes, dict) and CAPABILITIES in routes):
        told = _told(server, CAPABILITIES)
    check_key(server)
    found = Abilities(
        version=version,
        name=name if says_cogx and name.isprintable() else None,
        imports=_imports(described, version),
        background_preserve_works=(_parts(version) or (0,)) > _LAST_WITHOUT_BACKGROUND,
    )
    return _with_capabilities(found, told) if told else found


def check_key(server: Server) -> None:
    """Ask for something that needs the key.

    Raises:
        RemoteRefused: the key is wrong or missing; the text says how to give one.
        RemoteGarbled: what answers is no cognee server.
    """
    try:
        datasets = server.get_json(DATASETS, most_bytes=MOST_LIST_BYTES)
    except RemoteRefused as error:
        if error.status not in _NO_KEY:
            raise
        what = "does not take the key" if server.has_key else "wants a key, and none was given"
        raise RemoteRefused(
            f"{server.url} {what} ({error.status}). Set COGNEE_API_KEY, give api_key= in Python, "
            "or log in with `cogx connect`, which keeps the key in the credentials file.",
            error.status,
            error.code,
        ) from error
    if not isinstance(datasets, list):
        raise RemoteGarbled(f"{server.url}{DATASETS}: no list of datasets. Is this a cognee?")


def _told(server: Server, path: str, also: Container[int] = ()) -> dict[str, Any]:
    """Return what a route says, {} if it is not there or says nothing that can be used."""
    try:
        plain = server.get_json(path, most_bytes=MOST_LIST_BYTES, also=also)
    except RemoteGarbled:
        return {}
    except RemoteRefused as error:
        if error.status < 400:
            raise  # Sent elsewhere: every other route would be, too.
        return {}
    return plain if isinstance(plain, dict) else {}


def _imports(described: Mapping[str, Any], version: str | None) -> bool:
    """Tell whether ``import_mode`` is a field of remember; by the version if nothing says so.

    A cognee 1.2 has the field and cannot do it: 1.2.2 stores nothing of a graph and answers 409.
    """
    known = _parts(version)
    if not isinstance(described.get("paths"), dict):
        return (known or (0,)) >= _FIRST_TO_IMPORT
    if known is not None and _FIRST_TO_TRY <= known < _FIRST_TO_IMPORT:
        return False
    body: Any = described
    for step in ("paths", REMEMBER, "post", "requestBody", "content", "multipart/form-data"):
        body = body.get(step) if isinstance(body, dict) else None
    schema = body.get("schema") if isinstance(body, dict) else None
    return _has_property(described, schema, "import_mode")


def _has_property(described: Mapping[str, Any], schema: Any, name: str) -> bool:
    """Tell whether a schema has a property, through references and allOf."""
    waiting, followed = [schema], 0
    while waiting and followed <= _MOST_REFERENCES:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue
        properties = one.get("properties")
        if isinstance(properties, dict) and name in properties:
            return True
        parts = one.get("allOf")
        waiting.extend(parts[:_MOST_REFERENCES] if isinstance(parts, list) else ())
        reference = one.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            followed += 1
            waiting.append(_at(described, reference))
    return False


def _at(described: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference inside the same document points to, None if nothing."""
    place: Any = described
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _with_capabilities(found: Abilities, told: Mapping[str, Any]) -> Abilities:
    """Return the abilities of a server that says them itself; what it leaves out stays."""
    modes = _texts(told.get("import_modes"))
    checksums = _texts(told.get("checksum")) or ()
    return replace(
        found,
        is_cogx=True,
        imports=found.imports or bool(modes),
        modes=modes or found.modes,
        max_member_bytes=_limit(told, "max_member_bytes", found.max_member_bytes),
        max_total_bytes=_limit(told, "max_total_bytes", found.max_total_bytes),
        max_members=_limit(told, "max_members", found.max_members),
        max_upload_bytes=_limit(told, "max_upload_bytes", found.max_upload_bytes),
        background_preserve_works=told.get("background") is True,
        has_model=told.get("language_model") is not False,
        resumable=told.get("resumable") is True,
        upload_piece_bytes=_limit(told, "upload_chunk_bytes", None) or found.upload_piece_bytes,
        checksum="sha256" in checksums,
        compression=_texts(told.get("compression")) or found.compression,
    )


def _limit(told: Mapping[str, Any], name: str, usual: int | None) -> int | None:
    """Return a limit: a number, null for none, or the usual one if it is not told."""
    if name not in told:
        return usual
    value = told[name]
    if value is None:
        return None
    return value if type(value) is int and value >= 0 else usual


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return None


def _parts(version: str | None) -> tuple[int, int, int] | None:
    """Return the numbers a version begins with: 1.6.5-local is 1.6.5, "unknown" is nothing."""
    match = _NUMBER.match(version or "")
    if match is None:
        return None
    major, minor, patch = (int(one or 0) for one in match.groups())
    return major, minor, patch


def _named(version: str | None) -> str:
    return f"version {version}" if version else "nothing about its version"
