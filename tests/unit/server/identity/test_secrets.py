"""Secrets are kept so that what is kept is of no use, and compared so that nobody learns."""

from __future__ import annotations

import jwt
import pytest

from cogx.server.identity import secrets
from cogx.server.identity.secrets import (
    claims_of,
    hashed,
    is_current,
    is_password,
    new_key,
    new_token,
    unusable,
)

SECRET = "s" * 40


@pytest.fixture(scope="module")
def kept() -> str:
    return hashed("a good password")


def test_the_password_that_was_kept_fits(kept: str) -> None:
    assert is_password("a good password", kept)


def test_another_password_does_not_fit(kept: str) -> None:
    assert not is_password("a good passwore", kept)


@pytest.mark.parametrize(
    "nothing", [None, pytest.param(unusable(), id="unusable"), "", "$2b$04$short"]
)
def test_without_a_usable_hash_no_password_fits(nothing: str | None) -> None:
    assert not is_password("a good password", nothing)


@pytest.mark.parametrize("nothing", [None, pytest.param(unusable(), id="unusable")])
def test_without_a_password_the_same_work_is_done(
    nothing: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    verify = secrets._hasher().verify
    monkeypatch.setattr(
        secrets._hasher(), "verify", lambda text, kept: seen.append(kept) or verify(text, kept)
    )
    is_password("a good password", nothing)
    assert [one.startswith("$argon2id$") for one in seen] == [True]


def test_of_a_key_its_hash_and_eight_digits_are_kept() -> None:
    key, digest, label = new_key()
    assert (len(key), key in digest, label) == (64, False, f"{key[:8]}****")


def test_a_token_says_whose_it_is(kept: str) -> None:
    claims = claims_of(new_token("somebody", kept, SECRET, 60), SECRET)
    assert claims is not None and claims["sub"] == "somebody"


def test_a_token_is_current_while_the_password_is_the_same(kept: str) -> None:
    claims = claims_of(new_token("somebody", kept, SECRET, 60), SECRET)
    assert claims is not None and is_current(claims, kept, SECRET)


def test_a_token_is_not_current_under_another_password(kept: str) -> None:
    claims = claims_of(new_token("somebody", kept, SECRET, 60), SECRET)
    assert claims is not None and not is_current(claims, "another hash", SECRET)


def _signed(**changes: object) -> str:
    claims = {"sub": "somebody", "aud": secrets.AUDIENCE, "exp": 4102444800, "pwd": "x"}
    given = {k: v for k, v in (claims | changes).items() if v is not None}
    return jwt.encode(given, SECRET, "HS256")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(_signed(exp=1), id="ended"),
        pytest.param(_signed(exp=None), id="endless"),
        pytest.param(_signed(aud="others"), id="for others"),
        pytest.param(_signed(sub=None), id="nobody's"),
        pytest.param(_signed()[:-4], id="cut"),
        pytest.param(jwt.encode({"sub": "a", "exp": 4102444800}, None, "none"), id="unsigned"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
    ],
)
def test_a_token_that_is_not_as_ours_says_nothing(token: str) -> None:
    assert claims_of(token, SECRET) is None


def test_a_token_of_another_secret_says_nothing(kept: str) -> None:
    assert claims_of(new_token("somebody", kept, "t" * 40, 60), SECRET) is None
