"""The report: complete, self-contained, escaped, and made again from its own data."""

import copy
import csv
import gzip
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill.corpus.docbin import read_docs, write_docs
from spacy_distill.study.findings import find_all
from spacy_distill.study.report.browser import make_browser
from spacy_distill.study.report.card import render_card
from spacy_distill.study.report.report import write_report, write_scores
from spacy_distill.study.report.sections import worth_rows
from spacy_distill.study.results import HELDOUT, TEST, Tracer, article_rows, total_of
from spacy_distill.study.run import PREDICTIONS
from spacy_distill.study.store import Store
from spacy_distill.study.summary import read_summary
from studying import make_sentences, run_study, write_config

VOID = {"meta", "br", "input", "path", "use", "rect", "circle", "line", "link", "img"}


class Checker(HTMLParser):
    """Checks that elements nest, and collects addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.fixture(scope="module")
def report(summary, findings, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "page.html"
    write_report(summary, findings, out)
    return out


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(report):
    checker = Checker()
    checker.feed(report.read_text())
    assert checker.open == []
    assert all(address.startswith("#") for address in checker.addresses)
    rest = report.read_text().replace("http://www.w3.org/", "")
    assert not re.search(r"https?://|@import|url\((?!#)", rest)


def test_all_sections_are_there(report):
    page = report.read_text()
    for part in (
        "comparisons",
        "scores",
        "labels",
        "curves",
        "exposures",
        "teachers",
        "lineage",
        "made",
        "errors",
    ):
        assert f'id="{part}"' in page
    assert "recorded answers (a-file), not a live run" in page
    assert "fewer than 5 seeds: no claim" in page


def test_markdown_and_its_figures_say_the_same(report, findings):
    notes = report.with_suffix(".md").read_text()
    for found in findings["arms"]:
        score = found["sets"][TEST]["micro"]["f"]
        assert f"{100 * score['mean']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]" in notes
    figures = re.findall(r"\]\(([^)]+\.svg)\)", notes)
    assert figures and all((report.parent / figure).read_text().count("<svg") == 1 for figure in figures)
    assert "<text" in (report.parent / figures[0]).read_text()


def test_csv_has_every_score_with_its_interval(report, findings):
    with report.with_suffix(".scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    (row,) = [
        r for r in rows if r["name"] == "gold" and (r["set"], r["label"], r["metric"]) == (TEST, "micro", "f")
    ]
    expected = findings["arms"][0]["sets"][TEST]["micro"]["f"]
    assert [float(row[key]) for key in ("mean", "low", "high", "sd")] == [
        expected[key] for key in ("mean", "low", "high", "sd")
    ]
    with report.with_suffix(".comparisons.csv").open() as stream:
        (comparison,) = csv.DictReader(stream)
    assert (comparison["first"], comparison["second"], comparison["verdict"]) == (
        "simple_mix",
        "gold",
        "no claim",
    )


def test_results_json_alone_gives_the_same_findings_and_a_report(report, findings, tmp_path):
    again = read_summary(report.with_suffix(".results.json"))
    assert find_all(again) == findings
    write_report(again, findings, tmp_path / "again.html")
    assert 'id="errors"' not in (tmp_path / "again.html").read_text()


def test_without_text_no_file_of_the_report_has_a_sentence(summary, findings, tmp_path):
    write_report(summary, findings, tmp_path / "page.html", text=False)
    write_scores(summary, tmp_path)
    files = [place for place in tmp_path.rglob("*") if place.is_file()]
    assert len(files) > 6
    for place in files:
        for word in ("visited", "painted", "Kyoto"):
            assert word not in place.read_text()


def test_why_a_run_failed_is_told_without_the_text_that_its_error_quotes(summary, findings, tmp_path):
    run = str(summary.runs[0])
    error = "Traceback (most recent call last):\n  in x.py\nValueError: [E949] Ana visited Kyoto\n"
    failed = replace(summary, failures={run: error})
    write_report(failed, findings, tmp_path / "page.html", text=False)
    for place in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert "Kyoto" not in place.read_text()
    assert f"<code>{run}</code>: ValueError [E949]" in (tmp_path / "page.html").read_text()
    write_report(failed, findings, tmp_path / "text" / "page.html")
    assert "Ana visited Kyoto" in (tmp_path / "text" / "page.md").read_text()
    assert "Kyoto" not in (tmp_path / "text" / "page.results.json").read_text()


def test_a_report_of_results_is_that_of_the_folder_without_text(summary, findings, tmp_path):
    write_report(summary, findings, tmp_path / "folder" / "page.html", text=False)
    again = read_summary(tmp_path / "folder" / "page.results.json")
    write_report(again, find_all(again), tmp_path / "again" / "page.html")
    names = sorted(place.relative_to(tmp_path / "again") for place in (tmp_path / "again").rglob("*.*"))
    assert len(names) > 6
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "folder" / name).read_bytes(), name


def test_the_browser_shows_gold_teacher_and_students_with_what_to_filter_by(report):
    page = report.read_text()
    assert 'data-corpus="heldout"' in page and 'data-corpus="test"' in page
    assert "<h4>gold labels</h4>" in page and "<h4>teacher cot</h4>" in page
    students = [
        json.loads(names.replace("&#34;", '"')) for names in re.findall(r'data-students="([^"]+)"', page)
    ]
    assert {name for names in students for name in names} == {"gold", "simple_mix"}
    assert '<mark class="ent' in page and 'id="by-origin"' in page


def test_a_test_corpus_that_changed_after_the_runs_is_not_drawn_over(tmp_path):
    config = write_config(tmp_path)
    run_study(config, tmp_path / "out", {"study.seeds": [0], "study.regimens": ["simple_mix"]})
    write_docs(make_sentences("other", 16), tmp_path / "test.spacy")
    browser = make_browser(read_summary(tmp_path / "out"))
    assert {sentence.name for sentence in browser.sentences} == {HELDOUT}
    (note,) = browser.notes
    assert "test.spacy is not what the runs were scored on" in note
    write_docs(make_sentences("other", 8), tmp_path / "out" / "corpora" / "heldout.spacy")
    summary = read_summary(tmp_path / "out")
    write_report(summary, find_all(summary), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "heldout.spacy is not what the runs were scored on" in page
    assert '<article class="card"' not in page


def test_documents_that_share_an_id_are_neither_shown_nor_traced(tmp_path):
    config = write_config(tmp_path)
    twin = {"id": "twin"}
    for name in ("test", "pool", "cot", "standard"):
        docs = list(read_docs(tmp_path / f"{name}.spacy", Vocab()))
        for doc in docs:
            if name == "test" or int(doc.user_data["distill"]["id"].partition(":")[2]) % 4 < 2:
                doc.user_data["distill"] |= twin
        write_docs(docs, tmp_path / f"{name}.spacy")
    run_study(config, tmp_path / "out", {"study.seeds": [0], "study.regimens": ["simple_mix"]})
    summary = read_summary(tmp_path / "out")
    browser = make_browser(summary)
    assert {sentence.name for sentence in browser.sentences} == {HELDOUT}
    assert "twin" not in {sentence.id for sentence in browser.sentences}
    assert [note.partition(" ")[0] for note in browser.notes] == ["16", "4"]
    rows = Store(tmp_path / "out").scores(summary.runs[0].folder)["sets"][HELDOUT]
    place = tmp_path / "out" / summary.runs[0].folder / PREDICTIONS
    Tracer(tmp_path / "out" / "corpora").add_lineage(rows, place, "cot")
    assert [row["id"] for row in rows].count("twin") == 4
    traced = [row["id"] for row in rows if "lineage" in row]
    assert traced and "twin" not in traced


def test_text_and_labels_that_look_like_html_are_escaped(tmp_path):
    config = write_config(tmp_path)
    for name in ("gold", "dev", "test", "pool", "cot", "standard"):
        docs = list(read_docs(tmp_path / f"{name}.spacy", Vocab()))
        for doc in docs:
            doc.user_data["distill"]["document"] = "<b>article</b>"
        odd = Doc(docs[1].vocab, words=["<script>alert(1)</script>", "&", "x"], ents=["B-<i>A</i>", "O", "O"])
        odd.user_data = docs[1].user_data
        write_docs([docs[0], odd, *docs[2:]], tmp_path / f"{name}.spacy")
    out = tmp_path / "out"
    run_study(config, out, {"study.seeds": [0], "study.heldout": 0})
    summary = read_summary(out)
    write_report(summary, find_all(summary), out / "page.html")
    page = (out / "page.html").read_text()
    assert "&lt;script&gt;alert" in page
    for raw in ("<script>alert", "<b>article", "<i>A</i>"):
        assert raw not in page


def test_a_study_without_a_finished_run_has_a_report_too(tmp_path, config):
    from spacy_distill.study.config import read_study
    from spacy_distill.study.runner import CORPORA, plan_study, write_study
    from spacy_distill.study.store import Store

    study, resolved = read_study(config)
    plan, _ = plan_study(study, tmp_path / CORPORA)
    write_study(resolved, plan, Store(tmp_path))
    summary = read_summary(tmp_path)
    write_report(summary, find_all(summary), tmp_path / "page.html")
    assert "0 / 4" in (tmp_path / "page.html").read_text()


def test_with_several_gold_sizes_it_says_what_distilled_documents_are_worth(tmp_path, config):
    axes = {"study.gold_sizes": [4, 12, 0], "study.regimens": ["gold", "simple_mix", "distilled"]}
    run_study(config, tmp_path, {"study.seeds": [0], "study.keep": "none", **axes})
    summary = read_summary(tmp_path)
    findings = find_all(summary)
    write_report(summary, findings, tmp_path / "page.html")
    assert {(row["arm"]["name"], row["arm"]["gold_size"], row["gold"]) for row in findings["worth"]} == {
        ("simple_mix", 4, 4), ("simple_mix", 12, 12), ("simple_mix", 0, 24),
        ("distilled", 4, 0), ("distilled", 12, 0), ("distilled", 0, 0),
    }  # fmt: skip
    # What saw no gold is worth all that it equals.
    for row in worth_rows(findings):
        if row["name"] == "distilled":
            assert row["worth"].endswith(f"+{row['equals']:,.0f}")
    assert 'id="worth"' in (tmp_path / "page.html").read_text()
    notes = (tmp_path / "page.md").read_text()
    assert "learning-tiny.svg" in notes
    # What the arm is called tells its gold in each table that has several.
    for part in ("What training saw", "Whose errors they are"):
        assert "| simple_mix, 12 gold documents |" in notes.partition(f"## {part}")[2].partition("\n## ")[0]


def test_one_run_alone_has_a_report_without_comparisons(tmp_path, config):
    run_study(config, tmp_path, {"study.seeds": [0], "study.regimens": ["gold"], "study.heldout": 0})
    summary = read_summary(tmp_path)
    findings = find_all(summary)
    assert findings["comparisons"] == []
    write_report(summary, findings, tmp_path / "page.html")
    assert 'id="comparisons"' not in (tmp_path / "page.html").read_text()


def test_a_test_corpus_without_an_entity_of_which_students_find_none_has_a_report_too(summary, tmp_path):
    def empty(rows):
        return [{**row, **{kind: {} for kind in row if kind != "document"}} for row in rows]

    results = [
        replace(result, sets={name: empty(rows) for name, rows in result.sets.items()})
        for result in summary.results
    ]
    bare = replace(summary, results=results, folder=None)
    write_report(bare, find_all(bare), tmp_path / "page.html")
    again = read_summary(tmp_path / "page.results.json")
    assert [found["sets"][TEST]["micro"]["f"]["mean"] for found in find_all(again)["arms"]] == [0, 0]
    assert "micro" in render_card(again, again.results[0], "MIT")


def test_a_run_without_an_entity_keeps_its_place_in_the_report():
    """Rows an article tell that they were counted, also where nothing was found."""
    rows = [{"id": "a", "document": "a", "last": {}, "last_seen": {}}]
    assert article_rows(rows) == [{"document": "a", "last": {}, "last_seen": {}}]


def test_means_are_those_of_the_counts_on_disk(summary, findings):
    arm, results = next(iter(summary.by_arm.items()))
    fs = []
    for result in results:
        tp, fp, fn = (sum(numbers) for numbers in zip(*total_of(result.sets[TEST]).values(), strict=True))
        fs.append(2 * tp / (2 * tp + fp + fn))
    found = findings["arms"][0]
    assert found["arm"]["name"] == arm.name
    assert found["sets"][TEST]["micro"]["f"]["mean"] == pytest.approx(sum(fs) / len(fs))
    assert list(found["per_seed"].values()) == pytest.approx(fs)


def test_seen_and_unseen_entities_make_up_all(findings):
    for found in findings["arms"]:
        scores = found["sets"][TEST]
        low, high = sorted((scores["seen"]["mean"], scores["unseen"]["mean"]))
        assert low <= scores["micro"]["f"]["mean"] <= high


def test_exposures_are_those_of_the_blend_log(findings):
    seen = {found["arm"]["name"]: found["exposures"] for found in findings["arms"]}
    assert seen["gold"]["gold"]["examples"] == 7 * 4
    assert sum(told["examples"] for told in seen["simple_mix"].values()) == 7 * 4


def test_the_teacher_table_counts_only_documents_with_labels(findings):
    teachers = findings["teachers"]
    assert (teachers["cot"]["documents"], teachers["cot"]["unlabelled"]) == (32, 1)
    assert (
        teachers["cot"]["scores"]["micro"]["f"]["mean"] > teachers["standard"]["scores"]["micro"]["f"]["mean"]
    )
    assert teachers["cot"]["scores"]["labels"]["PER"]["f"]["mean"] == 1


def test_the_teacher_table_has_the_labels_of_all_teachers_escaped(summary, findings, tmp_path):
    odd, teachers = "A|B", copy.deepcopy(findings["teachers"])
    teachers["standard"]["scores"]["labels"][odd] = teachers["standard"]["scores"]["labels"]["PER"]
    arms = copy.deepcopy(findings["arms"])
    arms[0]["sets"][TEST]["labels"][odd] = arms[0]["sets"][TEST]["labels"]["PER"]
    write_report(summary, {**findings, "teachers": teachers, "arms": arms}, tmp_path / "page.html")
    assert "<th>A|B F1</th>" in (tmp_path / "page.html").read_text()
    tables = re.findall(r"(?:^\|.*\n)+", (tmp_path / "page.md").read_text(), re.M)
    heads = [table.partition("\n")[0] for table in tables if r"A\|B" in table]
    assert [head.split(" |")[0] for head in heads] == ["| regimen", "| teacher"]
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_a_run_that_was_made_of_other_inputs_is_not_in_the_report(study_dir, tmp_path):
    shutil.copytree(study_dir, tmp_path / "study")
    place = tmp_path / "study" / "tiny/gold/gold-all/seed-0/run.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "fingerprint": "of another corpus"}))
    assert len(read_summary(tmp_path / "study").results) == 3


def test_a_folder_that_is_no_study_and_a_file_that_is_no_result_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not the folder of a study"):
        read_summary(tmp_path)
    whole = gzip.compress(b"{}")
    broken = {"results.json": b"{}", "cut.json.gz": whole[:-5], "bad.json.gz": whole[:10] + b"x"}
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"nor a results\.json"):
            read_summary(tmp_path / name)


def test_results_that_lack_a_part_are_refused(report, tmp_path):
    data = json.loads(report.with_suffix(".results.json").read_text())
    del data["planned"]
    (tmp_path / "results.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"nor a results\.json"):
        read_summary(tmp_path / "results.json")


def test_results_of_a_later_format_are_refused_by_name(report, tmp_path):
    data = json.loads(report.with_suffix(".results.json").read_text())
    (tmp_path / "results.json").write_text(json.dumps({**data, "format": 2}))
    with pytest.raises(ValueError, match=r"has format 2, but this spacy-distill reads results of format 1"):
        read_summary(tmp_path / "results.json")
