from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cogx.errors import BadSetting
from cogx.transform.criteria import KEYS, Criteria, parse_criteria


def test_nothing_asks_nothing() -> None:
    assert not parse_criteria([])
    assert parse_criteria([]) == Criteria()


def test_every_key_is_read() -> None:
    terms = [
        "kind=fact",
        "type=Person",
        "predicate=works_at",
        "ids=a,b",
        "since=2024-01-01",
        "until=2024-02-01T09:00:00+01:00",
        "system=mem0",
        "scope.user_id=u",
        "scope.agent_id=a",
        "scope.session_id=s",
        "scope.run_id=r",
    ]
    assert {term.partition("=")[0] for term in terms} == set(KEYS)
    assert parse_criteria(terms, "2023-12-31") == Criteria(
        kinds=frozenset({"fact"}),
        types=frozenset({"Person"}),
        predicates=frozenset({"works_at"}),
        ids=frozenset({"a", "b"}),
        since=datetime(2024, 1, 1, tzinfo=UTC),
        until=datetime(2024, 2, 1, 8, tzinfo=UTC),
        systems=frozenset({"mem0"}),
        scope={
            "user_id": frozenset({"u"}),
            "agent_id": frozenset({"a"}),
            "session_id": frozenset({"s"}),
            "run_id": frozenset({"r"}),
        },
        as_of=datetime(2023, 12, 31, tzinfo=UTC),
    )


def test_terms_of_one_key_are_alternatives() -> None:
    assert parse_criteria(["type=Person", "type=Firm, Ltd"]).types == {"Person", "Firm, Ltd"}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse_criteria(["predicate=a=b"]).predicates == {"a=b"}


def test_ids_come_from_a_file_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "ids"
    file.write_bytes("\ufeffa\r\nb, c\n\n d\u2028\n".encode())
    assert parse_criteria([f"ids=@{file}", "ids=e"]).ids == {"a", "b, c", " d\u2028", "e"}


@pytest.mark.parametrize("term", ["", "Person", "typ=Person", "type=", "=Person", "scope.team=x"])
def test_what_is_no_term_is_refused_with_the_keys_and_an_example(term: str) -> None:
    with pytest.raises(BadSetting, match=r"Known keys: kind, type, .*Example: --only type=Person"):
        parse_criteria([term])


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"kind=facts.*Known: document, .*, fact, "):
        parse_criteria(["kind=facts"])


def test_terms_in_one_text_are_refused_with_advice() -> None:
    with pytest.raises(BadSetting, match="an --only of its own"):
        parse_criteria(["kind=fact,type=Person"])


@pytest.mark.parametrize(
    ("only", "as_of"), [(["since=soon"], None), (["until=2024-13-01"], None), ([], "then")]
)
def test_a_time_that_no_rule_reads_is_refused(only: list[str], as_of: str | None) -> None:
    with pytest.raises(BadSetting, match=r"is no time\. Example: 2024-05-01"):
        parse_criteria(only, as_of)


def test_a_window_has_one_beginning() -> None:
    with pytest.raises(BadSetting, match="since can be given once"):
        parse_criteria(["since=2024-01-01", "since=2024-01-02"])


def test_a_window_that_holds_no_time_is_refused() -> None:
    with pytest.raises(BadSetting, match="no record can be selected"):
        parse_criteria(["since=2024-01-01", "until=2024-01-01"])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="one id a line"):
        parse_criteria([f"ids=@{tmp_path / 'none'}"])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ids").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match="in UTF-8"):
        parse_criteria([f"ids=@{tmp_path / 'ids'}"])


def test_an_empty_list_of_ids_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ids").write_bytes(b"\n\n")
    with pytest.raises(BadSetting, match="names no id"):
        parse_criteria([f"ids=@{tmp_path / 'ids'}"])


def test_the_words_say_all_that_is_asked() -> None:
    criteria = parse_criteria(
        ["type=Person", "type=Firm", "ids=b,a", "since=2024-01-01", "scope.user_id=u"], "2024-02-01"
    )
    assert criteria.describe() == (
        "type Firm or Person; scope.user_id u; id a or b; changed at or after "
        "2024-01-01T00:00:00Z; facts that held at 2024-02-01T00:00:00Z"
    )


def test_the_words_count_many_ids() -> None:
    listed = ",".join(map(str, range(1000)))
    assert parse_criteria([f"ids={listed}"]).describe() == "one of 1,000 ids"


def test_the_words_for_nothing_asked() -> None:
    assert Criteria().describe() == "everything"
