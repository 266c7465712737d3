"""Files as each annotation tool writes them now, written by hand after its documentation."""

import json

import pytest
from spacy.tokens import DocBin

from helpers.docs import make_doc, write_docs
from helpers.importing import VOCAB, ents, import_docs, record
from helpers.support import ROOT
from spacy_distill import DistillError, ImportOptions, export_corpus, import_corpus
from spacy_distill.corpus.categories import CategoryFields
from spacy_distill.corpus.detect import guess_format
from spacy_distill.corpus.formats.base import PARTS
from spacy_distill.corpus.formats.known import FORMATS

TEXT = "Ana Duarte left Lisbon."
REGIONS = [("Ana Duarte", "PER"), ("Lisbon", "LOC")]


def region(start, end, text, label):
    return {"start": start, "end": end, "text": text, "labels": [label]}


def result(start, end, text, label):
    return {
        **{"id": "x1", "from_name": "ner", "to_name": "text", "type": "labels", "origin": "manual"},
        "value": region(start, end, text, label),
    }


def task(*annotations, text=TEXT, **fields):
    """A task as Label Studio exports it."""
    return {
        **{"id": 7, "data": {"text": text}, "predictions": [], "drafts": [], "meta": {}, "project": 1},
        "annotations": [
            {"id": i, "completed_by": 1, "was_cancelled": False, **a} for i, a in enumerate(annotations)
        ],
        **fields,
    }


BOTH = [result(0, 10, "Ana Duarte", "PER"), result(16, 22, "Lisbon", "LOC")]
DOCCANO = {"id": 12, "text": TEXT, "label": [[0, 10, "PER"], [16, 22, "LOC"]], "Comments": []}
RELATIONS = {
    **{
        "id": 12,
        "text": TEXT,
        "relations": [{"id": 1, "from_id": 4, "to_id": 5, "type": "left"}],
        "Comments": [],
    },
    "entities": [
        {"id": 4, "label": "PER", "start_offset": 0, "end_offset": 10},
        {"id": 5, "label": "LOC", "start_offset": 16, "end_offset": 22},
    ],
}
PRODIGY = {
    **{"text": TEXT, "_input_hash": 1, "_task_hash": 2, "_is_binary": False, "_view_id": "ner_manual"},
    "tokens": [
        {"text": text, "start": start, "end": start + len(text), "id": i, "ws": ws}
        for i, (text, start, ws) in enumerate(
            [
                ("Ana", 0, True),
                ("Duarte", 4, True),
                ("left", 11, True),
                ("Lisbon", 16, False),
                (".", 22, False),
            ]
        )
    ],
    "spans": [
        {"start": 0, "end": 10, "token_start": 0, "token_end": 1, "label": "PER"},
        {"start": 16, "end": 22, "token_start": 3, "token_end": 3, "label": "LOC"},
    ],
    **{"answer": "accept", "_timestamp": 1700000000, "_annotator_id": "ana", "_session_id": "ana"},
}
SHORT = {
    **{"text": TEXT, "id": 7, "annotator": 1, "annotation_id": 3, "lead_time": 4.2},
    **{"created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z"},
}
CONLLU = """# newdoc id = news
# sent_id = n1
# text = Ana Duarte vai ao Porto.
1\tAna\tAna\tPROPN\t_\t_\t3\tnsubj\t_\tNER=B-PER
2\tDuarte\tDuarte\tPROPN\t_\t_\t1\tflat\t_\tNER=I-PER
3\tvai\tir\tVERB\t_\t_\t0\troot\t_\t_
4-5\tao\t_\t_\t_\t_\t_\t_\t_\t_
4\ta\ta\tADP\t_\t_\t6\tcase\t_\t_
5\to\to\tDET\t_\t_\t6\tdet\t_\t_
5.1\tir\tir\tVERB\t_\t_\t_\t_\t3:dep\t_
6\tPorto\tPorto\tPROPN\t_\t_\t3\tobl\t_\tNER=B-LOC|SpaceAfter=No
7\t.\t.\tPUNCT\t_\t_\t3\tpunct\t_\t_

# sent_id = n2
1\tSim\tsim\tINTJ\t_\t_\t0\troot\t_\tSpacesAfter=\\s\\s
2\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_
"""
PLUS = """# global.columns = ID FORM UPOS TEST:NE
1\tAna\tPROPN\tB-PER
2\tDuarte\tPROPN\tE-PER
3\tleft\tVERB\tO
4\tLisbon\tPROPN\tS-LOC

1\tWho\tPRON\t-
2\tleft\tVERB\t_
3\t?\tPUNCT\tO
"""
FILES = {
    "doccano": json.dumps(DOCCANO),
    "doccano with labels": json.dumps({**DOCCANO, "label": None, "labels": DOCCANO["label"]}),
    "doccano with relations": json.dumps(RELATIONS),
    "prodigy": json.dumps(PRODIGY),
    "labelstudio": json.dumps([task({"result": BOTH}, {"result": BOTH[::-1]})], indent=2),
    "labelstudio-min": json.dumps([{**SHORT, "ner": [one["value"] for one in BOTH]}]),
    "jsonl": json.dumps({"text": TEXT, "spans": DOCCANO["label"]}),
    "conll": "-DOCSTART- -X- -X- O\n\nAna NNP B-NP I-PER\nDuarte NNP I-NP I-PER\nleft VBD B-VP O\n"
    "Lisbon NNP B-NP I-LOC\n. . O O\n",
    "conllu": CONLLU.replace("ao Porto", "a o Porto").replace("Porto", "Lisbon"),
    "conllup": PLUS,
}


