"""`.spacy` files: records survive, damaged files are named, nothing is written by halves."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_distill import doc_id, read_docs, set_origin, views, write_docs
from spacy_distill.corpus.docbin import content_digest, count_docs
from spacy_distill.corpus.provenance import record

NLP = spacy.blank("en")


def docs(n):
    return [set_origin(NLP.make_doc(f"Word {i}"), id=str(i), document="a", source="x") for i in range(n)]


def test_records_survive_and_folders_are_read_in_order(tmp_path):
    assert write_docs(docs(2), tmp_path / "deep" / "b.spacy") == 2
    write_docs(docs(1), tmp_path / "a.spacy")
    assert [doc_id(doc) for doc in read_docs(tmp_path, NLP.vocab)] == ["0", "0", "1"]
    assert count_docs(tmp_path) == 3


def labelled(change=None):
    doc = Doc(NLP.vocab, ["Ana", "left", "Oslo"], [True, True, False], ents=["B-PER", "O", "B-LOC"])
    set_origin(doc, id="1", document="a", source="x")
    if change:
        change(doc)
    return doc


def digest_of(place, *corpus):
    write_docs(corpus, place)
    return content_digest(place)


def test_whatever_training_could_learn_from_is_part_of_a_corpus_content(tmp_path):
    changes = [
        lambda doc: doc.set_ents([Span(doc, 0, 1, "LOC")], default="outside"),
        lambda doc: doc.set_ents([Span(doc, 0, 1, "PER")], default="missing"),
        lambda doc: doc.set_ents([Span(doc, 0, 1, "PER", kb_id="Q1"), Span(doc, 2, 3, "LOC")]),
        lambda doc: doc.cats.update(A=1.0),
        lambda doc: doc.cats.update(A=0.0),
        lambda doc: setattr(doc[0], "tag_", "NN"),
        lambda doc: setattr(doc[0], "lemma_", "ana"),
        lambda doc: doc[0].set_morph("Number=Sing"),
        lambda doc: setattr(doc[1], "is_sent_start", True),
        lambda doc: doc.spans.update(sc=[Span(doc, 0, 2, "X")]),
        lambda doc: doc.spans.update(negative=[Span(doc, 0, 2, "X")]),
        lambda doc: record(doc).update(labels=("A", "B")),
        lambda doc: set_origin(doc, id="2", document="a", source="x"),
        lambda doc: set_origin(doc, id="1", document="b", source="x"),
    ]
    found = [digest_of(tmp_path / "a.spacy", labelled(change)) for change in (None, *changes)]
    for words, spaces in ((["Ana", "left", "Rome"], None), (["Ana", "left", "Oslo"], [True, False, False])):
        doc = Doc(NLP.vocab, words, spaces, ents=["B-PER", "O", "B-LOC"])
        found.append(digest_of(tmp_path / "a.spacy", set_origin(doc, id="1", document="a", source="x")))
    found += [digest_of(tmp_path / "a.spacy", labelled(), labelled()), digest_of(tmp_path / "a.spacy")]
    assert len(set(found)) == len(found)


def test_how_labels_came_about_is_no_part_of_a_corpus_content(tmp_path):
    changes = [
        lambda doc: views(doc).update(cot={"state": "ok", "model": "m"}),
        lambda doc: doc.spans.update({"teacher:cot": [Span(doc, 0, 1, "LOC")]}),
        lambda doc: doc.spans.update(rejected=[Span(doc, 0, 1, "LOC")]),
        lambda doc: doc.spans.update(votes=[Span(doc, 0, 1, "LOC")], confidence=[Span(doc, 0, 1, "LOC")]),
        lambda doc: set_origin(doc, id="1", document="a", source="y"),
    ]
    plain = digest_of(tmp_path / "a.spacy", labelled(), labelled())
    for change in changes:
        assert digest_of(tmp_path / "a.spacy", labelled(change), labelled()) == plain
    write_docs([labelled()], tmp_path / "many" / "a.spacy")
    write_docs([labelled()], tmp_path / "many" / "b.spacy")
    assert content_digest(tmp_path / "many") == plain


def test_a_file_that_is_not_a_corpus_is_named(tmp_path):
    path = tmp_path / "bad.spacy"
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match=r"bad.spacy is not a .spacy file"):
        list(read_docs(path, NLP.vocab))
    write_docs(docs(1), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"bad.spacy is not a .spacy file"):
        list(read_docs(path, NLP.vocab))


def test_nothing_to_read_is_named(tmp_path):
    with pytest.raises(ValueError, match="No such corpus"):
        list(read_docs(tmp_path / "none.spacy", NLP.vocab))
    with pytest.raises(ValueError, match=r"holds no .spacy file"):
        list(read_docs(tmp_path, NLP.vocab))


def test_what_stood_there_stays_if_writing_fails(tmp_path):
    path = tmp_path / "out.spacy"
    write_docs(docs(1), path)

    def failing():
        yield from docs(1)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_docs(failing(), path)
    assert count_docs(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["out.spacy"]
