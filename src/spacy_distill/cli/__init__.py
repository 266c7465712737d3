"""Commands, one file each. A command reads arguments and prints; the rooms do the work."""

from . import annotate, audit, clean, import_, ledger, predict, preview, report, study, vote
from .console import app

__all__ = [
    "annotate",
    "app",
    "audit",
    "clean",
    "import_",
    "ledger",
    "predict",
    "preview",
    "report",
    "study",
    "vote",
]
