"""Why a run failed, in a line."""

import traceback

from spacy.errors import Errors

from spacy_distill.study.results import gist, without_text

DIED = "The worker process died (killed, or out of memory)."


def caught(error, cause=None):
    try:
        try:
            if cause is not None:
                raise cause
        finally:
            raise error
    except Exception:  # noqa: BLE001 - whatever it is
        return traceback.format_exc()


def test_it_is_the_exception_and_what_it_says():
    assert gist(caught(ValueError("no luck"))) == "ValueError: no luck"
    assert gist(caught(ValueError("no luck"), KeyError("a cause"))) == "ValueError: no luck"
    assert gist(caught(RuntimeError())) == "RuntimeError"
    assert gist(DIED) == DIED
    assert gist("") == ""


def test_a_message_of_many_lines_is_told_from_its_beginning():
    error = caught(ValueError("\n\nConfig validation error\n\nner -> width   field required\n{'a': 1}\n"))
    assert gist(error).startswith("ValueError: Config validation error ner -> width field required")
    assert len(gist(caught(ValueError("x" * 999)))) < 350


def test_without_text_nothing_is_left_that_could_quote_a_document():
    quoting = caught(ValueError(Errors.E949.format(x="['Ana', 'visited']", y="['Ana', 'left']")))
    assert "visited" in quoting
    assert without_text(quoting) == "ValueError [E949]"
    assert without_text(caught(KeyError("visited"))) == "KeyError"
    assert without_text(DIED) == DIED
    assert without_text(without_text(quoting)) == without_text(quoting)
