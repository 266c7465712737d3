"""`python -m spacy_distill`: the command-line application."""

from .cli import app

if __name__ == "__main__":
    app(prog_name="spacy-distill")
