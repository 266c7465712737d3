"""Commands, one file each. A command reads arguments and prints; the rooms do the work."""

from .app import app

__all__ = ["app"]
