from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.errors import BadSetting
from cogx.testing.strategies import archives
from cogx.transform.criteria import Criteria
from cogx.transform.renaming import Renamed, ScopeChange, parse_predicates, parse_scopes
from cogx.transform.selection import Selected
from tests.unit.transform.lists import Lists, document, entity, fact, lines_of, raw, records_of

FACTS = [
    fact("a:works_at:b", "a", "b", predicate="works_at", metadata={"k": 1}),
    fact("2", "a", "b", predicate="employs"),
    fact("3", "a", "b", predicate="knows"),
]
SCOPED = [
    raw("r", user_id="x"),
    entity("e", scope={"user_id": "x", "agent_id": "g"}),
    document("d", scope={"user_id": "y"}),
    fact("f", "e", "d"),
]


def predicates(*rules: str) -> list[str]:
    source = Renamed(Lists(FACTS), parse_predicates(rules))
    return [record.predicate for _, record in records_of(source)]


def scopes(*rules: str) -> dict[str, Any]:
    source = Renamed(Lists(SCOPED), scopes=parse_scopes(rules))
    records = records_of(source, "entity", "document", "fact")
    return {record.external_id: record.scope for _, record in records}


def test_a_predicate_is_renamed() -> None:
    assert predicates("works_at=employed_by") == ["employed_by", "employs", "knows"]


def test_the_rest_of_a_fact_stays_its_id_too() -> None:
    source = Renamed(Lists(FACTS), {"works_at": "employed_by"})
    expected = fact("a:works_at:b", "a", "b", predicate="employed_by", metadata={"k": 1})
    assert records_of(source)[0] == ("fact", expected)


def test_predicates_can_swap() -> None:
    assert predicates("works_at=employs", "employs=works_at") == ["employs", "works_at", "knows"]


def test_two_predicates_can_become_one() -> None:
    assert predicates("works_at=job", "employs=job") == ["job", "job", "knows"]


def test_a_scopes_value_is_changed() -> None:
    assert scopes("user_id=x:z") == {
        "e": {"user_id": "z", "agent_id": "g"},
        "d": {"user_id": "y"},
        "f": {},
    }


def test_a_scope_is_set_where_absent() -> None:
    assert scopes("user_id=:z") == {
        "e": {"user_id": "x", "agent_id": "g"},
        "d": {"user_id": "y"},
        "f": {"user_id": "z"},
    }


def test_a_scope_is_taken_away() -> None:
    assert scopes("user_id=x:") == {"e": {"agent_id": "g"}, "d": {"user_id": "y"}, "f": {}}


def test_what_is_taken_away_is_not_set_again() -> None:
    assert scopes("user_id=x:", "user_id=:z")["e"] == {"agent_id": "g"}


def test_scopes_can_swap() -> None:
    changed = scopes("user_id=x:y", "user_id=y:x")
    assert [changed[key].get("user_id") for key in "ed"] == ["y", "x"]


def test_several_parts_of_a_scope_are_changed() -> None:
    assert scopes("user_id=x:z", "agent_id=g:h")["e"] == {"user_id": "z", "agent_id": "h"}


def test_raw_nodes_stay_as_they_are_and_are_counted_where_a_scope_was_to_be_set() -> None:
    source = Renamed(Lists(SCOPED), scopes=parse_scopes(["user_id=:z"]))
    assert records_of(source, "raw_node") == [("raw_node", raw("r", user_id="x"))]
    assert source.changed == {"no-scope": 1}


def test_changes_are_counted_by_rule_once() -> None:
    source = Renamed(
        Lists(FACTS + SCOPED), {"p": "q", "knows": "likes"}, parse_scopes(["user_id=x:y"])
    )
    lines_of(source)
    lines_of(source)
    assert source.changed == {"p=q": 1, "knows=likes": 1, "user_id=x:y": 1}


def test_a_rule_that_changed_nothing_is_named() -> None:
    rules = ["user_id=x:y", r"run_id=a\:b:c", "run_id=:d"]
    source = Renamed(Lists(SCOPED), {"no": "yes"}, parse_scopes(rules))
    lines_of(source)
    assert source.unused == ["no=yes", r"run_id=a\:b:c"]


def test_a_selection_can_be_renamed() -> None:
    chosen = Selected(Lists(FACTS), Criteria(predicates=frozenset({"knows"})))
    renamed = Renamed(chosen, {"knows": "likes"})
    assert [record.predicate for _, record in records_of(renamed)] == ["likes"]


def test_a_backslash_before_anything_else_is_plain() -> None:
    assert parse_scopes([r"user_id=OFFICE\ann:a\=\\"]) == [
        ScopeChange("user_id", r"OFFICE\ann", "a\\=\\")
    ]


def test_rules_are_read() -> None:
    assert parse_predicates([r"a\=b=c\\d", " x = y "]) == {"a=b": r"c\d", " x ": " y "}
    assert parse_scopes([r"user_id=user\:1:user\:2", "agent_id=:a=b", "run_id=r:"]) == [
        ScopeChange("user_id", "user:1", "user:2"),
        ScopeChange("agent_id", None, "a=b"),
        ScopeChange("run_id", "r", None),
    ]


@pytest.mark.parametrize("text", ["", "a", "=b", "a=", "a=b=c", r"a\=b"])
def test_what_is_no_predicate_rule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadSetting, match=r"not OLD=NEW\. Example: --map-predicate works_at="):
        parse_predicates([text])


@pytest.mark.parametrize(
    "text", ["", "user_id", "user_id=x", "team=x:y", "user_id=:", "user_id=a:b:c"]
)
def test_what_is_no_scope_rule_is_refused_with_keys_and_examples(text: str) -> None:
    with pytest.raises(BadSetting, match=r"Keys: user_id, agent_id, .*Examples: user_id=ann:bob"):
        parse_scopes([text])


def test_two_rules_for_one_predicate_are_refused() -> None:
    with pytest.raises(BadSetting, match="a rule for 'a' already"):
        parse_predicates(["a=b", "a=c"])


def test_two_rules_for_one_value_are_refused() -> None:
    with pytest.raises(BadSetting, match="a rule for records without it already"):
        parse_scopes(["user_id=:b", "user_id=:c"])


def test_a_rule_without_effect_is_refused() -> None:
    with pytest.raises(BadSetting, match="changes nothing"):
        parse_predicates(["a=a"])
    with pytest.raises(BadSetting, match="changes nothing"):
        parse_scopes(["user_id=a:a"])


@given(archives(typed=False))
def test_renaming_nothing_is_the_identity(records: list[Any]) -> None:
    source = Lists(records)
    assert lines_of(Renamed(source)) == lines_of(source)


@given(archives(typed=False), st.integers(1, 3))
def test_batches_do_not_matter(records: list[Any], batch: int) -> None:
    rules = {"a": "b", "null": "a"}, parse_scopes(["user_id=a:b", "user_id=:c", "run_id=a:"])
    whole = Renamed(Lists(records), *rules)
    cut = Renamed(Lists(records, batch=batch), *rules)
    assert lines_of(whole) == lines_of(cut)
    assert whole.changed == cut.changed
    assert whole.unused == cut.unused
