from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.errors import BadSetting, IdentityConflict
from cogx.format.marks import STUB_MARK
from cogx.format.records import Document
from cogx.transform.id_map import IdMap
from cogx.transform.resolution.resolved import Resolved
from cogx.transform.resolution.review import Line

from ..record_list import RecordList, entity, fact, fingerprint, raw, records_in

EARLY, LATE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)


def merge(one: str, other: str, **fields: Any) -> Line:
    return Line(decision="merge", left_id=one, right_id=other, number=1, **fields)


def resolved(*records: Any, lines: tuple[Line, ...] = (merge("1", "2"),), **options: Any) -> Any:
    with Resolved(RecordList(records), lines, **options) as found:
        return records_in(found)


def one(*entities: Any, **options: Any) -> Any:
    (found,) = resolved(*entities, **options)
    return found


def ends(*records: Any, **options: Any) -> list[tuple[str, str]]:
    found = resolved(*records, **options)
    return [(r.subject_ref, r.object_ref) for r in found if r.kind == "fact"]


def changes(*records: Any, lines: tuple[Line, ...] = (merge("1", "2"),)) -> dict[str, int]:
    with Resolved(RecordList(records), lines) as found:
        records_in(found)
        return {code: n for code, n in found.changes.items() if n}


def told(*records: Any, lines: tuple[Line, ...] = (merge("1", "2"),)) -> str:
    with pytest.raises(BadSetting) as error:
        resolved(*records, lines=lines, review="r.csv")
    return str(error.value)


ANNS = entity("1", "Ann Lee"), entity("2", "A. Lee", aliases=["Annie"])

# What the one entity says.


def test_the_survivor_keeps_id_and_name_and_the_others_become_aliases() -> None:
    found = one(*ANNS)
    assert (found.external_id, found.name, found.aliases) == ("1", "Ann Lee", ["A. Lee", "Annie"])


def test_the_merged_id_is_found_in_the_metadata() -> None:
    assert one(*ANNS).metadata["resolved"] == [{"id": "2", "name": "A. Lee"}]


def test_what_gave_way_stands_beside_the_merged_id() -> None:
    found = one(
        entity("1", "Ann", attributes={"born": 1}, entity_type="A"),
        entity("2", "A.", attributes={"born": 2, "city": "Bonn"}, entity_type="B"),
    )
    assert found.attributes == {"born": 1, "city": "Bonn"}
    assert found.metadata["resolved"] == [
        {"id": "2", "name": "A.", "was": {"attributes.born": 2, "entity_type": "B"}}
    ]


def test_the_later_change_speaks() -> None:
    found = one(
        entity("1", "Ann", attributes={"city": "Bonn"}, updated_at=EARLY),
        entity("2", "A.", attributes={"city": "Rome"}, updated_at=LATE),
    )
    assert found.attributes == {"city": "Rome"}
    assert found.metadata["resolved"][0] == {
        "id": "1",
        "name": "Ann",
        "was": {"attributes.city": "Bonn"},
    }


def test_a_null_speaks_against_nothing() -> None:
    found = one(
        entity("1", "Ann", attributes={"city": None}),
        entity("2", "A.", attributes={"city": "Rome"}),
    )
    assert found.attributes == {"city": "Rome"}
    assert found.metadata["resolved"] == [{"id": "2", "name": "A."}]


def test_unknown_fields_that_differ_are_settled_too() -> None:
    found = one(entity("1", "Ann", mood="fine"), entity("2", "A.", mood="bad"))
    assert found.model_extra == {"mood": "fine"}
    assert found.metadata["resolved"][0]["was"] == {"mood": "bad"}


def test_what_was_merged_before_stays_known() -> None:
    before = [{"id": "0", "name": "Annie"}]
    found = one(entity("1", "Ann"), entity("2", "A.", metadata={"resolved": before}))
    assert found.metadata["resolved"] == [*before, {"id": "2", "name": "A."}]


def test_records_that_share_the_id_are_part_of_the_one() -> None:
    found = one(*ANNS, entity("2", "Lee, A."))
    assert found.aliases == ["A. Lee", "Annie", "Lee, A."]


def test_a_stub_that_is_merged_with_a_full_record_leaves_no_stub() -> None:
    found = one(entity("1", "Ann", metadata={STUB_MARK: True}), entity("2", "A.", description="d"))
    assert STUB_MARK not in found.metadata


def test_two_stubs_are_a_stub() -> None:
    mark = {STUB_MARK: True}
    found = one(entity("1", "Ann", metadata=mark), entity("2", "A.", metadata=mark))
    assert found.metadata[STUB_MARK] is True


# Facts.


def test_ends_and_provenance_follow_the_merged_entity() -> None:
    (*_, found) = resolved(*ANNS, fact("f", "2", "p", "2", provenance=["2", "d"]))
    assert (found.subject_ref, found.object_ref, found.provenance) == ("1", "1", ["1", "d"])


