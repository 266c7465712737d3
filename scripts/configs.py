"""Write the training and teacher configs of configs/ from the templates that `spacy-distill init` uses.

python scripts/configs.py
"""

from pathlib import Path
from typing import Any

from spacy_distill.blend.checks import LEAST_ALONE
from spacy_distill.scaffold.files import student_config, study_config, teacher_config
from spacy_distill.scaffold.inputs import Student

FOLDER = Path(__file__).parents[1] / "configs"
MODEL = "gpt-4-0125-preview"
CONLL: dict[str, Any] = {
    "labels": ["LOC", "MISC", "ORG", "PER"],
    "definitions": "assets/prompts/conll_labels.yml",
    "examples": "assets/prompts/conll_examples.yml",
    "aliases": {"Location": "LOC", "Miscellaneous": "MISC", "Organization": "ORG", "Person": "PER"},
}
WNUT: dict[str, Any] = {
    "labels": ["person", "location", "corporation", "product", "creative-work", "group"],
    "definitions": "assets/prompts/wnut_labels.yml",
    "examples": "assets/prompts/wnut_examples.yml",
    "aliases": {
        "band": "group",
        "company": "corporation",
        "creative work": "creative-work",
        "place": "location",
    },
    "remark": "Another label set: the six types of WNUT-17, for social media text.",
}
# Updates, and those from one look at dev to the next, by the rule of `spacy-distill preview`.
STEPS: dict[Student, tuple[int, int]] = {"cpu": (600, 200), "minilm": (600, 200), "bert": (600, 200)}
CLASSES: list[tuple[Student, int, int]] = [("cpu", 200, 100), ("minilm", 300, 100)]


def make_configs() -> dict[str, str]:
    """The configs by their names."""
    made = {
        f"student_{student}.cfg": student_config(student, steps, eval_frequency=every)
        for student, (steps, every) in STEPS.items()
    }
    for student, steps, every in CLASSES:
        name = f"student_textcat_{student}.cfg"
        made[name] = student_config(student, steps, task="textcat", file=name, eval_frequency=every)
    made["teacher_standard.cfg"] = teacher_config("standard", model=MODEL, prompt="standard", **CONLL)
    made["teacher_cot.cfg"] = teacher_config("cot", model=MODEL, prompt="cot", **CONLL)
    made["teacher_wnut.cfg"] = teacher_config("wnut", model=MODEL, prompt="standard", **WNUT)
    made["study_mine.cfg"] = study_config("minilm", LEAST_ALONE, file="study_mine.cfg", pool_labelled=True)
    return made


if __name__ == "__main__":
    for name, content in make_configs().items():
        (FOLDER / name).write_text(content, encoding="utf8")