@pytest.fixture
def write(tmp_path):
    def write(content, name="export"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf8")
        return path

    return write


@pytest.mark.parametrize("kind", FILES)
def test_a_tools_file_is_recognised_and_read(kind, write):
    path = write(FILES[kind])
    docs, report = import_docs(path)
    assert report.format == kind.split()[0]
    assert report.reason
    assert ents(docs[0]) == REGIONS
    # Given by name it is the same.
    assert ents(import_docs(path, format=kind.split()[0])[0][0]) == ents(docs[0])


def test_a_doccano_file_of_relations_keeps_its_entities_and_ids(write):
    (doc,), _ = import_docs(write(RELATIONS))
    assert ents(doc) == REGIONS and record(doc)["id"] == "12"


@pytest.mark.parametrize(
    ("fields", "entities", "missing"),
    [
        ({"spans": []}, [], []),
        ({"spans": None}, [], []),
        # One candidate at a time: of all else nothing is known.
        ({"spans": PRODIGY["spans"][:1], "_view_id": "ner"}, REGIONS[:1], ["left", "Lisbon", "."]),
        ({"spans": None, "_view_id": "text"}, [], ["Ana", "Duarte", "left", "Lisbon", "."]),
    ],
)
def test_what_a_prodigy_view_says_and_what_it_does_not(fields, entities, missing, write):
    (doc,), _ = import_docs(write({**PRODIGY, **fields}))
    assert ents(doc) == entities
    assert [token.text for token in doc if not token.ent_iob] == missing


def test_prodigys_answers(write):
    rows = [PRODIGY, {**PRODIGY, "answer": "reject"}, {**PRODIGY, "answer": "ignore"}]
    docs, report = import_docs(write("\n".join(map(json.dumps, rows))))
    assert len(docs) == 1 and report.issues.rejected == 2


def test_prodigys_classes_one_offered_or_several(write):
    rows = [
        {"text": f"Number {i}", "label": "sport", "answer": answer, "_view_id": "classification"}
        for i, answer in enumerate(("accept", "reject", "ignore"))
    ]
    docs, report = import_docs(write("\n".join(map(json.dumps, rows))), format="prodigy")
    assert [doc.cats for doc in docs] == [{"sport": 1.0}, {"sport": 0.0}] and report.issues.rejected == 1
    options = [{"id": name, "text": name} for name in ("sport", "tech")]
    choice = {
        "text": "Who won?",
        "options": options,
        "accept": ["sport"],
        "answer": "accept",
        "_view_id": "choice",
    }
    (doc,), _ = import_docs(write(choice), format="prodigy")
    assert doc.cats == {"sport": 1.0, "tech": 0.0}


def test_label_studio_skipped_open_and_disputed_tasks(write):
    skipped, open_task = task({"was_cancelled": True, "result": []}), task()
    docs, report = import_docs(
        write([task({"result": BOTH}, id=1), {**skipped, "id": 2}, {**open_task, "id": 3}])
    )
    assert [ents(doc) for doc in docs] == [REGIONS, []]
    assert docs[1].has_annotation("ENT_IOB") is False and report.issues.rejected == 1
    disputed = task({"result": BOTH}, {"result": BOTH[:1]})
    with pytest.raises(DistillError, match=r"item 1: 2 annotations of 'text' differ; mark the right one"):
        import_docs(write([disputed]))
    disputed["annotations"][1]["ground_truth"] = True
    assert ents(import_docs(write([disputed]))[0][0]) == REGIONS[:1]


@pytest.mark.parametrize("shift", [0, 1])
def test_label_studio_counts_an_emoji_as_one_or_as_two(shift, write):
    text = f"😀 {TEXT}"
    found = [result(2 + shift, 12 + shift, "Ana Duarte", "PER")]
    (doc,), _ = import_docs(write([task({"result": found}, text=text)]))
    assert ents(doc) == REGIONS[:1]
    with pytest.raises(DistillError, match="does not stand at"):
        import_docs(write([task({"result": [result(4, 14, "Ana Duarte", "PER")]}, text=text)]))


def test_label_studio_short_without_regions_has_no_entities(write):
    docs, _ = import_docs(write([SHORT]))
    assert docs[0].has_annotation("ENT_IOB") and ents(docs[0]) == []


def test_label_studio_choices_are_classes(write):
    chosen = {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["sport"]}}
    (doc,), _ = import_docs(write([task({"result": [chosen]})]))
    assert doc.cats == {"sport": 1.0}
    with pytest.raises(DistillError, match="answers in ner and topic; choose one"):
        import_docs(write([task({"result": [chosen, *BOTH]})]))


