"""`python -m conformance`: the commands for a classroom."""

import sys

from conformance.cli import main

if __name__ == "__main__":
    sys.exit(main())
