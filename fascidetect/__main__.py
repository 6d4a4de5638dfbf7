"""Run the command line as ``python -m fascidetect``."""

from fascidetect.cli import main

if __name__ == "__main__":
    main(prog_name="fascidetect")
