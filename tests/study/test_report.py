"""The report: complete, self-contained, escaped, and made again from its own data."""

import csv
import gzip
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import srsly
from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.browsing import WIDTHS, cut_parts
from helpers.reviewing import open_page
from helpers.studying import carry_out_study, make_sentences, planned, write_config
from helpers.support import ROOT
from spacy_distill import read_docs, read_results, write_docs, write_report
from spacy_distill.study.report.plots import FOREST_NAME, forest

TEST, HELDOUT = "test", "heldout"
RUN = "tiny/simple_mix/steps-6/gold-all/seed-0"
TRACEBACK = "Traceback (most recent call last):\n"
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
def report(study_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "page.html"
    write_report(study_dir, out)
    return out


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(report):
    checker = Checker()
    checker.feed(report.read_text())
    assert checker.open == []
    assert "[–" not in report.with_suffix(".md").read_text(encoding="utf8")
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
    assert "fewer than 10 seeds or 20 articles: no claim" in page


def test_markdown_and_its_figures_say_the_same(report, findings):
    notes = report.with_suffix(".md").read_text()
    for found in findings["arms"]:
        score = found["sets"][TEST]["micro"]["f"]
        assert f"{100 * score['mean']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]" in notes
    figures = re.findall(r"\]\(([^)]+\.svg)\)", notes)
    assert figures and all((report.parent / figure).read_text().count("<svg") == 1 for figure in figures)
    assert "<text" in (report.parent / figures[0]).read_text()


def test_a_comparison_that_differs_in_more_than_one_thing_is_marked(study_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_distill.study.comparisons.is_confounded", lambda differing: True)
    write_report(study_dir, tmp_path / "page.html")
    assert "<b>more than one thing:</b>" in (tmp_path / "page.html").read_text()
    assert "| **more than one thing:** " in (tmp_path / "page.md").read_text()


def test_a_forest_plot_has_long_names_whole(findings):
    """Where a comparison's name does not fit beside its difference, each arm has a line."""
    first, second = "a" * FOREST_NAME, "b" * FOREST_NAME
    (row,) = findings["comparisons"]
    drawn = forest([{**row, "label": f"{first} − {second}"}])
    assert re.findall(r">(a+|− b+)<", drawn) == [first, f"− {second}"]


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
    assert (comparison["first"], comparison["second"], comparison["claim"]) == (
        "simple_mix",
        "gold",
        "no claim",
    )


def test_results_json_alone_gives_the_same_findings_and_a_report(report, findings, tmp_path):
    again = write_report(report.with_suffix(".results.json"), tmp_path / "again.html")
    assert again.findings == findings
    assert 'id="errors"' not in (tmp_path / "again.html").read_text()


def test_without_text_no_file_of_the_report_has_a_sentence(study_dir, tmp_path):
    write_report(study_dir, tmp_path / "page.html", text=False)
    files = [place for place in tmp_path.rglob("*") if place.is_file()]
    assert len(files) > 6
    for place in files:
        for word in ("visited", "painted", "Kyoto"):
            assert word not in place.read_text()


def test_why_a_run_failed_is_said_without_the_text_that_its_error_quotes(found, tmp_path):
    run = str(found.runs[0])
    cause = f"{TRACEBACK}  in x.py\nKeyError: 'a cause'\n\n"
    error = f"{cause}{TRACEBACK}  in x.py\nValueError: [E949] Ana visited Kyoto\n"
    died = "The worker process died (killed, or out of memory)."
    failed = replace(found, failures={run: error, "a run": f"{TRACEBACK}RuntimeError\n", "other": died})
    write_report(failed, tmp_path / "page.html", text=False)
    for place in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert "Kyoto" not in place.read_text()
    for words in (f"<code>{run}</code>: ValueError [E949]", "a run</code>: RuntimeError", died):
        assert words in (tmp_path / "page.html").read_text()
    write_report(failed, tmp_path / "text" / "page.html")
    assert "Ana visited Kyoto" in (tmp_path / "text" / "page.md").read_text()
    assert "Kyoto" not in (tmp_path / "text" / "page.results.json").read_text()


def test_a_report_of_results_is_that_of_the_folder_without_text(study_dir, tmp_path):
    write_report(study_dir, tmp_path / "folder" / "page.html", text=False)
    write_report(tmp_path / "folder" / "page.results.json", tmp_path / "again" / "page.html")
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


def test_the_sentences_of_the_browser_are_worst_first(report):
    page = report.read_text()
    cards = re.findall(r'<article class="card" data-corpus="(\w+)".*?</article>', page, re.DOTALL)
    found = re.findall(r'<article class="card".*?</article>', page, re.DOTALL)
    students = [re.findall(r'data-students="([^"]+)" data-marks="([^"]+)"', card) for card in found]
    wrong = [
        sum(len(json.loads(names.replace("&#34;", '"'))) for names, marks in each if marks != "[]")
        for each in students
    ]
    for corpus in set(cards):
        of_it = [number for number, name in zip(wrong, cards, strict=True) if name == corpus]
        assert of_it == sorted(of_it, reverse=True) and of_it[-1] > 0


def with_wide_intervals(page, folder):
    """The page as it were with the intervals of two seeds, and longer names."""
    wide = r'\1\2+cot_features\3<small class="range">-132.9 to +138.1</small>'
    row = r'(<tr><th scope="row">)([^<]+)(<small>(?:(?!</tr>).)*?)<small class="range">.*?</small>'
    text, count = re.subn(row, wide, page.read_text(encoding="utf8"), flags=re.DOTALL)
    assert count
    (folder / "wide.html").write_text(text, encoding="utf8")
    return folder / "wide.html"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_column_is_cut(report, tmp_path, width):
    assert cut_parts(report, width, tmp_path) == ""
    assert cut_parts(with_wide_intervals(report, tmp_path), width, tmp_path) == ""


@pytest.mark.parametrize("label", ["PER", "A_LABEL_OF_MANY_WORDS_AND_LETTERS"])
@pytest.mark.parametrize("table", ["main_testb", "tier2_wikigold"])
def test_no_column_of_a_published_study_is_cut(tmp_path, table, label):
    """Whatever its labels are called, and however wide the intervals of two seeds are."""
    page, results = tmp_path / "page.html", tmp_path / "results.json"
    text = gzip.decompress((ROOT / "docs" / "results" / f"{table}.json.gz").read_bytes()).decode()
    for name in ("PER", "LOC", "ORG", "MISC"):
        text = text.replace(f'"{name}"', f'"{label}_{name}"')
    results.write_text(text, encoding="utf8")
    write_report(results, page)
    assert cut_parts(with_wide_intervals(page, tmp_path), min(WIDTHS), tmp_path) == ""


def test_a_test_corpus_that_changed_after_the_runs_is_not_drawn_over(tmp_path):
    config = write_config(tmp_path)
    carry_out_study(config, tmp_path / "out", {"study.seeds": [0], "study.regimens": ["simple_mix"]})
    write_docs(make_sentences("other", 16), tmp_path / "test.spacy")
    write_report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert set(re.findall(r'data-corpus="(\w+)"', page)) == {HELDOUT}
    assert "test.spacy is not what the runs were scored on" in page
    write_docs(make_sentences("other", 8), tmp_path / "out" / "corpora" / "heldout.spacy")
    write_report(tmp_path / "out", tmp_path / "page.html")
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
    carry_out_study(config, tmp_path / "out", {"study.seeds": [0], "study.regimens": ["simple_mix"]})
    write_report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert set(re.findall(r'data-corpus="(\w+)"', page)) == {HELDOUT}
    assert re.findall(r"(\d+) documents of .* share their id", page) == ["16", "4"]
    assert "<b>twin</b>" not in page
    rows = srsly.read_json(tmp_path / "out" / RUN / "scores.json")["sets"][HELDOUT]
    assert [row["id"] for row in rows].count("twin") == 4
    # Each error of a student that is not drawn from a twin is inherited or its own.
    wrong = sum(sum(n[1:]) for row in rows if row["id"] != "twin" for n in row["last"].values())
    (arm,) = write_report(tmp_path / "out").findings["arms"]
    kinds = ("inherited_invented", "inherited_missed", "own_invented", "own_missed")
    assert wrong and sum(arm["lineage"]["all"][kind] for kind in kinds) == wrong


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
    carry_out_study(config, out, {"study.seeds": [0], "study.heldout": 0})
    write_report(out, out / "page.html")
    page = (out / "page.html").read_text()
    assert "&lt;script&gt;alert" in page
    for raw in ("<script>alert", "<b>article", "<i>A</i>"):
        assert raw not in page


def test_a_study_without_a_finished_run_has_a_report_too(tmp_path, config):
    planned(config, tmp_path)
    write_report(tmp_path, tmp_path / "page.html")
    assert "0 / 4" in (tmp_path / "page.html").read_text()


def test_with_several_gold_sizes_it_says_what_distilled_documents_are_worth(tmp_path, config):
    axes = {"study.gold_sizes": [4, 12, 0], "study.regimens": ["gold", "simple_mix", "distilled"]}
    carry_out_study(config, tmp_path, {"study.seeds": [0], "study.keep": "none", **axes})
    findings = write_report(tmp_path, tmp_path / "page.html").findings
    assert {(row["arm"]["name"], row["arm"]["gold_size"], row["gold"]) for row in findings["worth"]} == {
        ("simple_mix", 4, 4), ("simple_mix", 12, 12), ("simple_mix", 0, 24),
        ("distilled", 4, 0), ("distilled", 12, 0), ("distilled", 0, 0),
    }  # fmt: skip
    assert 'id="worth"' in (tmp_path / "page.html").read_text()
    notes = (tmp_path / "page.md").read_text()
    assert "learning-tiny.svg" in notes
    # What saw no gold is worth all that it equals.
    for row in findings["worth"]:
        if row["arm"]["name"] == "distilled":
            assert f"+{row['equals']:,.0f} |" in notes
    # What the arm is called tells its gold in each table that has several.
    for part in ("What training saw", "Whose errors they are"):
        assert "| simple_mix, 12 gold documents |" in notes.partition(f"## {part}")[2].partition("\n## ")[0]


def test_one_run_alone_has_a_report_without_comparisons(tmp_path, config):
    carry_out_study(config, tmp_path, {"study.seeds": [0], "study.regimens": ["gold"], "study.heldout": 0})
    assert write_report(tmp_path, tmp_path / "page.html").findings["comparisons"] == []
    assert 'id="comparisons"' not in (tmp_path / "page.html").read_text()


def test_a_test_corpus_without_an_entity_of_which_students_find_none_has_a_report_too(found, tmp_path):
    def empty(rows):
        return [{**row, **{kind: {} for kind in row if kind != "document"}} for row in rows]

    results = [
        replace(result, sets={name: empty(rows) for name, rows in result.sets.items()})
        for result in found.results
    ]
    write_report(replace(found, results=results, folder=None), tmp_path / "page.html")
    again = write_report(tmp_path / "page.results.json", tmp_path / "again.html").findings
    assert [arm["sets"][TEST]["micro"]["f"]["mean"] for arm in again["arms"]] == [None, None]


def test_means_are_those_of_the_counts_on_disk(study_dir, findings):
    fs = []
    for place in sorted(study_dir.glob("tiny/gold/*/*/*/scores.json")):
        counts = [n for row in srsly.read_json(place)["sets"][TEST] for n in row["last"].values()]
        tp, fp, fn = (sum(numbers) for numbers in zip(*counts, strict=True))
        fs.append(2 * tp / (2 * tp + fp + fn))
    arm = findings["arms"][0]
    assert arm["arm"]["name"] == "gold"
    assert arm["sets"][TEST]["micro"]["f"]["mean"] == pytest.approx(sum(fs) / len(fs))
    assert list(arm["per_seed"].values()) == pytest.approx(fs)


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


def test_the_teacher_table_has_the_labels_of_all_teachers_escaped(report, tmp_path):
    data = json.loads(report.with_suffix(".results.json").read_text())
    first = next(run for run in data["runs"] if "/gold/" in run["run"])
    rows = data["teachers"]["standard"]["rows"] + first["sets"][TEST]
    for row in rows:
        row["last"]["A|B"] = [1, 1, 1]
    (tmp_path / "results.json").write_text(json.dumps(data))
    write_report(tmp_path / "results.json", tmp_path / "page.html")
    assert '<span class="pair"><bdi>A|B</bdi> ' in (tmp_path / "page.html").read_text()
    tables = re.findall(r"(?:^\|.*\n)+", (tmp_path / "page.md").read_text(), re.M)
    heads = [table.partition("\n")[0] for table in tables if r"A\|B" in table]
    assert [head.split(" |")[0] for head in heads] == ["| regimen", "| teacher"]
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_a_run_that_was_made_of_other_inputs_is_not_in_the_report(study_dir, tmp_path):
    shutil.copytree(study_dir, tmp_path / "study")
    place = tmp_path / "study" / "tiny/gold/steps-6/gold-all/seed-0/run.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "fingerprint": "of another corpus"}))
    assert len(read_results(tmp_path / "study").results) == 3


def test_a_folder_that_is_no_study_and_a_file_that_is_no_result_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not the folder of a study"):
        read_results(tmp_path)
    whole = gzip.compress(b"{}")
    broken = {"results.json": b"{}", "cut.json.gz": whole[:-5], "bad.json.gz": whole[:10] + b"x"}
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"nor a results\.json"):
            read_results(tmp_path / name)


def test_results_that_lack_a_part_are_refused(report, tmp_path):
    data = json.loads(report.with_suffix(".results.json").read_text())
    del data["planned"]
    (tmp_path / "results.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"nor a results\.json"):
        read_results(tmp_path / "results.json")


def test_results_of_a_later_format_are_refused_by_name(report, tmp_path):
    data = json.loads(report.with_suffix(".results.json").read_text())
    (tmp_path / "results.json").write_text(json.dumps({**data, "format": 3}))
    with pytest.raises(ValueError, match=r"has format 3, but this spacy-distill reads results of format 2"):
        read_results(tmp_path / "results.json")


def test_words_are_found_across_an_entity_in_a_browser(report, tmp_path):
    """Names of labels stand within the text, and are none of its words."""
    without = "(e) => { e.querySelectorAll('i').forEach((i) => i.remove()); return e.textContent }"
    with open_page(report, tmp_path / "profile") as person:
        entities = person.page.locator(".card:visible .entities:has(mark)").first
        text = entities.evaluate(f"(e) => ({without})(e.cloneNode(true))")
        for words, found in ((f"  {text.upper()} ", True), ("no such words", False)):
            person.page.fill("#by-words", words)
            assert person.page.inner_text("#shown").startswith("0 of ") is not found
