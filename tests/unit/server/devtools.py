"""Knows how a headless Chromium is driven: the DevTools protocol over a WebSocket of our own.

Enough of RFC 6455 for one client on loopback: text frames, masked from here, whole or in parts.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WAIT_S: Final = 20.0
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


def browser() -> str | None:
    """Return where a Chromium is, None if nowhere."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One tab of a browser. What is thrown in it and what it logs is kept in ``complaints``."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname and parts.port
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=_WAIT_S)
        self._received = self._socket.makefile("rb")
        self._upgrade(parts.netloc, parts.path)
        self._last = 0
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._received.close()
        self._socket.close()

    def send(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol and return its result."""
        self._last += 1
        self._write(_TEXT, json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._message())
            if told.get("id") == self._last:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]
            self._hear(told)

    def value(self, expression: str) -> Any:
        """Return what JavaScript makes of an expression."""
        told = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression holds."""
        deadline = time.monotonic() + _WAIT_S
        while not self.value(f"Boolean({expression})"):
            text = "document.body.innerText"
            assert time.monotonic() < deadline, f"{expression} is not\n{self.value(text)}"
            time.sleep(0.02)

    def open(self, address: str) -> None:
        """Open an address, anew even if only what is behind its # differs."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=address)

    def click(self, x: float, y: float) -> None:
        """Click at a point of the window, as a mouse does."""
        where = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, **where)

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press a key."""
        named = {"key": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        self.send("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, text: str) -> None:
        """Write a text where the focus is."""
        self.send("Input.insertText", text=text)

    def _hear(self, told: dict[str, Any]) -> None:
        method, parameters = told.get("method"), told.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters['message']}")

    def _upgrade(self, host: str, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        self._socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        status = self._received.readline()
        assert b" 101 " in status, status
        while self._received.readline() != b"\r\n":
            pass

    def _write(self, kind: int, text: str) -> None:
        content, mask = text.encode(), os.urandom(4)
        size = len(content)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))
        self._socket.sendall(head + mask + masked)

    def _message(self) -> bytes:
        whole = b""
        while True:
            first, size = self._received.read(2)
            if size >= 126:
                size = int.from_bytes(self._received.read(2 if size == 126 else 8))
            content = self._received.read(size)
            kind = first & 0x0F
            assert kind != _CLOSE, "the browser has closed the tab"
            if kind == _PING:
                self._write(_PONG, content.decode())
                continue
            whole += content
            if first & 0x80:
                return whole


@contextmanager
def tab(program: str, directory: Path) -> Iterator[Tab]:
    """Run a browser with a profile of its own, and give its one tab."""
    # Its sandbox refuses to work for root, as whom tests run in containers; what it opens here is
    # a server of ours.
    options = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--no-proxy-server", "--window-size=1280,860", "--remote-debugging-port=0",
        f"--user-data-dir={directory}",
    )  # fmt: skip
    process = subprocess.Popen(
        [program, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with Tab(_address(process, directory)) as one:
            yield one
            one.send("Browser.close")
    finally:
        process.terminate()
        process.wait(_WAIT_S)


def _address(process: subprocess.Popen[bytes], directory: Path) -> str:
    """Return where the tab is driven, once the browser has said its port."""
    said = directory / "DevToolsActivePort"
    deadline = time.monotonic() + _WAIT_S
    while process.poll() is None and time.monotonic() < deadline:
        lines = said.read_text().split() if said.exists() else []
        if len(lines) > 1:
            targets = httpx.get(f"http://127.0.0.1:{lines[0]}/json", trust_env=False).json()
            for target in targets:
                if target["type"] == "page":
                    return str(target["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser did not start")