def test_label_studio_text_in_a_field_of_another_name(write):
    named = task({"result": BOTH})
    named["data"] = {"review": TEXT}
    assert ents(import_docs(write([named]))[0][0]) == REGIONS
    named["data"] = {"review": TEXT, "title": "Trip"}
    with pytest.raises(DistillError, match=r'"data" with "text", or with one field'):
        import_docs(write([named]))


def test_conllu_words_surface_articles_and_spaces(write):
    docs, report = import_docs(write(CONLLU))
    assert [doc.text for doc in docs] == ["Ana Duarte vai ao Porto.", "Sim  !"]
    assert [token.text for token in docs[0]] == ["Ana", "Duarte", "vai", "ao", "Porto", "."]
    assert [record(doc)["id"] for doc in docs] == ["n1", "n2"]
    assert {record(doc)["document"] for doc in docs} == {"news"}
    assert all(token.ent_iob_ == "O" for token in docs[1])
    assert "entities are read from NER" in report.issues.notes[0]
    (article,), _ = import_docs(write(CONLLU), sentences=False)
    assert [sent.text for sent in article.sents] == ["Ana Duarte vai ao Porto.", "Sim  !"]


def test_conllu_plus_says_what_is_missing(write):
    (_, doc), _ = import_docs(write(PLUS))
    assert [token.ent_iob_ for token in doc] == ["", "", "O"]


def test_conllu_with_two_layers_asks_which(write):
    text = PLUS.replace("UPOS", "TEST:ROLE").replace("PROPN", "B-X").replace("VERB", "O").replace("PRON", "O")
    path = write(text.replace("PUNCT", "O"))
    with pytest.raises(DistillError, match=r"TEST:NE and TEST:ROLE have entity tags.*--label-column"):
        import_docs(path)
    assert ents(import_docs(path, label="TEST:NE")[0][0]) == REGIONS
    assert ents(import_docs(path, label=3)[0][0])[0] == ("Ana", "X")
    with pytest.raises(DistillError, match=r"no column or key of MISC 'NER'. It has ID, FORM"):
        import_docs(path, label="NER")


