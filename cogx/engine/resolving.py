"""Knows how what a caller asks of entity resolution becomes a stage; decides and merges nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cogx.errors import BadSetting, UnknownName
from cogx.ports import RecordSource

if TYPE_CHECKING:
    from cogx.transform.resolution.resolved import Resolved
    from cogx.transform.resolution.review import Line


@dataclass(frozen=True, slots=True)
class Resolving:
    """Which entities are one. Make one with :meth:`of`."""

    review: str | os.PathLike[str] | None
    lines: Sequence[Line]
    auto_above: float | None
    on_conflict: str

    @classmethod
    def of(
        cls,
        review: str | os.PathLike[str] | None,
        auto_above: float | None,
        on_conflict: str = "merge",
    ) -> Self | None:
        """Read the decisions; None if nothing decides.

        Args:
            review: the file with the decisions; without it ``auto_above`` decides alone.
            auto_above: merge undecided pairs of at least this score; None leaves them.
            on_conflict: ``merge`` keeps a value that gives way in metadata, ``fail`` ends the work.

        Raises:
            BadSetting: a score that may not decide, or lines that are not right.
            UnknownName: there is no such way to settle conflicts.
        """
        if review is None and auto_above is None:
            return None
        from cogx.transform.resolution.resolved import POLICIES  # noqa: PLC0415 - only if asked for
        from cogx.transform.resolution.review import read_review  # noqa: PLC0415

        check_score(auto_above)
        if on_conflict not in POLICIES:
            raise UnknownName("way to settle conflicts", on_conflict, POLICIES)
        return cls(review, read_review(review) if review else (), auto_above, on_conflict)

    def stage(self, records: RecordSource) -> Resolved:
        """Return the stage that merges; who becomes whom is known by then.

        Raises:
            BadSetting: lines contradict each other, or name what is not there.
            MissingExtra: pairs must be found first, and rapidfuzz is not installed.
        """
        from cogx.transform.resolution.proposals import propose  # noqa: PLC0415
        from cogx.transform.resolution.resolved import Resolved  # noqa: PLC0415

        lines = self.lines
        if self.review is None and self.auto_above is not None:
            lines = propose(records, at_least=self.auto_above)
        made = Resolved(
            records,
            lines,
            auto_above=self.auto_above,
            on_conflict=self.on_conflict,
            review=self.review,
        )
        try:
            made.prepare()
        except BaseException:
            made.close()
            raise
        return made


def check_score(auto_above: float | None) -> None:
    """Refuse a score that may not decide alone."""
    from cogx.transform.resolution.proposals import AT_LEAST  # noqa: PLC0415

    if auto_above is not None and not AT_LEAST <= auto_above <= 100:
        raise BadSetting(
            f"--auto-above {auto_above:g} is not between {AT_LEAST:g} and 100. What is less "
            "alike is for a person to decide."
        )
