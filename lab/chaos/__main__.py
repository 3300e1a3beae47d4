"""`python -m lab.chaos`: the fault campaign."""

from lab.chaos.campaign import main

main()
