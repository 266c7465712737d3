"""Answers that are nearly in the asked form: an entity that they name is labelled or missing, never "O"."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.answers import ALIASES, FORMS, LABELS, TEXTS, answers, mentions
from helpers.reading import make_ner_task

# `benchmarks/mutations.py` asks for more.
EXAMPLES = int(os.environ.get("SPACY_DISTILL_EXAMPLES", "300"))
VOCAB = Vocab()
TASKS = {form: make_ner_task(LABELS, answer_format=form, aliases=ALIASES) for form in ("json", "lines")}


def annotate(words, answer, answer_format="json"):
    return TASKS[answer_format].annotate(Doc(VOCAB, words), answer)


@pytest.mark.parametrize("answer_format", TASKS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_every_form_of_a_well_formed_answer_is_read(form, number, answer_format):
    text, entities = TEXTS[number]
    words = text.split()
    doc = annotate(words, FORMS[form](mentions(words, entities)), answer_format)
    assert [(e.start, e.end, e.label_) for e in doc.ents] == entities


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TEXTS), st.sampled_from(list(TASKS)), st.data())
def test_no_mutation_of_an_answer_makes_an_entity_o(text, answer_format, data):
    words, entities = text[0].split(), text[1]
    answer = data.draw(answers(words, entities))
    doc = annotate(words, answer, answer_format)
    lost = [words[i] for start, end, _ in entities for i in range(start, end) if doc[i].ent_iob_ == "O"]
    assert not lost, answer
