"""The command line: the only room that prints and exits."""

from mnrd.cli.app import app, main

__all__ = ["app", "main"]
