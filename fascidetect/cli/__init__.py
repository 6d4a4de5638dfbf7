"""The command line: parse, build settings, call the library once, say what came of it."""

from fascidetect.cli.app import main

__all__ = ["main"]
