"""The command: `python -m xsbert "text a" "text b"`, or `xsbert` once installed."""

import sys

from xsbert.command import main

if __name__ == "__main__":
    sys.exit(main())
