"""``python -m mnrd`` is ``mnrd``."""

from mnrd.cli import main

if __name__ == "__main__":
    main()
