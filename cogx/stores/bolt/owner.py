"""Knows which process holds something, and whether a process of this machine is gone."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PIDS: Final = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process. ``place`` tells machines, boots and containers apart, ``start`` reused pids."""

    host: str
    user: str
    pid: int
    place: str
    start: str
    token: str

    @classmethod
    def this(cls) -> Self:
        """Return this process, with a token that no other holder has."""
        pid = os.getpid()
        user = os.environ.get("USER") or os.environ.get("USERNAME") or _uid()
        return cls(
            socket.gethostname(), user, pid, _place(), _start(pid) or "", secrets.token_hex(16)
        )

    def is_gone(self) -> bool:
        """Tell whether this is surely a process of here that no longer runs."""
        if self.place != _place() or os.name != "posix":
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        start = _start(self.pid)
        return bool(self.start) and start is not None and start != self.start

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}"


def _uid() -> str:
    return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _place() -> str:
    boot, pids = "", ""
    if _BOOT.exists() and _PIDS.is_symlink():
        boot, pids = _BOOT.read_text().strip(), str(_PIDS.readlink())
    return f"{socket.gethostname()} {boot} {pids}"


def _start(pid: int) -> str | None:
    """Return when a process started, in ticks since the boot; None where nobody tells."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold spaces; the 22nd field is the 20th behind it.
    return text.rpartition(")")[2].split()[19]
