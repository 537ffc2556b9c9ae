from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from cogx.derive import registry
from cogx.derive.chat.settings import ChatSettings
from cogx.derive.registry import deriver_named, deriver_names
from cogx.derive.vocabulary import VocabularyDeriver
from cogx.errors import BadSetting, UnknownName

HERE = "tests.unit.derive.test_registry"


class Loud:
    version = "1"

    def __init__(self, name: str = "loud") -> None:
        self.name = name

    def prepare(self, known: Any) -> None: ...

    def derive(self, passages: Any) -> Any: ...


class Mute: ...


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(*, group: str) -> EntryPoints:
        named = {"loud": "Loud", "mute": "Mute", "gone": "Gone", "vocabulary": "Mute"}
        return EntryPoints(
            EntryPoint(name, f"{HERE}:{value}", group) for name, value in named.items()
        )

    monkeypatch.setattr(registry, "entry_points", points)


def test_vocabulary_is_the_default_and_ours_whoever_takes_the_name() -> None:
    assert isinstance(deriver_named(), VocabularyDeriver)
    assert isinstance(deriver_named("vocabulary"), VocabularyDeriver)


def test_chat_is_made_of_its_settings() -> None:
    settings = ChatSettings("http://localhost:1/v1", "m")
    deriver: Any = deriver_named("chat", settings=settings)
    deriver.close()
    assert deriver.origin["model"] == "m"


def test_a_deriver_of_another_package_gets_its_settings() -> None:
    assert deriver_named("loud", name="louder").name == "louder"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="Known: chat, gone, loud, mute, vocabulary"):
        deriver_named("other")


def test_names_are_sorted_and_named_once() -> None:
    assert deriver_names() == ["chat", "gone", "loud", "mute", "vocabulary"]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("vocabulary", {"model": "x"}, "does not take these settings"),
        ("gone", {}, "cannot be loaded"),
        ("mute", {}, "has no name, version"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        deriver_named(name, **settings)
