"""Knows named byte members in a directory, a tarball or memory: reading, writing, extracting.

Must never know what members mean; opening the package loads no compression library.
"""

from cogx.container.contract import Container, ContainerWriter, Member
from cogx.container.create import create_container
from cogx.container.open import open_container
from cogx.container.room import free_bytes
from cogx.container.safety import extract

__all__ = [
    "Container",
    "ContainerWriter",
    "Member",
    "create_container",
    "extract",
    "free_bytes",
    "open_container",
]
