"""`python -m lab.sim`: seeds of the simulation."""

from lab.sim.runs import main

raise SystemExit(main())
