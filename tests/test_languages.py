"""docs/languages.md: its commands run, and answers in German and Chinese label what they say."""

import re
import shlex
import shutil

import pytest
import spacy

from helpers.docs import make_doc, write_docs
from helpers.importing import ents
from helpers.support import ROOT, copy_project, run_in
from spacy_distill import audit_corpus, read_docs, render_page

PAGE = (ROOT / "docs" / "languages.md").read_text(encoding="utf8")
VOCAB = spacy.blank("xx").vocab
SAID = {
    "german": {
        "pool1": [("Hafenwerke Emden", "ORG"), ("Jürgen Weiß", "PER")],
        "pool3": [],
        "pool4": [("Claudia Öztürk", "PER"), ("Köln-Ehrenfeld", "LOC"), ("Köln", "LOC")],
        "pool6": [("Groß", "PER")],
        "pool10": None,
    },
    "chinese": {
        "pool1": [("孙悦", "PER"), ("杭州", "LOC"), ("绿茶公司", "ORG")],
        "pool3": [],
        "pool4": [("北京银行", "ORG"), ("北京", "LOC")],
        "pool7": [("IBM", "ORG"), ("海华公司", "ORG")],
        "pool10": None,
    },
}
TRIED = {"german": "Siemens verkauft ein Werk in Görlitz.", "chinese": "李娜住在天津。"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_the_commands_of_the_page_run_and_label_what_the_answers_say(name, tmp_path):
    block = next(
        block for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) if f"init {name}" in block
    )
    folder = copy_project(tmp_path)
    shutil.copytree(ROOT / "assets" / "languages", folder / "assets" / "languages")
    for line in block.splitlines():
        program, *arguments = shlex.split(line)
        if program == "cd":
            folder /= arguments[0]
        else:
            start = ("-m", "spacy_distill") if program == "spacy-distill" else ()
            run_in(folder, *start, *arguments)
    docs = {
        doc.user_data["distill"]["id"]: doc for doc in read_docs(folder / "corpus/pool_standard.spacy", VOCAB)
    }
    for id, said in SAID[name].items():
        assert docs[id].has_annotation("ENT_IOB") is (said is not None)
        assert ents(docs[id]) == (said or [])
    nlp = spacy.load(folder / "training" / "cpu" / "model-last")
    assert nlp.lang == {"german": "de", "chinese": "zh"}[name]
    assert len(nlp(TRIED[name])) == 7
    assert (folder / "audit.html").is_file()


@pytest.mark.parametrize("text", ["سافرت ليلى إلى Paris", "דנה לוי בחיפה 12", "Ana left שלום"])
def test_pages_show_a_text_in_its_own_direction(text, tmp_path):
    corpus = write_docs(tmp_path / "a.spacy", make_doc(text, [(1, 2, "PER")]))
    page = render_page(audit_corpus(corpus))
    words = text.split()
    entity = rf'<mark class="ent" dir="auto" style="[^"]*">{words[1]}<i>PER</i></mark>'
    assert re.search(rf'<div dir="auto">{words[0]} {entity} {" ".join(words[2:])}', page)
