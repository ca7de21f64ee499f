"""`python -m neurorules`: run the command without installing it."""

import sys

from neurorules.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
