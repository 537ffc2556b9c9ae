from __future__ import annotations

from cogx.disk_index import DiskIndex


def test_values_come_in_the_order_they_were_added() -> None:
    with DiskIndex() as index:
        index.add([("b", "2"), ("a", "x"), ("b", "1"), ("b", "2")])
        assert index.get("b") == ["2", "1", "2"]
        assert index.first("b") == "2"


def test_an_absent_key_has_none() -> None:
    with DiskIndex() as index:
        assert (index.get("a"), index.first("a"), index.pop("a")) == ([], None, [])


def test_one_pair_is_taken_at_a_time() -> None:
    with DiskIndex() as index:
        index.add([("a", "x"), ("a", "x")])
        assert [index.take("a", "x") for _ in range(3)] == [True, True, False]


def test_pop_empties_a_key() -> None:
    with DiskIndex() as index:
        index.add([("a", "2"), ("a", "1"), ("b", "3")])
        assert index.pop("a") == ["2", "1"]
        assert list(index.keys()) == ["b"]


def test_keys_are_ordered_and_single() -> None:
    with DiskIndex() as index:
        index.add([("b", ""), ("a", ""), ("b", "x")])
        assert list(index.keys()) == ["a", "b"]


def test_keys_are_texts_of_any_sort() -> None:
    odd = ["\0", "a\0b", "a\0c", "\U0001f600", "A", "a", "e\u0301", "\u00e9", "\n", ""]
    with DiskIndex() as index:
        index.add([(key, key) for key in odd])
        assert [index.get(key) for key in odd] == [[key] for key in odd]
        assert sorted(index.keys()) == sorted(odd)


def test_close_twice_is_fine() -> None:
    index = DiskIndex()
    index.close()
    index.close()
