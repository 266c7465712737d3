"""The labels of the gold corpus, for `[initialize.components.ner.labels]`."""

from pathlib import Path

from confection import ConfigValidationError

from .scan import scan

LabelData = dict[str, dict[str, int]]
LINE = ("initialize", "components", "ner", "labels", "path")


def make_gold_labels(path: str | Path | None) -> LabelData:
    """Count the NER labels of the whole gold corpus.

    Training that streams its corpus shows the pipeline 100 examples to learn its labels from, and in most
    regimens they are all distilled. With the labels of gold every regimen starts from the same network, and
    no earlier `init labels` step is needed.

    path (Union[str, Path, None]): The gold corpus, a `.spacy` file or folder.
    RETURNS (Dict[str, Dict[str, int]]): Label data as `ner` initializes from: label counts by action.
    RAISES (ConfigValidationError): If there is no gold corpus, or it has no entity.
    """
    if path is None:
        raise _refusal(
            "the labels are counted from the gold corpus, but none is given. Set gold in [paths]; a run "
            "without gold may name another corpus: --initialize.components.ner.labels.path distilled.spacy"
        )
    labels = scan(Path(path), LINE).labels
    if not labels:
        raise _refusal(
            f"{path} has no entity, so there is no label to learn. Set gold in [paths] to another corpus."
        )
    counts = dict(labels.most_common())
    # The actions of spaCy's NER: missing, begin, in, last, unit, out. The empty label is "not an entity".
    return {"0": {}, "1": counts, "2": counts, "3": counts, "4": {**counts, "": 1}, "5": {"": 1}}


def _refusal(message: str) -> ConfigValidationError:
    return ConfigValidationError(
        errors=[{"loc": LINE, "msg": message}],
        title="No labels",
    )
