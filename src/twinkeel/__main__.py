"""`python -m twinkeel` is the `twinkeel` command."""

from twinkeel.cli import main

if __name__ == "__main__":
    main()
