"""The page of a review, in a real browser: what a person enters is the gold that import makes of it."""

import json

import pytest

from helpers.browsing import WIDTHS, cut_parts
from helpers.docs import make_doc, missing_tokens, read_docs, record_of, write_docs
from helpers.reviewing import open_page
from spacy_distill import ImportOptions, ReviewOptions, import_corpus, import_review, review
from spacy_distill.corpus.categories import CategoryFields

NUMBER, UNSEEN = 500, 380
PER, LOC = (0, 1, "PER"), (4, 5, "LOC")


def make_sentence(n):
    """One of many sentences that do not resemble each other; each fifth is written from right to left."""
    if n % 5 == 4:
        return f"דנה{n} פגשה{n} את רון{n} בחיפה{n} אמר{n} ."
    return f"Ann{n} met{n} Bo{n} of Firm{n} today{n} <b>{n}</b>"


def make_pool(path, sentences, first, second, **facts):
    """A corpus of which two teachers say this and that."""
    docs = [
        make_doc(text, missing=range(len(text.split())), id=f"doc:{n}", teachers={"a": first, "b": second})
        for n, text in enumerate(sentences)
    ]
    return write_docs(path, *docs)


def number_of(person):
    return int(person.text("where").partition("doc:")[2])


def go_to_word(person, n, word):
    """To a word of the text, by the keys that lead there in its direction."""
    on = "ArrowLeft" if n % 5 == 4 else "ArrowRight"
    person.press("Home", *[on] * word)
    return on


def annotate(person, n):
    """What a person does with a document, in nine ways; and the items that are gold then, None for none."""
    kind = n % 9
    if kind == 0:
        person.press("1", "Enter")
        return [PER, LOC]
    if kind == 1:
        person.press("2", "Enter")
        return [PER, (2, 3, "PER"), (4, 5, "ORG")]
    if kind == 2:  # Another span, by keys.
        person.press("1")
        on = go_to_word(person, n, 1)
        person.press(f"Shift+{on}", f"Shift+{on}", "o", "Enter")
        return [PER, (1, 4, "ORG"), LOC]
    if kind == 3:  # Another span, by the mouse.
        person.press("1")
        person.select(2, 3)
        person.press("m", "Enter")
        return [PER, (2, 4, "MISC"), LOC]
    if kind == 4:  # One goes.
        person.press("2")
        go_to_word(person, n, 2)
        person.press("Backspace", "Enter")
        return [PER, (4, 5, "ORG")]
    if kind == 5:  # One gets another label.
        person.press("1")
        go_to_word(person, n, 4)
        person.press("m", "Enter")
        return [PER, (4, 5, "MISC")]
    if kind == 6:
        person.press("s")
        return None
    if kind == 7:  # Done, undone, and done otherwise.
        person.press("2", "Enter", "u", "u", "1", "Enter")
        return [PER, LOC]
    # All of it goes, from one item to the next.
    person.press("2", *[","] * 4)
    for _ in range(3):
        person.press("Backspace", ".")
    person.press("Enter")
    return []


@pytest.mark.slow
def test_what_a_person_enters_is_the_gold_that_import_makes(tmp_path):
    second = [PER, (2, 3, "PER"), (4, 5, "ORG")]
    pool = make_pool(tmp_path / "pool.spacy", map(make_sentence, range(NUMBER)), [PER, LOC], second)
    page = tmp_path / "review.html"
    review(pool, [], page, options=ReviewOptions(10**6, labels=["MISC"]))
    entered = {}
    with open_page(page, tmp_path / "profile") as person:
        for step in range(NUMBER - UNSEEN):
            n = number_of(person)
            assert n not in entered
            entered[n] = annotate(person, n)
            if step == (NUMBER - UNSEEN) // 2:
                before = person.text("progress"), person.text("where")
                person.page.reload()
                assert (person.text("progress"), person.text("where")) == before
        skipped = sum(items is None for items in entered.values())
        done = len(entered) - skipped
        assert person.text("progress").startswith(f"{done} done, {skipped} skipped, of {NUMBER};")
        saved = person.download(tmp_path / "saved.jsonl")
    gold = {f"doc:{n}": items for n, items in entered.items() if items is not None}
    report = import_review(saved, tmp_path / "gold.spacy", pool)
    assert (report.written, report.skipped, report.asked) == (done, skipped, NUMBER)
    import_corpus(saved, tmp_path / "plain.spacy", ImportOptions())
    for out in ("gold.spacy", "plain.spacy"):
        docs = {record_of(doc)["id"]: doc for doc in read_docs(tmp_path / out)}
        assert {id: [(e.start, e.end, e.label_) for e in doc.ents] for id, doc in docs.items()} == gold
        assert [missing_tokens(doc) for doc in docs.values() if missing_tokens(doc)] == []
        assert all(doc.text == make_sentence(int(id[4:])) for id, doc in docs.items())
        assert {record_of(doc)["document"] for doc in docs.values()} == {"doc"}


