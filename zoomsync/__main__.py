"""`python -m zoomsync`."""

import sys

from zoomsync.cli import main

if __name__ == "__main__":
    sys.exit(main())
