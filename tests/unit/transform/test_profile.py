from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.errors import UnknownMode
from cogx.format.identity import data_id, entity_type_id, is_canonical_uuid, node_id
from cogx.format.manifest import Extension, Manifest
from cogx.format.records import AnyRecord
from cogx.testing.strategies import archives
from cogx.transform.id_map import IdMap, Mapped
from cogx.transform.portable import Portable
from cogx.transform.profile import CogneeProfile

from .record_list import RecordList, entity, fact, fingerprint, raw, records_in


@settings(max_examples=150, deadline=None)
@given(archives())
def test_all_of_a_portable_source_rides_along(records: list[AnyRecord]) -> None:
    source = RecordList(records)
    with CogneeProfile(source) as profile, Portable(profile, system="demo") as back:
        assert fingerprint(back) == fingerprint(source)
