"""Knows what the parts of one import share, and what every transaction of it has to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neo4j import Transaction

from cogx.stores.bolt.catalog import SAVE, Catalog
from cogx.stores.bolt.journal import Journal
from cogx.stores.bolt.server import Server, run


@dataclass(slots=True)
class Work:
    """An import at work.

    ``looks`` says that what is written may be there already; ``marks`` that it has to be marked,
    because not everything in the store is this import's.
    """

    server: Server
    journal: Journal
    catalog: Catalog
    resumed: bool

    @property
    def marks(self) -> bool:
        """Tell whether rows have to be marked."""
        return not self.journal.entry.fresh

    @property
    def looks(self) -> bool:
        """Tell whether rows may be there already."""
        return self.resumed or self.marks

    def keep_names(self, transaction: Transaction) -> None:
        """Keep the names learnt, as part of the transaction that first uses them."""
        if self.catalog.changed:
            run(transaction, SAVE, **self.catalog.kept())

    def mark(self, row: dict[str, Any], before: str | None) -> None:
        """Let a row say that it is this import's, and what was there before."""
        if self.marks:
            row["_cogx_import"] = self.journal.entry.key
            if before is not None:
                row["_cogx_before"] = before
