"""Commands, one file each. A command reads arguments and prints; the rooms do the work."""

from . import (
    annotate,
    audit,
    chain,
    clean,
    committee,
    encoder,
    export,
    import_,
    init,
    ledger,
    predict,
    preview,
    relabel,
    report,
    study,
    vote,
)
from .console import app

__all__ = [
    "annotate",
    "app",
    "audit",
    "chain",
    "clean",
    "committee",
    "encoder",
    "export",
    "import_",
    "init",
    "ledger",
    "predict",
    "preview",
    "relabel",
    "report",
    "study",
    "vote",
]
