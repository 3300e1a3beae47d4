"""The ceiling: the load harness's bare echo (`huntserver.load.echo`), by its old command line."""

from __future__ import annotations

import sys

import uvloop

from huntserver.load.echo import main

if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 0))
