"""`python -m huntserver`: the command line."""

from huntserver.cli import main

if __name__ == "__main__":
    main()
