"""Knows which names a writer accepts for members and in which order it lays them out.

Must never know into what.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cogx.container.names import name_fault
from cogx.errors import BadSetting
from cogx.format.layout import MANIFEST, MEMBER_OF_KIND, PERMISSIONS

_ORDER: Final = (MANIFEST, PERMISSIONS, *MEMBER_OF_KIND.values())
_RANK: Final = {name: rank for rank, name in enumerate(_ORDER)}
_NAME_BYTES: Final = 80


def laid_out(names: Iterable[str]) -> list[str]:
    """Return the names in layout order, then all others by name."""
    return sorted(names, key=lambda name: (_RANK.get(name, len(_ORDER)), name))


def checked_name(name: str) -> str:
    """Return the name if every form of container can hold it beside the manifest.

    Raises:
        BadSetting: It is not one plain, short component, or it is the manifest's.

    """
    if name == MANIFEST:
        raise BadSetting(f"{MANIFEST} is given to publish(), so that it is the last word.")
    if name_fault(name) or "/" in name or len(name.encode()) > _NAME_BYTES:
        raise BadSetting(f"{name!r} cannot be a member: give one plain name of a file.")
    return name
