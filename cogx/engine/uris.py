"""Knows which store a URI means; imports a store's module only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any, Final

from cogx.errors import BadSetting, UnknownName
from cogx.ports import GraphReader, GraphWriter

_MODULES: Final = {
    "ladybug": "cogx.stores.ladybug",
    "json": "cogx.stores.json_graph",
    "cognee": "cogx.stores.cognee",
    "sqlite": "cogx.stores.sqlite",
    "graphml": "cogx.stores.graphml",
}
_SETTINGS: Final = {
    "ladybug": ("buffer",),
    "sqlite": ("buffer",),
    "cognee": ("root", "user", "data", "buffer"),
}
"""What may stand behind the ``?`` of a store's URI; other stores take nothing."""
_ENDINGS: Final = {
    ".json": "json",
    ".lbug": "ladybug",
    ".sqlite": "sqlite",
    ".db": "sqlite",
    ".graphml": "graphml",
}


def open_reader(uri: str) -> GraphReader:
    """Open a store for reading; the caller closes it.

    Raises:
        UnknownName: no such kind of store.
        BadSetting: nothing is there.
    """
    module, path, settings = _resolve(uri)
    reader: GraphReader = module.open_reader(path, **settings)
    return reader


@contextmanager
def reading(store: str | GraphReader) -> Iterator[GraphReader]:
    """Give a reader for a URI and close it afterwards; a reader that is given stays open."""
    if not isinstance(store, str):
        yield store
        return
    with closing(open_reader(store)) as reader:
        yield reader


def open_writer(uri: str) -> GraphWriter:
    """Open a store for writing a new graph.

    Raises:
        UnknownName: no such kind of store.
        StoreRefused: it holds a graph already.
    """
    module, path, settings = _resolve(uri)
    writer: GraphWriter = module.open_writer(path, **settings)
    return writer


def parse_uri(uri: str) -> tuple[str, str, dict[str, str]]:
    """Return (scheme, path, settings) of a URI ``SCHEME:PATH?name=value``.

    A bare path is taken too if its ending tells the store.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or "/" in scheme or "." in scheme:
        scheme = next((s for end, s in _ENDINGS.items() if uri.partition("?")[0].endswith(end)), "")
        rest = uri
        if not scheme:
            raise BadSetting(f"{uri!r} does not name a store. Write {_forms()}.")
    if scheme not in _MODULES:
        raise UnknownName("store", scheme, _MODULES)
    path, _, query = rest.partition("?")
    if not path:
        raise BadSetting(f"{uri!r} names no path. Write {scheme}:PATH.")
    pairs = [part.partition("=") for part in query.split("&") if part]
    return scheme, path, {name: value for name, _, value in pairs}


def _forms() -> str:
    forms = [f"{name}:PATH" for name in _MODULES if name != "cognee"]
    return ", ".join((*forms, "cognee:DATASET"))


def _resolve(uri: str) -> tuple[Any, str, dict[str, Any]]:
    scheme, path, settings = parse_uri(uri)
    own = _SETTINGS.get(scheme, ())
    return import_module(_MODULES[scheme]), path, _settings(settings, uri, own)


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