def test_conllu_brackets_are_not_taken_for_labels(write):
    text = (
        CONLLU.replace("NER=B-PER", "Entity=(e1-person")
        .replace("NER=I-PER", "Entity=e1)")
        .replace("NER=B-LOC|", "")
    )
    docs, report = import_docs(write(text))
    assert "has brackets" in report.issues.notes[0]
    assert not any(doc.has_annotation("ENT_IOB") for doc in docs)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("1\tSim\tsim", "1 Sim sim", r"line \d+: expected 10 columns and tabs, found 8"),
        ("NER=B-LOC", "NER=Q", "expected an entity tag"),
        ("1\tSim", "1\t", "expected a token in FORM"),
        (
            "4\ta\ta\tADP\t_\t_\t6\tcase\t_\t_",
            "4\ta\ta\tADP\t_\t_\t6\tcase\t_\tNER=B-X",
            "are of several entities",
        ),
    ],
)
def test_conllu_rows_that_cannot_be_used(old, new, problem, write):
    text = CONLLU.replace(old, new)
    if "several" in problem:
        text = text.replace("det\t_\t_", "det\t_\tNER=B-Y")
    with pytest.raises(DistillError, match=problem):
        import_docs(write(text), label="NER")
    docs, report = import_docs(write(text), label="NER", skip_bad=True)
    assert len(docs) == 1 and len(report.issues.skipped) == 1


def test_formats_of_a_name_that_there_is_not_are_listed(tmp_path):
    for work in (import_corpus, export_corpus):
        with pytest.raises(DistillError, match=r"no format 'brat'\. Formats are .*doccano.*conllu"):
            option = ImportOptions("brat") if work is import_corpus else "brat"
            work(tmp_path / "a", tmp_path / "b", option)


@pytest.mark.parametrize("kind", ["doccano", "conllu", "labelstudio", "conll"])
def test_a_folder_of_such_files_is_one_corpus(kind, tmp_path):
    ending = next(format for format in FORMATS if format.name == kind).endings[0]
    for place in ("in/a", "in/deep/b"):
        path = tmp_path / f"{place}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = FILES[kind].replace('"id": 12', f'"id": "{place}"').replace('"id": 7', f'"id": "{place}"')
        path.write_text(content.replace("n1", place).replace("n2", f"{place}2"), encoding="utf8")
    docs, report = import_docs(tmp_path / "in")
    assert report.format == kind
    assert [ents(doc) for doc in docs if ents(doc)] == [REGIONS, REGIONS]


def test_classes_and_entities_in_one_row_are_refused(write):
    with pytest.raises(DistillError, match='classes in "label" and entities in "spans"'):
        import_docs(write({"text": TEXT, "label": "travel", "spans": DOCCANO["label"]}))


@pytest.mark.parametrize("name", ["jsonl", "prodigy", "doccano", "labelstudio", "labelstudio-min"])
@pytest.mark.parametrize("several", [False, True])
def test_classes_make_the_round_trip(name, several, write, tmp_path):
    rows = [
        {"id": "a", "text": "One.", "labels": ["x", "y"][: 1 + several]},
        {"id": "b", "text": "Two.", "labels": ["y"]},
    ]
    import_corpus(write("\n".join(map(json.dumps, rows))), tmp_path / "in.spacy", ImportOptions())
    export_corpus(tmp_path / "in.spacy", tmp_path / "out", name)
    import_corpus(tmp_path / "out", tmp_path / "back.spacy", ImportOptions(name))
    before, after = (
        [
            (doc.cats, record(doc)["id"], record(doc)["task"])
            for doc in DocBin(store_user_data=True).from_disk(path).get_docs(VOCAB)
        ]
        for path in (tmp_path / "in.spacy", tmp_path / "back.spacy")
    )
    assert before == after


def test_a_format_is_recognised_by_what_it_writes(tmp_path, write):
    import_corpus(write(FILES["prodigy"]), tmp_path / "in.spacy", ImportOptions())
    for format in FORMATS:
        if format.written:
            export_corpus(tmp_path / "in.spacy", tmp_path / format.name, format.name)
            columns = format.name in ("iob", "iob1", "bioes", "bilou")
            assert guess_format(tmp_path / format.name).format.name == ("conll" if columns else format.name)


