"""Commands, one file each. A command reads arguments and prints; the rooms do the work."""

from . import annotate, audit, card, clean, import_, ledger, predict, preview, report, study, vote
from .app import app

__all__ = [
    "annotate",
    "app",
    "audit",
    "card",
    "clean",
    "import_",
    "ledger",
    "predict",
    "preview",
    "report",
    "study",
    "vote",
]
