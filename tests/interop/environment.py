"""Knows where the environment with a real cognee lives and how it is made.

Never imports cognee or cogx: it runs on a bare Python, before either is there.

``python -m tests.interop.environment`` makes the environment if it is absent or older than
the lock beside this file, and prints the path of its python. Only that python is meant to be
called (``python -m ...``): the scripts beside it still name the directory they were made in.

The lock is renewed, after ``VERSION`` was changed, with::

    echo cognee==VERSION | uv pip compile --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate - -o tests/interop/cognee.lock
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "1.6.5"
LOCATION_VARIABLE = "COGX_COGNEE_ENV"
LOCK = Path(__file__).with_name("cognee.lock")
DRIVER = Path(__file__).with_name("peer.py")
# Holds the digest of the lock that the environment was made from.
MARKER = "cogx-interop-lock.sha256"


def location() -> Path:
    """Return the directory of the environment, whether or not it is there."""
    named = os.environ.get(LOCATION_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "cogx" / f"cognee-{VERSION}"


def python_of(environment: Path) -> Path:
    """Return the path of an environment's python."""
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def lock_digest() -> str:
    """Return the digest that an up-to-date environment's marker holds."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def is_current(environment: Path) -> bool:
    """Say whether the environment is whole and made from the present lock."""
    try:
        marked = (environment / MARKER).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return False
    return marked == lock_digest() and python_of(environment).exists()


def make(environment: Path) -> None:
    """Make the environment anew and put it in place in one step.

    It grows in a sibling directory, so a broken-off install is never taken as good. Raises
    FileExistsError when the place holds something that this function did not make, and
    CalledProcessError when a download or an install fails; nothing is left behind then.
    """
    if environment.exists() and not (environment / MARKER).exists():
        raise FileExistsError(
            f"{environment} exists but was not made by this script; remove it, "
            f"or name another place in {LOCATION_VARIABLE}"
        )
    environment.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{environment.name}-", dir=environment.parent))
    try:
        fresh = workshop / "fresh"
        _install(fresh)
        (fresh / MARKER).write_text(lock_digest() + "\n", encoding="ascii")
        _put_in_place(fresh, environment, aside=workshop / "old")
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _install(fresh: Path) -> None:
    """Make a virtual environment and install what the lock names into it."""
    python = str(python_of(fresh))
    _run(sys.executable, "-m", "venv", str(fresh))
    _run(python, "-m", "pip", "install", "--quiet", "uv")
    _run(
        python, "-m", "uv", "pip", "install", "--quiet", "--python", python,
        "--require-hashes", "-r", str(LOCK),
    )  # fmt: skip
    # An import proves the set; it also compiles the modules while nobody else looks on.
    _run(python, str(DRIVER), "--home", str(fresh.parent / "home"), "version")


def _put_in_place(fresh: Path, environment: Path, *, aside: Path) -> None:
    """Rename the fresh environment into place, an outdated one out of the way."""
    if environment.exists():
        environment.rename(aside)
    try:
        fresh.rename(environment)
    except OSError:
        # Another run was quicker: its environment is as good as ours if it is current.
        if not is_current(environment):
            raise


def _run(*command: str) -> None:
    """Run one step; its chatter goes to stderr, for stdout carries the path alone."""
    subprocess.run(command, check=True, stdout=sys.stderr)


def ensure() -> Path:
    """Return the python of an up-to-date environment, making it first where needed."""
    environment = location()
    if not is_current(environment):
        sys.stderr.write(f"making {environment} (1.5 GB, minutes where it is downloaded)\n")
        make(environment)
    return python_of(environment)


def main() -> int:
    """Print the python's path; exit 1 with the reason when it could not be made."""
    try:
        sys.stdout.write(f"{ensure()}\n")
    except (OSError, subprocess.CalledProcessError) as fault:
        sys.stderr.write(f"no cognee environment: {fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
