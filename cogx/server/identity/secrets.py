"""Knows how secrets are kept and compared; nothing of them is kept that could be used again.

Passwords are argon2id hashes. API keys are 256 random bits, so one SHA-256 is enough for them.
Tokens are JWTs as cognee's: audience ``fastapi-users:auth``, and ``pwd``, which a new password
makes invalid.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from functools import cache
from typing import Final

import jwt
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

AUDIENCE: Final = "fastapi-users:auth"
_ALGORITHM: Final = "HS256"
_KEY_BYTES: Final = 32
_LABEL: Final = 8
_UNUSABLE: Final = "!"
_AT_ONCE: Final = threading.BoundedSemaphore(4)
"""Hashing takes 64 MiB; a crowd that logs in waits instead of filling the memory."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


def hashed(password: str) -> str:
    """Return the hash that is kept of a password. Cost: about 50 ms and 64 MiB, on purpose."""
    with _AT_ONCE:
        return _hasher().hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Tell whether a password is the one that was kept. Nothing kept, or unusable, fits none.

    The answer costs the same time in all cases, so nobody learns from it who is a user.
    """
    usable = kept is not None and is_usable(kept)
    with _AT_ONCE:
        try:
            return _hasher().verify(password, kept if usable and kept else _nobodys()) and usable
        except UnknownHashError:
            return False


def is_usable(kept: str) -> bool:
    """Tell whether there is a password at all that fits."""
    return not kept.startswith(_UNUSABLE)


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_hex(16))


def unusable() -> str:
    """Return what stands in the place of a password that nobody has."""
    return f"{_UNUSABLE}{secrets.token_hex(16)}"


def new_key() -> tuple[str, str, str]:
    """Return (key, what is kept of it, label): 64 hex digits, shown once."""
    key = secrets.token_hex(_KEY_BYTES)
    return key, key_digest(key), f"{key[:_LABEL]}****"


def key_digest(key: str) -> str:
    """Return what is kept of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_token(user_id: str, kept_password: str, secret: str, lifetime_s: int) -> str:
    """Return a bearer token of a user that ends by itself."""
    claims = {
        "sub": user_id,
        "aud": AUDIENCE,
        "exp": int(time.time()) + lifetime_s,
        "pwd": _mark(kept_password, secret),
    }
    return jwt.encode(claims, secret, _ALGORITHM)


def claims_of(token: str, secret: str) -> dict[str, str] | None:
    """Return what a token says; None if it is not ours, was changed, or has ended."""
    try:
        claims: dict[str, str] = jwt.decode(
            token, secret, [_ALGORITHM], audience=AUDIENCE, options={"require": ["exp", "sub"]}
        )
    except jwt.InvalidTokenError:
        return None
    return claims


def is_current(claims: dict[str, str], kept_password: str, secret: str) -> bool:
    """Tell whether the password is still the one under which a token was made."""
    return hmac.compare_digest(str(claims.get("pwd", "")), _mark(kept_password, secret))


def _mark(kept_password: str, secret: str) -> str:
    return hmac.new(secret.encode(), kept_password.encode(), "sha256").hexdigest()
