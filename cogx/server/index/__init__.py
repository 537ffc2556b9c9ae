"""Knows what a dataset's graph says, ready to be looked into; made from its store."""

from cogx.server.index.build import current_index, store_mark
from cogx.server.index.reading import Found, Index, Item, Link

__all__ = ["Found", "Index", "Item", "Link", "current_index", "store_mark"]
