"""Knows derivers by their names; loads one only when it is asked for.

A package adds its own by an entry point of the group ``cogx.derivers``, whose name is the
deriver's and whose value is a class, or a function, that makes one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from cogx.derive.vocabulary import VocabularyDeriver
from cogx.errors import BadSetting, UnknownName
from cogx.ports import Deriver

GROUP: Final = "cogx.derivers"
DEFAULT: Final = "vocabulary"


def _chat(**settings: Any) -> Deriver:
    from cogx.derive.chat.deriver import ChatDeriver  # noqa: PLC0415 - only if asked for

    return ChatDeriver(**settings)


_OWN: Final[dict[str, Callable[..., Deriver]]] = {
    "chat": _chat,
    "vocabulary": VocabularyDeriver,
}


def deriver_names() -> list[str]:
    """Return the names of all derivers that are installed, sorted."""
    return sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))})


def deriver_named(name: str = DEFAULT, /, **settings: Any) -> Deriver:
    """Return a new deriver. Names of cogx itself go before those of other packages.

    Args:
        settings: passed to whoever makes it: ``chat`` takes ``settings``, ``schema`` and
            ``instructions``, see :class:`cogx.derive.chat.deriver.ChatDeriver`; ``vocabulary``
            takes none.

    Raises:
        UnknownName: no such deriver; lists the known ones.
        MissingExtra: it needs a package that is not installed.
        BadSetting: it cannot be loaded, does not take the settings, or is no deriver.
    """
    make = _OWN.get(name) or _load(name)
    try:
        deriver = make(**settings)
    except TypeError as error:
        raise BadSetting(f"The deriver {name!r} does not take these settings: {error}.") from error
    if not isinstance(deriver, Deriver):
        raise BadSetting(
            f"What the entry point {name!r} of {GROUP} makes has no name, version, prepare() and "
            "derive(). Tell the author of that package."
        )
    return deriver


def _load(name: str) -> Any:
    point = next((point for point in entry_points(group=GROUP) if point.name == name), None)
    if point is None:
        raise UnknownName("deriver", name, deriver_names())
    return _loaded(point)


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        package = point.dist.name if point.dist else "its package"
        raise BadSetting(
            f"The deriver {point.name!r} of {package} cannot be loaded: {error}. "
            "Install that package again, or leave the deriver out."
        ) from error
