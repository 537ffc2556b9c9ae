from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.errors import AlreadyThere, BadSetting
from cogx.transform.resolution.review import Line, read_review, write_review

LINE = Line(
    decision="merge",
    score=92.5,
    reason="same name",
    left_id="1",
    left_name='Ann, "the" Lee\nof Bonn',
    left_type="Person",
    right_id="2",
    right_name="ann",
    right_type=None,
    shared_neighbours=3,
)


def read(path: Path, text: str) -> list[Line]:
    path.write_text(text, encoding="utf-8")
    return read_review(path)


def fault(path: Path, text: str) -> str:
    with pytest.raises(BadSetting) as told:
        read(path, text)
    return str(told.value)


def unnumbered(lines: list[Line]) -> list[Line]:
    for line in lines:
        line.number = 0
    return lines


@pytest.mark.parametrize("name", ["review.jsonl", "review.csv"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    write_review(tmp_path / name, [LINE, Line(left_id="a", right_id="b")])
    found = unnumbered(read_review(tmp_path / name))
    assert found == [LINE, Line(left_id="a", right_id="b")]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.parametrize("name", ["review.jsonl", "review.csv"])
def test_any_text_survives_both_forms(tmp_path: Path, name: str) -> None:
    @given(TEXT, TEXT)
    def check(one: str, other: str) -> None:
        line = Line(left_id=one, right_id=other, left_name=other, right_name=f"'={one}")
        write_review(tmp_path / name, [line], force=True)
        assert unnumbered(read_review(tmp_path / name)) == [line]

    check()


def test_a_spreadsheet_is_given_no_formula(tmp_path: Path) -> None:
    write_review(tmp_path / "r.csv", [Line(left_id="=1+1", right_id="@x")])
    assert ",'=1+1," in (tmp_path / "r.csv").read_text()


def test_decisions_that_were_made_are_not_overwritten(tmp_path: Path) -> None:
    write_review(tmp_path / "r.csv", [LINE])
    with pytest.raises(AlreadyThere):
        write_review(tmp_path / "r.csv", [])


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"\.jsonl or \.csv"):
        write_review(tmp_path / "r.txt", [])


def test_a_line_needs_a_decision_and_two_ids_only(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "r.jsonl", '{"decision":"Keep ","left_id":"1","right_id":"2"}\n')
    assert (found.decision, found.left_name) == ("keep", None)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_tables_of_other_spreadsheets_are_read(tmp_path: Path, mark: str) -> None:
    rows = [["decision", "left_id", "right_id"], ["merge", "1", "2"]]
    text = "\ufeff" + "\r\n".join(map(mark.join, rows)) + "\r\n"
    assert [one.decision for one in read(tmp_path / "r.csv", text)] == ["merge"]


def test_a_row_of_several_lines_is_told_by_its_first(tmp_path: Path) -> None:
    text = 'decision,left_id,right_id,left_name\nmerge,1,2,"a\nb"\n\nmerge,3,4,c\n'
    assert [one.number for one in read(tmp_path / "r.csv", text)] == [2, 5]


def test_a_decision_that_is_no_word_is_told_with_line_field_and_remedy(tmp_path: Path) -> None:
    text = json.dumps({"decision": "yes", "left_id": "1", "right_id": "2"})
    told = fault(tmp_path / "r.jsonl", f"\n{text}\n")
    assert f"{tmp_path / 'r.jsonl'}" in told
    assert "line 2, decision: 'yes' is not known. Write merge or keep" in told


def test_a_missing_id_is_told(tmp_path: Path) -> None:
    told = fault(tmp_path / "r.csv", "decision,left_id,right_id\nmerge,1,\n")
    assert "line 2, right_id: it is missing" in told


def test_a_score_that_is_no_number_is_told(tmp_path: Path) -> None:
    told = fault(tmp_path / "r.csv", "decision,score,left_id,right_id\n,high,1,2\n")
    assert "line 2, score: 'high' is no number" in told


def test_a_score_with_a_comma_is_read(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "r.csv", "decision;score;left_id;right_id\n;87,4;1;2\n")
    assert found.score == 87.4


def test_a_broken_line_is_told(tmp_path: Path) -> None:
    assert "line 1: not a JSON object" in fault(tmp_path / "r.jsonl", "{\n")


def test_a_broken_table_is_told(tmp_path: Path) -> None:
    told = fault(tmp_path / "r.csv", 'decision,left_id,right_id\nmerge,"1"x,2\n')
    assert "line 2: not CSV" in told


def test_all_faults_are_told_at_once_up_to_ten(tmp_path: Path) -> None:
    told = fault(tmp_path / "r.jsonl", "[]\n" * 12)
    assert told.count("not a JSON object") == 10
    assert told.endswith("and 2 more.")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        read_review(tmp_path / "none.csv")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSetting, match="UTF-8"):
        read_review(tmp_path / "r.csv")
