"""`python -m writehead script.py` is the command `writehead script.py`."""

import sys

from writehead.cli import main

if __name__ == "__main__":
    sys.exit(main())
