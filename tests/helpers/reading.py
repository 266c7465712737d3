"""What reading an answer consists of: its parts, for tests of one of them."""

from spacy_distill.tasks.labels import LabelSet, read_definitions
from spacy_distill.tasks.ner.alignment import align
from spacy_distill.tasks.ner.candidates import Candidate
from spacy_distill.tasks.ner.fewshot import Shot, read_pool, read_shots, show
from spacy_distill.tasks.ner.mention_search import Places, WordIndex, normalize, normalize_loosely
from spacy_distill.tasks.ner.parsing import parse_answer, read_any_form, read_asked_form
from spacy_distill.tasks.ner.task import TEMPLATES, make_ner_task

__all__ = [
    "TEMPLATES",
    "Candidate",
    "LabelSet",
    "Places",
    "Shot",
    "WordIndex",
    "align",
    "make_ner_task",
    "normalize",
    "normalize_loosely",
    "parse_answer",
    "read_any_form",
    "read_asked_form",
    "read_definitions",
    "read_pool",
    "read_shots",
    "show",
]
