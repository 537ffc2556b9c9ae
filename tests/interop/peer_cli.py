"""The process of a real ``cognee-cli``: prepared, then given its command line.

Runs inside cognee's own environment. ``python peer_cli.py HOME ARGUMENT...``
"""

from __future__ import annotations

import sys
from pathlib import Path

from peer_process import enter


def main() -> int:
    """Run one command line and return its exit code."""
    home, *arguments = sys.argv[1:]
    enter(Path(home))
    sys.argv = ["cognee-cli", *arguments]
    from cognee.cli._cognee import main as cognee_cli

    return int(cognee_cli())


if __name__ == "__main__":
    sys.exit(main())
