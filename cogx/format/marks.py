"""Knows the mark by which an archive says that a record only holds a place; reads no record.

Source: spec/format.md#selection-stubs.
"""

from __future__ import annotations

from typing import Final

STUB_MARK: Final = "cogx_stub"
"""A key with the value true: in the metadata of an entity, among the properties of a raw node."""
