"""`python -m writehead._worker SLOT TARGET`: started by a supervisor, and by nobody else."""

import sys

from writehead._worker.main import main

if __name__ == "__main__":
    sys.exit(main())
