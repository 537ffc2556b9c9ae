"""Knows which layouts of a store this cogx can read, by their number; opens nothing."""

from __future__ import annotations

from cogx.errors import StoreRefused


def check_version(found: str | None, newest: int) -> None:
    """Refuse a store whose layout is newer than this cogx, or says no number.

    Args:
        found: what the store says of itself.
        newest: the newest layout of such stores that is known here.

    Raises:
        StoreRefused: see above.
    """
    if found is None or not found.isascii() or not found.isdigit():
        raise StoreRefused(f"The store's schema_version is {found!r:.40}, not a number.")
    if int(found) > newest:
        raise StoreRefused(
            f"The store has layout {found}, written by a newer cogx; this one reads up to "
            f"{newest}. Upgrade cogx.",
            found=found,
        )
