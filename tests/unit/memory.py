"""How a script of a test learns its own peak of memory."""

from __future__ import annotations

from typing import Final

PEAK: Final = """
def peak():
    with open("/proc/self/status") as file:
        return int(file.read().split("VmHWM:")[1].split()[0])
"""
"""Source of ``peak()``, in KiB. ``ru_maxrss`` would begin with the peak of whoever started the
process, which is pytest with all its modules: what grows less than that would not show."""
