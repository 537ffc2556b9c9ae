"""Knows every exception cogx raises on purpose; never an exit code.

CogxError
├ UsageError: UnknownName, UnknownMode (ValueError), MissingExtra, BadSetting,
│   EmptyGraph (ValueError), AlreadyThere
├ ArchiveError (ValueError): UnsupportedVersion, InvalidArchive, UnsafeMember, LimitExceeded,
│   DamagedArchive: MissingMember, Truncated, DigestMismatch
├ StoreError: StoreUnavailable* (StoreBusy*), StoreRefused, IdentityConflict
├ RemoteError: RemoteUnavailable*, RemoteRefused, RemoteGarbled (AnswerCut), NotConnected and
│   UnsupportedServer (both RuntimeError), RunFailed
├ BudgetSpent
├ OutputError: NoSpace
└ Interrupted                                                     * a retry may help

Problems of an archive are collected and raised once, as InvalidArchive; losses are not
exceptions at all: a receipt counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cogx.problems import Problem


class CogxError(Exception):
    """Say what went wrong, where, and what to do next; ``context`` holds the same as data."""

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context

    @property
    def full_text(self) -> str:
        """The message, and the notes that were added to it on its way."""
        return " ".join((str(self), *getattr(self, "__notes__", ())))


class UsageError(CogxError):
    """The call itself is wrong; nothing was read or written."""


class UnknownName(UsageError):
    """A name that is not one of the known ones."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        listed = sorted(known)
        super().__init__(
            f"Unknown {what} {name!r}. Known: {', '.join(listed)}.", name=name, known=listed
        )


class UnknownMode(UsageError, ValueError):
    """An import mode other than preserve, hybrid, re-derive."""


class MissingExtra(UsageError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs an optional dependency. "
            f"Install it with: pip install 'cogx[{extra}]'",
            extra=extra,
        )


class BadSetting(UsageError):
    """A setting, URI or file the user named cannot be used as given."""


class EmptyGraph(UsageError, ValueError):
    """There is no graph to export or import."""


class AlreadyThere(UsageError):
    """The target exists; nothing is overwritten unasked."""


class ArchiveError(CogxError, ValueError):
    """The archive cannot be taken as it is; a retry does not help."""


class UnsupportedVersion(ArchiveError):
    """A COGX version this reader does not know."""

    def __init__(self, found: object, supported: str) -> None:
        super().__init__(
            f"COGX version {found} is not supported; this cogx reads {supported}. "
            "Upgrade cogx, or export the archive again with an older writer.",
            found=found,
            supported=supported,
        )


class InvalidArchive(ArchiveError):
    """The archive breaks the specification; ``problems`` says where."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class UnsafeMember(ArchiveError):
    """A member that must not be created: a link, a device, an unsafe name."""


class LimitExceeded(ArchiveError):
    """A bound was passed; it can be raised, or lifted with no limits at all."""

    def __init__(self, limit: str, allowed: int, unit: str, where: str = "") -> None:
        place = f"{where}: " if where else ""
        super().__init__(
            f"{place}{limit} passes {allowed:,} {unit}. "
            f"Raise it with --limit {limit}=N, or lift all with --no-limits "
            "if you trust the source.",
            limit=limit,
            allowed=allowed,
            unit=unit,
        )
        self.limit = limit


class DamagedArchive(ArchiveError):
    """Bytes are missing or changed."""


class MissingMember(DamagedArchive):
    """A member that the archive promises is not in it."""


class Truncated(DamagedArchive):
    """The container ends too early."""


class DigestMismatch(DamagedArchive):
    """A member's bytes are not those that were written."""

    def __init__(self, member: str, expected: str, found: str) -> None:
        super().__init__(
            f"{member}: sha256 is {found}, the manifest says {expected}. "
            "The archive was changed or damaged; fetch it again.",
            member=member,
            expected=expected,
            found=found,
        )


class StoreError(CogxError):
    """A graph store did not do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or is busy; a retry may help."""


class StoreBusy(StoreUnavailable):
    """Another import is at work in the store; its owner and age are in the text."""


class StoreRefused(StoreError):
    """The store is there and says no; a retry does not help."""


class IdentityConflict(StoreError):
    """A record is in the store already with another content, and the caller asked to be told."""


class RemoteError(CogxError):
    """A server did not do what was asked."""


class RemoteUnavailable(RemoteError):
    """The server cannot be reached, or does not answer in time; a retry may help."""


class RemoteRefused(RemoteError):
    """The server answered, and said no. ``status`` is the HTTP status, ``code`` its own word."""

    def __init__(self, message: str, status: int, code: str | None = None) -> None:
        super().__init__(message, status=status, code=code)
        self.status = status
        self.code = code


class RemoteGarbled(RemoteError):
    """The server's answer is cut, too long, or not what this route answers."""


class AnswerCut(RemoteGarbled):
    """A language model stopped in the middle of its answer: it had no more tokens for it."""


class NotConnected(RemoteError, RuntimeError):
    """No server is named anywhere, or no login is there."""


class UnsupportedServer(RemoteError, RuntimeError):
    """The server cannot do what is asked of it: its version is too old for that."""

    def __init__(self, message: str, found: str | None, needed: str) -> None:
        super().__init__(message, found=found, needed=needed)
        self.found = found
        self.needed = needed


class RunFailed(RemoteError):
    """A run on the server ended with an error; ``run_id`` names it."""


class BudgetSpent(CogxError):
    """The next call of a language model would pass the token budget."""

    def __init__(self, budget: int, spent: int, calls: int) -> None:
        super().__init__(
            f"The next call would pass the budget of {budget:,} tokens; {spent:,} were taken by "
            f"{calls:,} so far. Allow more with --max-tokens.",
            budget=budget,
            spent=spent,
            calls=calls,
        )


class OutputError(CogxError):
    """The output could not be written; nothing was left under its final name."""


class NoSpace(OutputError):
    """Too little room on the target disk."""


class Interrupted(CogxError):
    """The user stopped the work; nothing half-written is left."""
