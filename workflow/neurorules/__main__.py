"""`python -m neurorules`: the command where it is not installed."""

import sys

from neurorules.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
