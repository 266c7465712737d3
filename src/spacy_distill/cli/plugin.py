"""Entry point of spaCy's CLI: loading it adds our commands to `python -m spacy`."""

from spacy.cli._util import app as spacy_app

from . import app as distill

spacy_app.add_typer(distill, name="distill")
