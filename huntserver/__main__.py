"""`python -m huntserver`: the command line."""

from huntserver.cli.main import main

if __name__ == "__main__":
    main()
