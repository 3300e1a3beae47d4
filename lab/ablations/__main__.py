"""`python -m lab.ablations`: every safeguard, switched off in turn."""

from lab.ablations.runs import main

raise SystemExit(main())
