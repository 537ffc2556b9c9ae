"""Knows which store a URI means; imports a store's module only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from cogx.errors import BadSetting, UnknownName, UsageError
from cogx.ports import GraphReader, GraphUpdater, GraphWriter

GROUP: Final = "cogx.stores"
"""The entry point group under which other packages name their stores: SCHEME = module."""

_MODULES: Final = {
    "ladybug": "cogx.stores.ladybug",
    "sqlite": "cogx.stores.sqlite",
    "json": "cogx.stores.json_graph",
    "graphml": "cogx.stores.graphml",
    "postgresql": "cogx.stores.postgresql",
    "bolt": "cogx.stores.bolt",
    "cognee": "cogx.stores.cognee",
}
_SERVERS: Final = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "bolt": "bolt",
    "bolt+s": "bolt",
    "bolt+ssc": "bolt",
    "neo4j": "bolt",
    "neo4j+s": "bolt",
    "neo4j+ssc": "bolt",
}
"""Schemes of stores that a server keeps: their place is the whole URI."""
_SETTINGS: Final = {
    "ladybug": ("buffer",),
    "sqlite": ("buffer",),
    "cognee": ("root", "user", "data", "buffer"),
    "postgresql": ("schema",),
    "bolt": ("database",),
}
"""What may stand behind the ``?`` of a store's URI; other stores of cogx take nothing."""
_ENDINGS: Final = {
    ".json": "json",
    ".lbug": "ladybug",
    ".sqlite": "sqlite",
    ".db": "sqlite",
    ".graphml": "graphml",
}


@dataclass(frozen=True, slots=True)
class StoreAt:
    """A store that a URI names. Opening it is what imports its driver.

    A store's module has ``open_reader(place, **settings)``, and to be written to
    ``is_vacant(place, **settings)`` with ``open_writer`` (new stores; those that are files take
    ``replace=True``) or ``open_updater`` or both; ``rollback`` if it keeps a journal.
    """

    uri: str
    module: Any
    place: str
    settings: dict[str, Any]
    is_file: bool

    def reader(self) -> GraphReader:
        """Open it for reading; the caller closes it."""
        reader: GraphReader = self.module.open_reader(self.place, **self.settings)
        return reader

    def is_vacant(self) -> bool:
        """Tell whether there is no graph yet.

        Raises:
            UsageError: the store can only be read.
        """
        if not hasattr(self.module, "is_vacant"):
            raise UsageError(f"{self.uri} can only be read. Import into another store.")
        return bool(self.module.is_vacant(self.place, **self.settings))

    def writer(self, *, replace: bool = False) -> GraphWriter | None:
        """Open it for a new graph; None if the store has no writer of its own for that."""
        if not hasattr(self.module, "open_writer"):
            return None
        more = {"replace": True} if replace else {}
        writer: GraphWriter = self.module.open_writer(self.place, **self.settings, **more)
        return writer

    def updater(self) -> GraphUpdater | None:
        """Open it to change its graph; None if the store is only ever written whole."""
        if not hasattr(self.module, "open_updater"):
            return None
        updater: GraphUpdater = self.module.open_updater(self.place, **self.settings)
        return updater

    def rollback(self) -> str:
        """Take back what an import that was broken off has left; return what was done."""
        if hasattr(self.module, "rollback"):
            return str(self.module.rollback(self.place, **self.settings))
        if not self.is_file:
            return "Nothing to take back: this store shows an import only when it is whole."
        from cogx.build_site import clear_leftovers  # noqa: PLC0415 - rarely needed

        left = clear_leftovers(Path(self.place))
        done = f"Cleared away what {left} broken-off imports had left. " if left else ""
        return f"{done}The store is as it was before: an import shows only when it is whole."


def store_at(uri: str) -> StoreAt:
    """Return the store that a URI names; nothing is opened.

    Raises:
        UnknownName: no such kind of store.
        BadSetting: no path, or a setting the store does not have.
        MissingExtra: the store's driver is not installed.
    """
    scheme, place, settings = parse_uri(uri)
    name = _SERVERS.get(scheme, scheme)
    if name in _MODULES:
        own = _SETTINGS.get(name, ())
        module = import_module(_MODULES[name])
        return StoreAt(uri, module, place, _settings(settings, uri, own), is_file(uri))
    return StoreAt(uri, _foreign()[scheme].load(), place, dict(settings), is_file=False)


def open_reader(uri: str) -> GraphReader:
    """Open a store for reading; the caller closes it. Raises as :func:`store_at`."""
    return store_at(uri).reader()


@contextmanager
def reading(store: Any) -> Iterator[GraphReader]:
    """Give a reader for a URI and close it afterwards; a reader that is given stays open.

    A graph of networkx is read as one.
    """
    if hasattr(store, "add_edges_from"):
        from cogx.stores.networkx_graph import NetworkxReader  # noqa: PLC0415 - if it is one

        store = NetworkxReader(store)
    if not isinstance(store, str):
        yield store
        return
    with closing(open_reader(store)) as reader:
        yield reader


def is_file(uri: str) -> bool:
    """Tell whether a store is a file of its own, at the path of its URI."""
    return parse_uri(uri)[0] in _ENDINGS.values()


def parse_uri(uri: str) -> tuple[str, str, dict[str, str]]:
    """Return (scheme, place, settings) of a URI ``SCHEME:PATH?name=value``.

    A bare path is taken too if its ending tells the store; the place of a store that a server
    keeps is its URI without the settings.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or "/" in scheme or "." in scheme:
        scheme = next((s for end, s in _ENDINGS.items() if uri.partition("?")[0].endswith(end)), "")
        rest = uri
        if not scheme:
            raise BadSetting(f"{uri!r} does not name a store. Write {_forms()}.")
    if scheme not in _MODULES and scheme not in _SERVERS and scheme not in _foreign():
        raise UnknownName("store", scheme, [*_MODULES, *_SERVERS, *_foreign()])
    path, _, query = rest.partition("?")
    if not path:
        raise BadSetting(f"{uri!r} names no path. Write {scheme}:PATH.")
    if scheme in _SERVERS:
        if not path.startswith("//"):
            raise BadSetting(f"{uri!r} names no server. Write {scheme}://USER@HOST:PORT.")
        path = f"{scheme}:{path}"
    pairs = [part.partition("=") for part in query.split("&") if part]
    return scheme, path, {name: value for name, _, value in pairs}


def _foreign() -> Any:
    return {point.name: point for point in entry_points(group=GROUP)}


def _forms() -> str:
    files = [f"{name}:PATH" for name in dict.fromkeys(_ENDINGS.values())]
    return ", ".join((*files, "postgresql://HOST", "bolt://HOST", "cognee:DATASET"))


def _settings(given: dict[str, str], uri: str, own: tuple[str, ...]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in given.items():
        if name not in own:
            known = f"Known: {', '.join(own)}." if own else "This store takes none."
            raise BadSetting(f"{uri!r}: unknown setting {name!r}. {known}")
        if name == "buffer":
            settings["buffer_bytes"] = parse_bytes(value)
        else:
            settings[name] = value
    return settings


def parse_bytes(text: str) -> int:
    """Return the bytes that ``256MiB``, ``2GiB``, ``64KiB`` or a bare number mean."""
    for ending, factor in (("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)):
        number = text.removesuffix(ending)
        if text.endswith(ending) and number.isdecimal():
            return int(number) * factor
    raise BadSetting(f"{text!r} is not a size. Write 256MiB, 2GiB or a number of bytes.")
