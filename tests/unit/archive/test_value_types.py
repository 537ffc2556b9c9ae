from __future__ import annotations

from typing import Any

import pytest

from cogx.archive import value_types
from cogx.archive.value_types import ValueTypes, is_declarable
from cogx.format.manifest import ValueType

DATE = {"$cogx": "date", "value": "1990-05-17"}
STRING = {"$cogx": "string", "value": "x"}


def declared(**changes: str) -> ValueType:
    base = {"kind": "entity", "type": "T", "field": "attributes", "key": "born"}
    return ValueType(**(base | {"value_type": "date"} | changes))  # type: ignore[arg-type]


def shortened(types: ValueTypes, value: Any, kind: str = "entity", key: str = "born") -> Any:
    return types.shorten(kind, "T", {key: value})[key]


def expanded(value: Any) -> Any:
    return ValueTypes([declared()]).expand("entity", "T", {"born": value})["born"]


def test_the_first_value_decides() -> None:
    types = ValueTypes()
    assert [shortened(types, value) for value in (DATE, "x", None, 5, DATE)] == [
        "1990-05-17", STRING, None, 5, "1990-05-17",
    ]  # fmt: skip


def test_a_plain_first_value_declares_nothing() -> None:
    types = ValueTypes()
    assert [shortened(types, value) for value in ("x", DATE)] == ["x", DATE]
    assert types.declared() == []


def test_a_null_decides_nothing() -> None:
    types = ValueTypes()
    shortened(types, None)
    assert shortened(types, DATE) == "1990-05-17"


def test_a_property_is_declared_for_one_type_only() -> None:
    types = ValueTypes()
    types.shorten("entity", "T", {"born": DATE})
    assert types.shorten("entity", "U", {"born": "x"}) == {"born": "x"}


@pytest.mark.parametrize("key", ["id", "type"])
def test_what_names_a_raw_node_is_not_declared(key: str) -> None:
    types = ValueTypes()
    assert shortened(types, DATE, "raw_node", key) == DATE
    assert types.declared() == []


def test_past_the_bound_values_stay_inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_types, "MOST_DECLARATIONS", 1)
    types = ValueTypes()
    assert types.shorten("entity", "T", {"a": DATE, "b": DATE}) == {"a": "1990-05-17", "b": DATE}
    assert len(types.declared()) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1990-05-17", DATE), (STRING, "x"), (None, None), ({"a": "x"}, {"a": "x"}), ([], [])],
)
def test_declared_values_are_read_inline(written: Any, meant: Any) -> None:
    assert expanded(written) == meant


@pytest.mark.parametrize("odd", [{"$cogx": [], "value": "x"}, {"$cogx": {}, "value": "x"}])
def test_an_odd_tag_is_data(odd: Any) -> None:
    assert (shortened(ValueTypes(), odd), expanded(odd)) == (odd, odd)


def test_values_inside_are_not_declared() -> None:
    assert expanded({"inside": "1990-05-17"}) == {"inside": "1990-05-17"}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "document", "field": "metadata"},
        {"kind": "entity", "field": "metadata"},
        {"value_type": "string"},
        {"value_type": "object"},
        {"value_type": "later"},
        {"kind": "raw_node", "field": "properties", "key": "id"},
        {"kind": "raw_node", "field": "properties", "key": "type"},
    ],
    ids=str,
)
def test_not_everything_can_be_declared(changes: dict[str, str]) -> None:
    assert not is_declarable(declared(**changes))