@pytest.fixture
def four(tmp_path):
    """Documents on which two teachers differ."""
    return make_pool(tmp_path / "pool.spacy", map(make_sentence, range(4)), [PER, LOC], [PER, (2, 3, "PER")])


def show(pool, page, **options):
    review(pool, [], page, options=ReviewOptions(**options))
    return page


# On the keyboards of the scripts that a person may write: what is on the keys of 1, o, Home, Enter and s.
@pytest.mark.parametrize(
    "said",
    [
        [("1", "Digit1"), ("o", "KeyO")],
        [("&", "Digit1"), ("o", "KeyO")],  # French
        [("1", "Digit1"), ("щ", "KeyO")],  # Russian
        [("١", "Digit1"), ("خ", "KeyO")],  # Arabic
        [("1", "Digit1"), ("O", "KeyO")],  # Caps Lock
    ],
)
def test_keys_mean_the_same_on_every_keyboard(four, tmp_path, said):
    page = show(four, tmp_path / "review.html", labels=["ORG"])
    with open_page(page, tmp_path / "profile") as person:
        person.strike(*said[:1])
        person.press("Home")
        person.strike(*said[1:])
        assert [label for _, label in person.shown()] == ["ORG", "LOC"]


def test_shift_selects_to_the_ends(four, tmp_path):
    with open_page(show(four, tmp_path / "review.html", labels=["ORG"]), tmp_path / "profile") as person:
        words = person.page.locator("#text .place").count()
        for keys, first, last in (("Home Shift+End", 0, words - 1), ("End Shift+Home", 0, words - 1)):
            person.press(*keys.split())
            assert person.selected() == list(range(first, last + 1))


def test_what_is_done_stays_done_when_corrected_and_a_key_held_down_accepts_once(four, tmp_path):
    with open_page(show(four, tmp_path / "review.html"), tmp_path / "profile") as person:
        person.press("u")
        assert "nothing to undo" in person.text("warning")
        person.strike(*[("Enter", "Enter")] * 5, repeat=True)
        assert person.text("progress").startswith("0 done")
        person.press("1", "Enter", "ArrowUp", "Home", "Backspace")
        assert person.text("progress").startswith("1 done") and len(person.shown()) == 1
        person.press("u", "u")
        assert person.text("progress").startswith("0 done") and len(person.shown()) == 2


def test_answers_to_another_review_of_the_pool_are_no_answers_here_and_are_kept(four, tmp_path):
    wide, narrow = (
        show(four, tmp_path / "wide.html", labels=["MISC"]),
        show(four, tmp_path / "narrow.html"),
    )
    with open_page(wide, tmp_path / "profile") as person:
        person.press("1", "Enter", "1", "Home", "m", "Enter")
    with open_page(narrow, tmp_path / "profile") as person:
        assert person.text("progress").startswith("1 done")
        saved = person.download(tmp_path / "saved.jsonl")
    assert import_review(saved, tmp_path / "gold.spacy", four).written == 1
    with open_page(wide, tmp_path / "profile") as person:
        assert person.text("progress").startswith("2 done")


def test_of_what_a_view_says_nothing_it_disputes_nothing(tmp_path):
    text, files = "Ann met Bo", []
    for name, doc in (("one", make_doc(text, [PER, (2, 3, "PER")])), ("two", make_doc(text, missing=[0]))):
        files.append(write_docs(tmp_path / f"{name}.spacy", doc))
    review(files[0], files[1:], tmp_path / "review.html")
    with open_page(tmp_path / "review.html", tmp_path / "profile") as person:
        assert person.page.locator("#text .disputed").all_inner_texts() == ["Bo"]


def test_the_selection_is_seen_in_a_long_document(tmp_path):
    text = " ".join(f"Word{n}" for n in range(3000))
    pool = make_pool(tmp_path / "pool.spacy", [text], [PER], [(0, 1, "ORG"), (2990, 2991, "ORG")])
    with open_page(show(pool, tmp_path / "review.html"), tmp_path / "profile") as person:
        for key in ("End", ".", ",", "Home", ".", "End"):
            person.press(key)
            box = person.page.locator("#text .selected").first.bounding_box()
            assert 0 <= box["y"] < box["y"] + box["height"] <= person.page.viewport_size["height"]


def test_labels_of_any_number_and_script_have_keys(tmp_path):
    labels = [*(f"KIND{n}" for n in range(40)), "شخص", "S", "U"]
    pool = make_pool(tmp_path / "pool.spacy", map(make_sentence, range(5)), [(0, 1, "شخص")], [])
    page = tmp_path / "review.html"
    review(pool, [], page, options=ReviewOptions(labels=labels))
    with open_page(page, tmp_path / "profile") as person:
        keys = [key.inner_text() for key in person.page.locator("#labels kbd").all()]
        assert len(set(keys)) == len(keys) == len(labels) and not {"s", "u"} & set(keys)
        for button in person.page.locator("#labels button").all()[:4]:
            key, label = button.inner_text().split()
            person.press("2", "Home", f"Shift+{key}" if key.isupper() else key)
            assert [found for _, found in person.shown()] == [label]
            person.press("Enter")
        saved = person.download(tmp_path / "saved.jsonl")
    assert import_review(saved, tmp_path / "gold.spacy", pool).written == 4


