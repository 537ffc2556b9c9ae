"""Knows how to ask one server over HTTP and take its answers with care; knows no route.

An answer is an enemy until it is read: it may be huge, cut, or something else than JSON. A key
goes to the server it is for and nowhere else.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, Self

from cogx.errors import (
    MissingExtra,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
)
from cogx.remote.address import fit_key, fit_url, origin

if TYPE_CHECKING:
    import httpx

MOST_ANSWER_BYTES: Final = 1 << 20
"""No JSON answer but a graph is longer; a longer one is refused, not held in memory."""
CONNECT_S: Final = 30.0
SILENCE_S: Final = 60.0
"""How long a server may say nothing to an ordinary request."""
TRIES: Final = 4
FIRST_WAIT_S: Final = 0.2
"""How long to wait at most before the second try; twice as long before each further one."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGAIN: Final = frozenset({429, 502, 503, 504})
_SHOWN: Final = 300
_KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 5}
_WORD: Final = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says beside its body; names of headers are in lower case."""

    status: int
    headers: dict[str, str]


class Server:
    """One server and the key for it. Close it; closing twice is fine.

    Proxies of the environment are used, certificates are checked. Every method raises
    RemoteUnavailable (no connection, no answer in time), RemoteRefused (a status of 400 or more,
    or a redirect to another origin), RemoteGarbled (an answer that cannot be used).

    Args:
        url: the base URL, without /api/v1.
        key: sent as X-Api-Key; None sends none.
        silence_s: how long the server may say nothing.
        bearer: send the key as a bearer token instead.

    Raises:
        BadSetting: an address or a key that cannot be one; the text does not show the key.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        silence_s: float = SILENCE_S,
        bearer: bool = False,
    ) -> None:
        try:
            import httpx  # noqa: PLC0415 - an extra, and not light
        except ImportError as error:
            raise MissingExtra("remote", "Talking to a server") from error
        self.url = fit_url(url)
        self._key = fit_key(key)
        self._bearer = bearer
        self._silence_s = silence_s
        self._client = httpx.Client(
            timeout=httpx.Timeout(silence_s, connect=CONNECT_S),
            follow_redirects=False,
            verify=_trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            # A compressed answer may unfold to a thousand times its size before it can be counted.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    @property
    def has_key(self) -> bool:
        """Tell whether a key is sent."""
        return bool(self._key)

    def get_json(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        with_key: bool = True,
        most_bytes: int = MOST_ANSWER_BYTES,
        also: Container[int] = (),
    ) -> Any:
        """GET a route and return its JSON; tried again on what passes (see :data:`TRIES`).

        Args:
            most_bytes: a longer answer is refused.
            also: statuses of 400 and more whose body is an answer too.
        """
        for tried in range(1, TRIES + 1):
            try:
                with self._asked(
                    "GET", path, params=params, with_key=with_key, also=also
                ) as answer:
                    return self._json(answer, path, most_bytes)
            except (RemoteUnavailable, RemoteRefused) as error:
                if tried == TRIES or not passes(error):
                    raise
            # Not all at once again, where many were turned away at once.
            time.sleep(FIRST_WAIT_S * 2 ** (tried - 1) * SystemRandom().uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")

    def post_json(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        most_bytes: int = MOST_ANSWER_BYTES,
    ) -> Any:
        """Send JSON once and return the JSON that comes back, unless it is longer than allowed."""
        with self._asked(method, path, json=body) as answer:
            return self._json(answer, path, most_bytes)

    def post_form(
        self,
        path: str,
        fields: Mapping[str, Any],
        files: Any = None,
        *,
        silence_s: float | None = None,
    ) -> Any:
        """Send a form once (multipart with ``files``, as httpx takes them) and return the JSON.

        Args:
            silence_s: how long the server may say nothing after the upload; None: as always.
        """
        with self._asked("POST", path, data=fields, files=files, silence_s=silence_s) as answer:
            return self._json(answer, path)

    def post_bytes(
        self,
        path: str,
        content: Iterable[bytes],
        *,
        headers: Mapping[str, str],
        silence_s: float,
        stall_s: float,
        method: str = "POST",
    ) -> Any:
        """Send a body once, part after part, and return the JSON that comes back.

        Args:
            headers: with Content-Type, and Content-Length if the length is known.
            silence_s: how long the server may say nothing once it has everything.
            stall_s: how long it may take nothing while the body is sent.
        """
        with self._asked(
            method, path, content=content, headers=headers, silence_s=silence_s, stall_s=stall_s
        ) as answer:
            return self._json(answer, path)

    def tell(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
        **content: Any,
    ) -> Told:
        """Ask once for something whose answer is its status and headers; a body is dropped.

        Args:
            content: ``json``, or ``content`` as httpx takes it.
        """
        with self._asked(method, path, headers=headers, silence_s=silence_s, **content) as answer:
            _limited(answer, path, MOST_ANSWER_BYTES)
            return Told(answer.status_code, {k.lower(): v for k, v in answer.headers.items()})

    @contextmanager
    def stream(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        start: int = 0,
        validator: str | None = None,
        silence_s: float | None = None,
    ) -> Iterator[httpx.Response]:
        """GET a route and give the answer while it arrives, from a byte on if the server can.

        Args:
            start: the first byte that is wanted; a server that answers 200 sends all.
            validator: an ETag or Last-Modified; from ``start`` on only if it still holds.
            silence_s: how long the server may say nothing; None: as always.
        """
        headers = {"Accept": "*/*"} | ({"Range": f"bytes={start}-"} if start else {})
        if start and validator:
            headers["If-Range"] = validator
        with self._asked(
            "GET", path, params=params, headers=headers, silence_s=silence_s
        ) as answer:
            yield answer

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        *,
        with_key: bool = True,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
        stall_s: float | None = None,
        also: Container[int] = (),
        **content: Any,
    ) -> Iterator[httpx.Response]:
        import httpx  # noqa: PLC0415

        sent = dict(headers or {})
        if with_key and self._key:
            name, lead = ("Authorization", "Bearer ") if self._bearer else ("X-Api-Key", "")
            sent[name] = lead + self._key
        silence = silence_s or self._silence_s
        timeout = httpx.Timeout(silence, connect=CONNECT_S, write=stall_s or silence)
        try:
            with self._client.stream(
                method,
                self.url + path,
                headers=sent,
                timeout=timeout,
                extensions={"trace": _keep_alive},
                **content,
            ) as answer:
                self._check(answer, path, also)
                yield answer
        except httpx.TimeoutException as error:
            raise RemoteUnavailable(
                f"{self.url}{path}: the server did not answer in time. Try again, or allow more "
                "time.",
            ) from error
        except httpx.HTTPError as error:
            raise RemoteUnavailable(
                f"{self.url}{path}: {str(error) or type(error).__name__}. "
                "Check the address, and that the server runs."
            ) from error

    def _check(self, answer: httpx.Response, path: str, also: Container[int]) -> None:
        """Raise for every status but success, and for a body that would have to be unfolded."""
        status = answer.status_code
        coding = answer.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise RemoteGarbled(
                f"{self.url}{path}: the answer is compressed ({coding[:_SHOWN]}), which was not "
                "asked for. Something between us and the server changes what it says."
            )
        if status in _REDIRECTS:
            goal = str(answer.url.join(answer.headers.get("location", "")))
            other = "" if origin(goal) == origin(self.url) else ", another server"
            raise RemoteRefused(
                f"{self.url}{path}: the server sends us to {goal}{other}. "
                "Nothing was sent there; give that address if you trust it.",
                status,
            )
        if status >= 400 and status not in also:
            text, code = _reason(_limited(answer, path, MOST_ANSWER_BYTES))
            if self._key:  # some servers repeat what they refuse
                text = text.replace(self._key, "***")
            refused = RemoteRefused(f"{self.url}{path}: {status}: {text[:_SHOWN]}", status, code)
            if "retry-after" in answer.headers:
                refused.context["retry_after"] = answer.headers["retry-after"][:_SHOWN]
            raise refused

    def _json(self, answer: httpx.Response, path: str, most_bytes: int = MOST_ANSWER_BYTES) -> Any:
        data = _limited(answer, path, most_bytes)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            kind = answer.headers.get("content-type", "nothing")
            raise RemoteGarbled(
                f"{self.url}{path}: the answer is not JSON ({kind}). Is this the right "
                "address, and nothing between it and us that answers in its place?"
            ) from error


@cache
def _trust(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """Return the certificates that are trusted, read once for what the environment names.

    Reading them takes longer than a request.
    """
    import httpx  # noqa: PLC0415

    return httpx.create_ssl_context()


def _keep_alive(event: str, info: Mapping[str, Any]) -> None:
    """Let a new connection be kept up while nobody speaks.

    A server may import for hours without a word; what stands between forgets silent connections,
    and a host that has died says nothing either.
    """
    if event != "connection.connect_tcp.complete":
        return
    wire = info["return_value"].get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE.items():
            if hasattr(socket, option):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _limited(answer: httpx.Response, path: str, most: int) -> bytes:
    """Return the body, but never hold more of it than is allowed."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > most:
            raise RemoteGarbled(f"{path}: the answer is longer than {most:,} bytes.")
    return b"".join(parts)


def _reason(body: bytes) -> tuple[str, str | None]:
    """Return the text and the code of an error; five shapes of body are in use."""
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace").strip() or "no reason given", None
    if not isinstance(plain, dict):
        return "no reason given", None
    if isinstance(fault := plain.get("error", ""), dict):  # as OpenAI has it
        plain, fault = fault, fault.get("message", "")
    detail = plain.get("detail", plain.get("error_description", fault))
    if isinstance(detail, list):
        # A list of faulty fields; what stands beside it echoes the request, keys included.
        told = [f"{'.'.join(map(str, d.get('loc', ())))}: {d.get('msg')}" for d in detail
                if isinstance(d, dict)]  # fmt: skip
        detail = "; ".join(told)
    text = detail if isinstance(detail, str) else json.dumps(detail)
    code = plain.get("code")
    if code is None and isinstance(fault, str) and _WORD.fullmatch(fault):
        code = fault  # as OAuth has it
    return text or "no reason given", code if isinstance(code, str) else None


def passes(error: Exception) -> bool:
    """Tell whether trying again may help: only where nothing was changed by the first try."""
    if isinstance(error, RemoteUnavailable):
        return True
    return isinstance(error, RemoteRefused) and error.status in _AGAIN