def test_ends_that_are_the_merged_ones_name_follow_it() -> None:
    assert ends(*ANNS, fact("f", "a. lee", "p", "Ann Lee")) == [("1", "Ann Lee")]


def test_a_name_that_another_entity_bears_first_still_means_that_one() -> None:
    found = ends(entity("0", "a. lee"), *ANNS, fact("f", "A. Lee", "p", "x"))
    assert found == [("A. Lee", "x")]


def test_an_id_goes_before_a_name() -> None:
    found = ends(*ANNS, raw("A. Lee"), fact("f", "A. Lee", "p", "x"))
    assert found == [("A. Lee", "x")]


def test_ends_that_nothing_answers_stay_as_they_are_written() -> None:
    assert ends(*ANNS, fact("f", "Foo Bar", "p", "foo bar")) == [("Foo Bar", "foo bar")]


def test_facts_that_become_loops_are_kept_and_counted() -> None:
    assert changes(*ANNS, fact("f", "1", "knows", "2"))["resolve.self_loop"] == 1


# What is left alone, and what is refused.


def test_without_a_decision_everything_passes_as_it_is() -> None:
    source = RecordList([*ANNS, entity("2", "Twice"), fact("f", "2", "p", "a. lee")])
    with Resolved(source, [Line(left_id="1", right_id="2")]) as found:
        assert fingerprint(found) == fingerprint(source)


def test_entities_that_no_line_names_pass_as_they_are() -> None:
    twice = entity("3", "Ben"), entity("3", "Ben B.")
    assert [r.name for r in resolved(*ANNS, *twice)] == ["Ann Lee", "Ben", "Ben B."]


def test_an_id_that_is_not_there_is_told_with_its_line() -> None:
    assert "line 1, right_id: '2' is no entity" in told(entity("1", "Ann"))


def test_a_review_of_another_archive_is_told() -> None:
    found = told(*ANNS, lines=(merge("1", "2", right_name="Ben"),))
    assert "line 1, right_id: '2' is called 'A. Lee' in this archive, not 'Ben'" in found


def test_an_entity_that_is_another_record_too_is_not_merged() -> None:
    document = Document(external_id="2", content="c")
    assert "line 1, right_id: '2' is a document, too" in told(*ANNS, document)


def test_a_contradiction_is_told_before_anything_comes_out() -> None:
    keep = Line(decision="keep", left_id="1", right_id="2", number=2)
    assert "line 2" in told(*ANNS, lines=(merge("1", "2"), keep))


def test_with_fail_differing_values_end_the_work() -> None:
    with pytest.raises(IdentityConflict, match=r"attributes\.a"):
        resolved(
            entity("1", "Ann", attributes={"a": 1}),
            entity("2", "A.", attributes={"a": 2}),
            on_conflict="fail",
        )


def test_with_fail_entities_that_differ_in_name_only_are_merged() -> None:
    assert one(*ANNS, on_conflict="fail").name == "Ann Lee"


# The whole.


def test_the_id_map_says_who_became_whom_and_who_stays() -> None:
    with Resolved(RecordList(ANNS), [merge("1", "2")]) as found:
        assert [tuple(one) for one in found.iter_id_changes()] == [
            ("entity", "1", "1"),
            ("entity", "2", "1"),
        ]


def test_the_inverse_of_the_id_map_leaves_who_stays_as_it_is() -> None:
    with (
        Resolved(RecordList(ANNS), [merge("2", "1")]) as found,
        IdMap(found.iter_id_changes(), inverse=True) as id_map,
    ):
        assert id_map.get("entity", "2") == "2"


def test_it_can_be_gone_through_again() -> None:
    with Resolved(RecordList(ANNS), [merge("1", "2")]) as found:
        assert fingerprint(found) == fingerprint(found)


def test_a_kind_may_be_asked_for_alone() -> None:
    with Resolved(RecordList([*ANNS, fact("f", "2", "p", "x")]), [merge("1", "2")]) as found:
        assert [record.subject_ref for record in records_in(found, "fact")] == ["1"]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(5)), st.permutations(range(3)))
def test_neither_the_order_of_records_nor_of_lines_matters(
    order: list[int], rows: list[int]
) -> None:
    records = [
        entity(str(n), f"Ann {n}", attributes={"n": n, "m": n % 2}, description=f"d{n}")
        for n in range(5)
    ]
    lines = [merge("1", "2"), merge("2", "4"), merge("0", "3")]
    source, shuffled = RecordList(records), RecordList([records[n] for n in order])
    with Resolved(source, lines) as one, Resolved(shuffled, [lines[n] for n in rows]) as other:
        assert fingerprint(one) == fingerprint(other)