def test_control_characters_are_spelled_out_and_come_back_as_they_were(tmp_path):
    hostile = "An\x1b[31mna met \u202eoB\x9b of \u2066Firm now"
    label = "\u202eREP"
    pool = make_pool(tmp_path / "pool.spacy", [hostile], [(0, 1, label)], [(2, 3, "PER")])
    page = tmp_path / "review.html"
    review(pool, [], page)
    with open_page(page, tmp_path / "profile") as person:
        shown = person.page.locator("main").inner_text()
        assert not set("\x1b\u202e\x9b\u2066") & set(shown)
        for spelled in ("An\\x1b[31mna", "\\u202eoB\\x9b", "\\u202eREP"):
            assert spelled in shown
        person.press("1", "Enter")
        saved = person.download(tmp_path / "saved.jsonl")
    row = json.loads(saved.read_text(encoding="utf8"))
    assert row["text"] == hostile
    assert import_review(saved, tmp_path / "gold.spacy", pool).written == 1


def test_space_is_no_part_of_what_is_labelled(tmp_path):
    text = "Acme \n\n won \x85 today \n"
    pool = make_pool(tmp_path / "pool.spacy", [text], [(0, 1, "PER")], [])
    with open_page(show(pool, tmp_path / "review.html", labels=["ORG"]), tmp_path / "profile") as person:
        person.press("2", "Home", "ArrowRight", "o")
        assert person.shown() == [] and "no word" in person.text("warning")
        person.press("Home", "Shift+ArrowRight", "o", "ArrowRight", "Shift+End", "o")
        assert person.shown() == [("Acme", "ORG"), ("won \\x85 today", "ORG")]
        person.press("Enter")
        saved = person.download(tmp_path / "saved.jsonl")
    assert import_review(saved, tmp_path / "gold.spacy", pool).misfits == []
    (doc,) = read_docs(tmp_path / "gold.spacy")
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(0, 1, "ORG"), (2, 5, "ORG")]


@pytest.mark.parametrize("multilabel", [False, True])
def test_classes_are_chosen_by_digits(tmp_path, multilabel):
    names = ("ARTS", "MONEY", "SPORT")
    files = []
    for view, chosen in (("one", [0, 1, 2, 0]), ("two", [1, 2, 2, 1])):
        rows = [
            {
                "id": f"doc:{n}",
                "text": f"Text number {n}",
                "cats": {name: int(i == c) for i, name in enumerate(names)},
            }
            for n, c in enumerate(chosen)
        ]
        (tmp_path / f"{view}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        files.append(tmp_path / f"{view}.spacy")
        fields = CategoryFields(multilabel=multilabel)
        import_corpus(tmp_path / f"{view}.jsonl", files[-1], ImportOptions(fields=fields))
    review(files[0], files[1:], tmp_path / "review.html")
    wanted = {
        0: ["SPORT"],
        1: ["ARTS", "MONEY"] if multilabel else ["ARTS"],
        3: [] if multilabel else ["MONEY"],
    }
    with open_page(tmp_path / "review.html", tmp_path / "profile") as person:
        for _ in range(4):
            n = number_of(person)
            if n not in wanted:
                person.press("s")
                continue
            on = person.page.locator("#labels .on")
            for key, name in enumerate(names, 1):
                chosen = {text.split()[-1] for text in on.all_inner_texts()}
                # Of exclusive classes the new one takes the place of the old.
                if (name in chosen) != (name in wanted[n]) and (multilabel or name in wanted[n]):
                    person.press(str(key))
            assert sorted(text.split()[-1] for text in on.all_inner_texts()) == wanted[n]
            person.press("Enter")
        saved = person.download(tmp_path / "saved.jsonl")
    report = import_review(saved, tmp_path / "gold.spacy", files[0])
    found = {
        record_of(doc)["id"]: sorted(name for name, score in doc.cats.items() if score)
        for doc in read_docs(tmp_path / "gold.spacy")
    }
    assert found == {f"doc:{n}": said for n, said in wanted.items()}
    assert (report.skipped, {len(doc.cats) for doc in read_docs(tmp_path / "gold.spacy")}) == (1, {3})


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(tmp_path, width):
    long = f"{'Verylongword' * 20} in Rome"
    pool = make_pool(tmp_path / "pool.spacy", [long], [(2, 3, "A_LONG_NAME_OF_A_LABEL" * 3)], [(0, 1, "ORG")])
    review(pool, [], tmp_path / "review.html")
    assert cut_parts(tmp_path / "review.html", width, tmp_path) == ""
