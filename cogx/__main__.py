"""Knows that ``python -m cogx`` is the command cogx."""

from cogx.cli.main import run

if __name__ == "__main__":
    run()
