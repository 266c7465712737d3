"""Committees of pipelines that find fixed words: what each member says is known in advance."""

from collections.abc import Mapping
from pathlib import Path

import spacy

from spacy_distill.labels.committee import Committee, Member, text_hash, write_committee
from spacy_distill.labels.confidence import Calibration


def make_committee(
    folder: Path,
    words: Mapping[str, Mapping[str, str]],
    folds: Mapping[str, int] | None = None,
    calibration: Calibration | None = None,
    labels: tuple[str, ...] = ("LOC", "ORG", "PER"),
) -> Path:
    """Write a committee, and return its folder.

    words: by member the label of each word that it finds; a name "cosine/seed-0@1" is the member of fold 1.
    folds: the fold of each text that members of folds learned from.
    """
    members = []
    folder.mkdir(parents=True)
    for number, (name, found) in enumerate(words.items()):
        nlp = spacy.blank("en")
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": label, "pattern": word} for word, label in found.items()])  # type: ignore[attr-defined]
        nlp.to_disk(folder / f"member-{number}")
        base, _, fold = name.partition("@")
        members.append(
            Member(base, f"member-{number}", int(fold) if fold else None, not base.startswith("gold"), 0.5)
        )
    hashes = {text_hash(spacy.blank("en").make_doc(text)): fold for text, fold in (folds or {}).items()}
    write_committee(Committee(folder, "ner", labels, members, hashes, calibration))
    return folder
