"""cogx serve: what is wrong is said before anything is served."""

from __future__ import annotations

import pytest

from .conftest import Call


def test_url_says_how_to_log_in(call: Call) -> None:
    told = call("serve", "--url", "https://memory.example")
    assert (told.code, "cogx connect https://memory.example" in told.err) == (2, True)


def test_a_wrong_setting_is_named_by_its_variable(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COGX_WORKERS", "many")
    told = call("serve")
    assert (told.code, "COGX_WORKERS: " in told.err) == (2, True)


def test_what_a_wrong_setting_holds_is_not_said(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COGX_MAX_UPLOAD_BYTES", "geheim")
    assert "geheim" not in call("serve").err


def test_a_directory_that_cannot_be_written_is_an_output_error(call: Call) -> None:
    told = call("serve", "--port", 0, "--data", "/dev/null/data")
    assert (told.code, "/dev/null/data" in told.err) == (7, True)


def test_check_says_that_all_is_well(call: Call) -> None:
    told = call("serve", "--check", "--json", "--port", 0, "--data", "data")
    assert (told.code, told.json()["ok"]) == (0, True)


def test_check_says_what_is_missing(call: Call) -> None:
    told = call("serve", "--check", "--port", 0, "--data", "/dev/null/data")
    assert (told.code, "error data directory: /dev/null/data cannot be made" in told.out) == (
        1, True,
    )  # fmt: skip
