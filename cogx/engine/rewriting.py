"""Knows what is to be done with records on their way, as asked for by options; does nothing.

What does it is in ``engine.stages``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cogx.engine.deriving import Deriving
from cogx.engine.resolving import Resolving
from cogx.errors import AlreadyThere, BadSetting, UnknownName
from cogx.transform.criteria import Criteria, parse_criteria

if TYPE_CHECKING:
    from cogx.transform.renaming import ScopeChange

IDENTITIES: Final = ("id", "cognee", "folded")
PROFILES: Final = ("portable", "cognee")
_NOTHING_SPECIAL: Final = Deriving()


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What is to be done with records on their way. Make one with :meth:`of`."""

    criteria: Criteria
    predicates: Mapping[str, str]
    scopes: Sequence[ScopeChange]
    mode: str
    identity: str
    resolving: Resolving | None
    deriving: Deriving
    allow_empty: bool
    profile: str
    id_map: str | None
    portable: bool
    restore_ids: str | None
    rehearsal: bool

    @classmethod
    def of(
        cls,
        *,
        mode: str = "preserve",
        only: Sequence[str] = (),
        as_of: str | None = None,
        map_predicate: Sequence[str] = (),
        remap_scope: Sequence[str] = (),
        identity: str = "id",
        resolving: Resolving | None = None,
        deriving: Deriving = _NOTHING_SPECIAL,
        allow_empty: bool = False,
        profile: str = "portable",
        id_map: str | None = None,
        portable: bool = False,
        restore_ids: str | None = None,
        rehearsal: bool = False,
    ) -> Rewriting:
        """Return what these options ask for.

        Args:
            portable: records of the cognee profile become portable again.
            restore_ids: that, and the ids of this id map come back.
            resolving: which entities are one, by decision.
            deriving: what hybrid and re-derive are to do.
            allow_empty: re-derive from nothing is no error.
            rehearsal: nothing is kept of what comes out, so a language model is not asked.

        Raises:
            BadSetting: an option cannot be read.
            AlreadyThere: the file for the id map exists.
            UnknownName: an identity rule or a profile that is not known.
        """
        if identity not in IDENTITIES:
            raise UnknownName("identity rule", identity, IDENTITIES)
        if profile not in PROFILES:
            raise UnknownName("profile", profile, PROFILES)
        deriving.check(mode)
        if id_map is not None and identity == "id" and profile == "portable" and not resolving:
            raise BadSetting(
                f"{id_map}: no id changes unless entities are resolved, or without --identity or "
                "--profile cognee, so there is no id map to write."
            )
        if id_map is not None and os.path.lexists(id_map):
            raise AlreadyThere(f"{id_map} exists already. Give the id map another name.")
        predicates: Mapping[str, str] = {}
        scopes: Sequence[ScopeChange] = ()
        if map_predicate or remap_scope:
            from cogx.transform.renaming import (  # noqa: PLC0415 - only if asked for
                parse_predicates,
                parse_scopes,
            )

            predicates, scopes = parse_predicates(map_predicate), parse_scopes(remap_scope)
        return cls(
            criteria=parse_criteria(only, as_of),
            predicates=predicates,
            scopes=scopes,
            mode=mode,
            identity=identity,
            resolving=resolving,
            deriving=deriving,
            allow_empty=allow_empty,
            profile=profile,
            id_map=id_map,
            portable=portable or restore_ids is not None,
            restore_ids=restore_ids,
            rehearsal=rehearsal,
        )

    @property
    def changes_nothing(self) -> bool:
        """Tell whether every record passes as it is."""
        return not (
            self.criteria
            or self.predicates
            or self.scopes
            or self.identity != "id"
            or self.resolving
            or self.mode != "preserve"
            or self.profile != "portable"
            or self.portable
        )
