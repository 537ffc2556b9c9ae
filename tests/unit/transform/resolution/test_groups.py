from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogx.transform.resolution.groups import Groups
from cogx.transform.resolution.review import Line


def line(one: str, other: str, decision: str = "merge", **fields: Any) -> Line:
    return Line(decision=decision, left_id=one, right_id=other, **fields)


def become(*lines: Line, auto_above: float | None = None, **facts: int) -> dict[str, str]:
    groups = Groups(lines, auto_above)
    assert groups.faults == []
    return groups.survivors(facts)


def test_decisions_carry_over() -> None:
    assert become(line("a", "b"), line("b", "c")) == {"a": "a", "b": "a", "c": "a"}


def test_a_circle_of_merges_says_nothing_new() -> None:
    found = become(line("a", "b"), line("b", "c"), line("c", "a"))
    assert set(found.values()) == {"a"}


def test_the_left_one_stays() -> None:
    assert become(line("b", "a"), a=9) == {"a": "b", "b": "b"}


def test_of_several_that_stand_on_the_left_the_one_with_most_facts_stays() -> None:
    assert set(become(line("a", "x"), line("b", "x"), b=2, a=1).values()) == {"b"}


def test_of_equals_the_smallest_id_stays() -> None:
    assert set(become(line("b", "x"), line("a", "x")).values()) == {"a"}


def test_an_open_line_and_a_kept_one_merge_nothing() -> None:
    assert become(line("a", "b", ""), line("c", "d", "keep")) == {}


def test_a_score_decides_open_lines_only_if_it_is_set() -> None:
    lines = line("a", "b", "", score=95.0), line("c", "d", "", score=94.9)
    assert become(*lines) == {}
    assert become(*lines, auto_above=95) == {"a": "a", "b": "a"}


def test_a_score_does_not_overrule_keep() -> None:
    assert become(line("a", "b", "keep", score=100.0), auto_above=95) == {}


def test_a_contradiction_names_the_lines_that_make_it() -> None:
    (fault,) = Groups(
        [
            line("a", "b", number=1),
            line("x", "y", number=2),
            line("b", "c", number=3),
            line("a", "c", "keep", number=4),
        ]
    ).faults
    assert fault.startswith("line 4: 'a' and 'c' are kept apart here")
    assert "line 1, line 3" in fault


def test_one_pair_decided_in_both_ways_is_a_contradiction() -> None:
    (fault,) = Groups([line("a", "b", number=1), line("b", "a", "keep", number=2)]).faults
    assert "by line 1" in fault


def test_a_score_may_contradict_a_decision_and_is_told() -> None:
    lines = [
        line("a", "b", "", score=99.0, number=1),
        line("b", "c", "", score=99.0, number=2),
        line("a", "c", "keep", number=3),
    ]
    assert len(Groups(lines, 95).faults) == 1


def test_an_entity_is_not_merged_with_itself() -> None:
    (fault,) = Groups([line("a", "a", number=7)]).faults
    assert fault.startswith("line 7")


EDGES = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=8)


@given(EDGES, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(edges: list[tuple[str, str]], chance: Any) -> None:
    lines = [line(one, other) for one, other in edges if one != other]
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert become(*lines) == become(*shuffled)
