"""Knows that ``python -m cogx`` is the command cogx."""

from cogx.cli.main import run as main

if __name__ == "__main__":
    main()