def table_row(format):
    """Its row in the table of formats."""
    kept = [part for part in PARTS if part in format.holds and part != "labels"]
    return f"| `{format.name}` | {format.about} | {', '.join(kept) if format.written else 'only read'} |"


def test_the_table_of_the_docs_is_the_list_of_formats():
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf8")
    table = page.split("| format | what it is | keeps, beside words and labels |\n|---|---|---|\n")[1].split(
        "\n\n"
    )[0]
    assert table.split("\n") == [table_row(format) for format in FORMATS]


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("iob", "B-PER I-PER B-PER O B-LOC B-PER"),
        ("iob1", "I-PER I-PER B-PER O I-LOC I-PER"),
        ("bioes", "B-PER E-PER S-PER O S-LOC S-PER"),
        ("bilou", "B-PER L-PER U-PER O U-LOC U-PER"),
    ],
)
def test_entities_that_adjoin_are_told_apart_in_each_scheme(name, tags, tmp_path):
    doc = make_doc("Ana Duarte Bo met Oslo Li", [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC"), (5, 6, "PER")])
    export_corpus(write_docs(tmp_path / "in.spacy", doc), tmp_path / "out", name)
    lines = (tmp_path / "out").read_text(encoding="utf8").strip().split("\n")
    assert " ".join(line.split("\t")[1] for line in lines) == tags
    (back,), _ = import_docs(tmp_path / "out")
    assert [(ent.text, ent.label_) for ent in back.ents] == [(ent.text, ent.label_) for ent in doc.ents]


def short(text, **said):
    """A row of Label Studio's short export: the data, the task's number, what was said, and who said it."""
    by = {key: SHORT[key] for key in ("annotator", "annotation_id", "lead_time", "created_at", "updated_at")}
    return {"text": text, "source": "wire", "id": text, **said, **by}


@pytest.mark.parametrize(
    ("said", "cats"),
    [
        # One choice stands alone, several in an object.
        (["sport", "tech"], [{"sport": 1.0, "tech": 0.0}, {"sport": 0.0, "tech": 1.0}]),
        (
            [{"choices": ["sport", "tech"]}, "tech"],
            [{"sport": 1.0, "tech": 1.0}, {"sport": 0.0, "tech": 1.0}],
        ),
    ],
)
def test_label_studio_short_choices_are_classes(said, cats, write):
    docs, _ = import_docs(write([short("One.", topic=said[0]), short("Two.", topic=said[1])]))
    assert [dict(sorted(doc.cats.items())) for doc in docs] == cats


@pytest.mark.parametrize("whole", [False, True])
def test_label_studio_answers_of_several_controls(whole, write):
    rows = [short(TEXT, ner=[one["value"] for one in BOTH], topic={"choices": ["travel"]})]
    if whole:
        chosen = {"from_name": "topic", "type": "choices", "value": {"choices": ["travel"]}}
        rows = [task({"result": [*BOTH, chosen]})]
    with pytest.raises(DistillError, match="answers in ner and topic; choose one of them with --label-field"):
        import_docs(write(rows))
    for name, found, cats in (("ner", REGIONS, {}), ("topic", [], {"travel": 1.0})):
        (doc,), _ = import_docs(write(rows), fields=CategoryFields(label=name))
        assert ents(doc) == found and doc.cats == cats


def test_label_studio_choices_of_a_region_and_notes_are_no_classes(write):
    sure = {"type": "choices", "value": {"start": 0, "end": 10, "text": "Ana Duarte", "choices": ["sure"]}}
    note = {"type": "textarea", "value": {"text": ["a note"]}}
    assert ents(import_docs(write([task({"result": [*BOTH, sure, note]})]))[0][0]) == REGIONS
    rows = [short(TEXT, ner=[one["value"] for one in BOTH], note="a note"), short("None.", note="a note")]
    assert [ents(doc) for doc in import_docs(write(rows))[0]] == [REGIONS, []]


LABEL_STUDIO_TABLE = (
    "text,id,topic,annotator,annotation_id,created_at\nOne.,1,{},1,1,2024\nTwo.,2,tech,1,2,2024\n"
)


def test_tables_of_annotation_tools(write):
    doccano = write("id,text,label,Comments\n1,One.,sport#tech,\n2,Two.,tech,\n", "a.csv")
    assert [sum(doc.cats.values()) for doc in import_docs(doccano)[0]] == [2, 1]
    table = write(LABEL_STUDIO_TABLE.format("sport"), "a.csv")
    with pytest.raises(DistillError, match="export JSON or JSON_MIN, or name the column"):
        import_docs(table)
    docs, _ = import_docs(table, fields=CategoryFields(label="topic"))
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == ["sport", "tech"]
    regions = write(LABEL_STUDIO_TABLE.format('"[{""start"": 0}]"'), "a.csv")
    with pytest.raises(DistillError, match="export JSON or JSON_MIN"):
        import_docs(regions, fields=CategoryFields(label="topic"))


def test_an_empty_list_of_labels_beside_classes_is_unlabelled(write):
    rows = [{"text": "One.", "label": ["sport"]}, {"text": "Two.", "label": []}]
    docs, report = import_docs(write("\n".join(map(json.dumps, rows))))
    assert report.unlabelled == 1 and "task" not in record(docs[1])
    with pytest.raises(DistillError, match="has entities, and others have classes"):
        import_docs(write("\n".join(map(json.dumps, [*rows, {"text": TEXT, "label": DOCCANO["label"]}]))))


def test_tags_that_are_numbers_are_named_in_their_order(write):
    path = write({"tokens": ["Ana", "Duarte", "left", "Oslo"], "ner_tags": [1, 2, 0, -100]})
    with pytest.raises(DistillError, match="name numbers in their order with --label-names"):
        import_docs(path)
    (doc,), _ = import_docs(path, fields=CategoryFields(names=("O", "B-PER", "I-PER")))
    assert ents(doc) == REGIONS[:1] and [token.ent_iob_ for token in doc] == ["B", "I", "O", ""]
    with pytest.raises(DistillError, match="the tag 2 has no name"):
        import_docs(path, fields=CategoryFields(names=("O", "B-PER")))


def test_spacys_pairs_of_text_and_annotation(write):
    (doc,), report = import_docs(write([[TEXT, {"entities": DOCCANO["label"]}]]))
    assert ents(doc) == REGIONS and report.format == "jsonl"


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("T1\tPER 0 10\tAna Duarte\n", "a.ann", r"\.ann files are not read. Write JSON Lines, CoNLL"),
        ("#FORMAT=WebAnno TSV 3.2\n\n1-1\t0-3\tAna\tPER\n", "a.tsv", "WebAnno's tables are not read"),
        ("Ana per\nleft o\nOslo loc\n. o\n", "a.txt", "looks like a table, .* --format conll"),
        ("Ana\tPER\nleft\tO\nOslo\tLOC\n", "a.txt", "--format text to read each line as it stands"),
        ('{"begin": 0, "end": 3, "type": "PER"}', "a.json", "a span alone, and belongs into the row"),
    ],
)
def test_what_is_refused_says_what_to_do(content, name, problem, write):
    with pytest.raises(DistillError, match=problem):
        import_docs(write(content, name))


@pytest.mark.parametrize(
    "content", ["Ana Duarte\nBo Stone\nCy Young\n", "Ana left.\nShe met Bo.\n", "One.\n", "a\tb\nAna left.\n"]
)
def test_short_lines_of_text_are_no_table(content, write):
    docs, report = import_docs(write(content, "a.txt"))
    assert report.format == "text" and len(docs) == content.count("\n")


def test_a_folder_with_standoff_files_is_not_read_as_text_alone(write, tmp_path):
    write("Ana left.\n", "a.txt")
    write("T1\tPER 0 3\tAna\n", "a.ann")
    with pytest.raises(DistillError, match="files of brat, which are not read"):
        guess_format(tmp_path)


def test_the_same_ids_in_several_files_of_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("test", "train"):
        (tmp_path / "in" / f"{name}.jsonl").write_text('{"id": 0, "text": "Ana left."}\n', encoding="utf8")
    with pytest.raises(DistillError, match="ids must be unique; import such files one by one"):
        import_docs(tmp_path / "in")
