"""`python -m app`: the command line."""

from app.main import main

main()
