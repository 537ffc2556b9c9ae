"""The process of a real cognee server: prepared, then served on the port that it is given.

Runs inside cognee's own environment. ``python peer_server.py HOME PORT``
"""

from __future__ import annotations

import sys
from pathlib import Path

from peer_process import enter


def main() -> None:
    """Serve until the process is stopped."""
    home, port = sys.argv[1:]
    enter(Path(home))
    import uvicorn

    uvicorn.run("cognee.api.client:app", host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
