from __future__ import annotations

import pytest

from cogx.derive.boundaries import is_whole
from cogx.derive.folding import fold


def whole(name: str, text: str) -> bool:
    text, name = fold(text).text, fold(name).text
    start = text.index(name)
    return is_whole(text, start, start + len(name))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann", "Ann"),
        ("Ann", "(Ann)"),
        ("Ann", "Ann's boat"),
        ("Ann", "Mary-Ann"),
        ("C++", "uses C++ daily"),
        (".NET", "the .NET team"),
        ("東京", "私は東京に住む"),
        ("東京", "東京都"),
        ("アリス", "アリスは"),
        ("Tokyo", "私はTokyoに"),
        ("王", "王 came"),
        ("앨리스", "앨리스는 왔다"),
        ("앨리스", "앨리스 왔다"),
        ("앨리스", "앨리스님이 왔다"),
        ("กรุงเทพ", "ไปกรุงเทพวันนี้"),
        ("2024", "in 2024."),
        ("2024", "2024年"),
    ],
)
def test_whole_words(name: str, text: str) -> None:
    assert whole(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann", "Annika"),
        ("Ann", "Joann"),
        ("Ann", "Ann_1"),
        ("b", "b\u0332"),
        ("नम", "नमस्ते"),
        ("Ann", "An\u00adnika"),
        ("アリ", "アリスは"),
        ("王", "国王陛下"),
        ("김철", "김철수"),
        ("수", "철수"),
        ("5", "3.5"),
        ("3", "3.5"),
        ("2024", "1,2024"),
        ("Анн", "Анна"),
    ],
)
def test_parts_of_words(name: str, text: str) -> None:
    assert not whole(name, text)
