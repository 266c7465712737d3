"""`annotate` with a teacher of classes, behind a real connection."""

from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.docs import read_docs, write_docs
from helpers.loopback import Server, completion
from helpers.support import teacher_config
from spacy_distill import annotate

CONFIG = teacher_config(
    """
@llm_tasks = "spacy_distill.TextCat.v1"
labels = ["sport","tech"]
max_words = 8
""",
    """
@llm_models = "spacy_distill.ChatModel.v1"
name = "toy"
endpoint = "URL"
api_key_env = null
ledger = "LEDGER"
reask = 0
""",
)


def test_what_came_to_nothing_and_what_was_cut_is_counted(tmp_path):
    texts = ["They won again .", "A new phone . It is blue . Nobody knows what it costs , or why ."]
    write_docs(tmp_path / "in.spacy", *(Doc(Vocab(), text.split()) for text in texts))
    with Server(lambda call: completion("sport" if "won" in call.prompt else "Gadgets")) as server:
        config = CONFIG.replace("URL", server.url).replace("LEDGER", str(tmp_path / "answers.sqlite"))
        (tmp_path / "teacher.cfg").write_text(config, encoding="utf8")
        report = annotate(tmp_path / "teacher.cfg", tmp_path / "in.spacy", tmp_path / "out.spacy")
        prompts = [call.prompt for call in server.calls]
    assert any("It is blue ." in prompt and "costs" not in prompt for prompt in prompts)
    assert {reason.what: reason.count for reason in report.reasons} == {
        "shown in part: the text is longer than max_words": 1,
        "dropped: the label 'Gadgets' is none of those asked for": 1,
    }
    assert [doc.cats for doc in read_docs(tmp_path / "out.spacy")] == [{"sport": 1.0, "tech": 0.0}, {}]
