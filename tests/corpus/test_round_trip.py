"""Export and import again: what a format can hold comes back, what it cannot hold is refused or named."""

from itertools import groupby

import pytest
import spacy
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from spacy_distill import DistillError, ImportOptions, export_corpus, import_corpus
from spacy_distill.corpus.formats.known import FORMATS

NLP = spacy.blank("xx")
WRITTEN = [format for format in FORMATS if format.written]
NAMES = [format.name for format in WRITTEN]
PIECES = st.sampled_from(
    [
        *(
            "Ana",
            "left",
            "Łódź",
            "e\u0301",
            "👩‍👧",
            "😀",
            "مرحبا",
            "שלום",
            "東京",
            "O",
            "B-PER",
            "_",
            "-",
            "#",
            "#id",
            "# text",
        ),
        *(
            "-DOCSTART-",
            "\ufeff",
            "a|b",
            "a=b",
            "\\s",
            "\\",
            '"',
            "{",
            "[",
            "\u200f",
            "\x85x",
            "1",
            "10\u00a0000",
            "x y",
        ),
        *("x\ty", "x\ny", "\u2028x", "'", "U.S.", "\x00"),
    ]
)
GAPS = st.sampled_from(["", " ", "  ", "\n", " \n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2028"])
LABELS = st.sampled_from(["PER", "work-of-art", "O", "人", "a b", "a|b"])


@st.composite
def documents(draw):
    """Words of all kinds with any space between them, entities, and words of which nothing is known."""
    docs, article = [], 0
    for number in range(draw(st.integers(1, 8))):
        words = draw(st.lists(st.tuples(PIECES, GAPS), max_size=6))
        text = draw(GAPS) + "".join(word + gap for word, gap in words)
        tokens, spaces = [], []
        for word, gap in words:
            tokens.append(word)
            spaces.append(gap[:1] == " ")
            if rest := gap[spaces[-1] :]:
                tokens.append(rest)
                spaces.append(False)
        doc = Doc(NLP.vocab, tokens, spaces) if draw(st.booleans()) else NLP.make_doc(text)
        article += draw(st.booleans())
        doc.user_data["distill"] = {"id": f"d{number}", "document": f"a{article}", "source": "made"}
        kinds = [draw(st.sampled_from("OOOBI?")) for _ in doc]
        ents, missing = [], [doc[i : i + 1] for i, kind in enumerate(kinds) if kind == "?"]
        for i, kind in enumerate(kinds):
            if kind == "B" and not doc[i].is_space:
                end = i + 1
                while end < len(doc) and kinds[end] == "I" and not doc[end].is_space:
                    end += 1
                ents.append(Span(doc, i, end, draw(LABELS)))
        if draw(st.integers(0, 4)):
            doc.set_ents(ents, missing=missing)
        docs.append(doc)
    return docs


def words(doc):
    return [token for token in doc if not token.is_space]


def said(doc):
    """The entities and the missing words of a document, by its words."""
    place = {token.i: n for n, token in enumerate(words(doc))}
    ents = [([place[token.i] for token in ent if token.i in place], ent.label_) for ent in doc.ents]
    return ents, [place[token.i] for token in words(doc) if not token.ent_iob]


def round_trip(docs, name, folder):
    """Export documents and import the file: the report, and what was written, before and after."""
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "in.spacy")
    report = export_corpus(folder / "in.spacy", folder / "out.any", name, skip_bad=True)
    import_corpus(folder / "out.any", folder / "back.spacy", ImportOptions(name, lang="xx"))
    refused = {line.partition(":")[0] for line in report.skipped}
    kept = [doc for doc in docs if words(doc) and doc.user_data["distill"]["id"] not in refused]
    back = list(DocBin(store_user_data=True).from_disk(folder / "back.spacy").get_docs(NLP.vocab))
    return report, kept, back


def runs(values):
    return [len(list(group)) for _, group in groupby(values)]


@pytest.mark.parametrize("format", WRITTEN, ids=NAMES)
# A failing corpus is short enough to be read as it is.
@settings(max_examples=12, deadline=None, phases=[Phase.reuse, Phase.generate], print_blob=True)
@given(docs=documents())
def test_what_a_format_can_hold_comes_back(format, docs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trip")
    note(repr([(doc.text, [word.text for word in doc], said(doc)) for doc in docs]))
    if "tokens" not in format.holds:
        # The tokenizer makes the same tokens again.
        docs = [retokenized(doc) for doc in docs]
    try:
        report, before, after = round_trip(docs, format.name, folder)
    except DistillError as error:
        assert "no document that can be written" in str(error)
        return
    assert report.written == len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert new.text == format.kept_text(old)
        if "labels" in format.holds:
            assert [word.text for word in words(new)] == [word.text for word in words(old)]
            assert said(new) == said(old)
        facts, known = new.user_data["distill"], old.user_data["distill"]
        if "ids" in format.holds:
            assert (facts["id"], facts["document"]) == (known["id"], known["document"])
    if "articles" in format.holds:
        articles = [[doc.user_data["distill"]["document"] for doc in some] for some in (before, after)]
        assert runs(articles[0]) == runs(articles[1])


def retokenized(doc):
    again = NLP.make_doc(doc.text)
    again.user_data["distill"] = doc.user_data["distill"]
    spans = [again.char_span(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    if doc.has_annotation("ENT_IOB"):
        again.set_ents([span for span in spans if span])
    return again
