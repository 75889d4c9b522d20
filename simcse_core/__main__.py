"""`python -m simcse_core`."""

from simcse_core.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
