"""Knows who owned an archived dataset and who had rights at it, and makes the same so here.

That is what ``permissions.json`` says, if an archive has it: a secret, taken only from an operator
and only if the operator asks. Accounts that are there stay as they are; nobody becomes a superuser
by an archive; a password is taken over only as an argon2id hash that is not costly to check.
Source: spec/format.md#permissions.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, NoReturn

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, select

from cogx.archive.reader import Archive
from cogx.errors import InvalidArchive
from cogx.format.layout import PERMISSIONS
from cogx.problems import Problem, Severity
from cogx.server.identity.rights import grant
from cogx.server.identity.users import AGENT_DOMAIN, User, add_user, change_user, user_by_email
from cogx.server.refusals import failed, refused
from cogx.server.state.tables import datasets

_MOST_BYTES: Final = 4 << 20
_MOST_ACCOUNTS: Final = 1000
_HASH: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_MOST_MEMORY_KIB: Final = 256 << 10
_MOST_PASSES: Final = 8
_MOST_LANES: Final = 8
IGNORED: Final = (
    "permissions.json was not imported: send include_permissions=true to import accounts and "
    "rights with the graph."
)


class Account(BaseModel):
    """Somebody, as the archive knows them."""

    email: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    hashed_password: str = ""
    is_active: bool = True
    is_verified: bool = False


class Grant(BaseModel):
    """What somebody may do."""

    user: Account
    permissions: list[Literal["read", "write", "delete", "share"]]


class SocialLayer(BaseModel):
    """What ``permissions.json`` says."""

    owner: Account | None = None
    grants: Annotated[list[Grant], Field(max_length=_MOST_ACCOUNTS)] = Field(default_factory=list)


@dataclass(slots=True)
class Applied:
    """What came of it: counts by what was done, no names."""

    done: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """Return what an operator should know."""
        return [
            f"permissions.json: {what}: {number}." for what, number in sorted(self.done.items())
        ]


def read_social_layer(archive: Archive) -> SocialLayer | None:
    """Return what an archive says of accounts and rights, None if nothing.

    Raises:
        Refusal: it is not what such a file is (400); the text repeats nothing of it.
        ArchiveError: the container cannot be read to its end.
    Cost: one pass over the container, nothing of which is decoded.
    """
    found: SocialLayer | None = None
    for member in archive.container.members(_refuse):
        size = 0
        kept = bytearray()
        for chunk in member.chunks():
            if member.name == PERMISSIONS:
                size += len(chunk)
                if size > _MOST_BYTES:
                    _not_one("it is too large")
                kept += chunk
        if member.name == PERMISSIONS and kept.strip() != b"{}":
            found = _parsed(bytes(kept))
    return found


def check_may(caller: User, layer: SocialLayer | None) -> None:
    """Let an archive in that tells of accounts only from a superuser.

    Raises:
        Refusal: another one sends it (403).
    """
    if layer is not None and not caller.is_superuser:
        raise refused(
            403,
            "The archive holds permissions.json, which only a superuser may import. Export it "
            "without permissions.",
            "PermissionDeniedError",
        )


def owner_of(state: Connection, layer: SocialLayer, caller: User) -> User:
    """Return as whom an archive is imported: its owner, made if not there; the caller without one.

    Agents own nothing here: one whose maker is not known stands for nobody.
    """
    if layer.owner is None:
        return caller
    return _somebody(state, layer.owner, Applied()) or caller


def apply(state: Connection, layer: SocialLayer, dataset_id: str, caller_id: str) -> Applied:
    """Give the rights at a dataset that an archive tells of; again changes nothing."""
    applied = Applied()
    for one in layer.grants:
        user = _somebody(state, one.user, applied)
        if user is not None:
            for permission in one.permissions:
                grant(state, user.id, permission, [dataset_id])
            applied.done["grants given"] += 1
    owner = state.scalar(select(datasets.c.owner_id).where(datasets.c.id == dataset_id))
    if owner != caller_id:
        grant(state, caller_id, "read", [dataset_id])
    return applied


def _somebody(state: Connection, account: Account, applied: Applied) -> User | None:
    found = user_by_email(state, account.email)
    if found is not None:
        return found
    if account.email.lower().endswith(AGENT_DOMAIN):
        applied.done["agents left out"] += 1
        return None
    usable = _is_cheap(account.hashed_password)
    applied.done["accounts made" if usable else "accounts made without a password"] += 1
    made = add_user(state, account.email, account.hashed_password if usable else None)
    flags = {"is_active": account.is_active, "is_verified": account.is_verified}
    return change_user(state, made, flags=flags)


def _is_cheap(kept: str) -> bool:
    """Tell whether a hash is one that a login can check without harm to the server."""
    told = _HASH.fullmatch(kept)
    if told is None:
        return False
    memory, passes, lanes = map(int, told.groups())
    return (
        8 * max(lanes, 1) <= memory <= _MOST_MEMORY_KIB
        and 1 <= passes <= _MOST_PASSES
        and 1 <= lanes <= _MOST_LANES
    )


def _parsed(content: bytes) -> SocialLayer:
    try:
        return SocialLayer.model_validate_json(content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        _not_one(f"{where or 'it'} is not what it should be")


def _not_one(why: str) -> NoReturn:
    raise failed(400, f"permissions.json cannot be used: {why}.", code="archive.invalid")


def _refuse(problem: Problem) -> None:
    if problem.severity is Severity.ERROR:
        raise InvalidArchive(f"{problem} {problem.remedy}", [problem])
