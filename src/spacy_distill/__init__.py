"""Distil a large language model's knowledge into a small spaCy pipeline: annotate, blend, train, compare.

What a Python user needs can be imported from here, and is loaded when it is used.
"""

from importlib import import_module

# As in `typing`, which takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .blend.log import read_blend_log as read_blend_log
    from .blend.preview import preview as preview
    from .blend.reader import BlendedCorpus as BlendedCorpus
    from .corpus.docbin import read_docs as read_docs
    from .corpus.docbin import write_docs as write_docs
    from .corpus.exporting import export_corpus as export_corpus
    from .corpus.formats.base import Columns as Columns
    from .corpus.formats.base import ImportOptions as ImportOptions
    from .corpus.importing import import_corpus as import_corpus
    from .corpus.provenance import article_id as article_id
    from .corpus.provenance import doc_id as doc_id
    from .corpus.provenance import set_origin as set_origin
    from .corpus.provenance import views as views
    from .corpus.sampling import parse_range as parse_range
    from .errors import DistillError as DistillError
    from .labels.audit import audit_corpus as audit_corpus
    from .labels.audit_page import render_page as render_page
    from .labels.cascade import annotate_disputed as annotate_disputed
    from .labels.clean import clean as clean
    from .labels.relabel import RelabelOptions as RelabelOptions
    from .labels.relabel import relabel as relabel
    from .labels.review import ReviewOptions as ReviewOptions
    from .labels.review import review as review
    from .labels.reviewed import import_review as import_review
    from .labels.select import SelectOptions as SelectOptions
    from .labels.select import parse_limit as parse_limit
    from .labels.select import select as select
    from .labels.vote import vote as vote
    from .prediction.predict import PredictOptions as PredictOptions
    from .prediction.predict import predict as predict
    from .scaffold.encoder import fetch_encoder as fetch_encoder
    from .scaffold.inputs import ProjectOptions as ProjectOptions
    from .scaffold.project import init_project as init_project
    from .study.config import read_study as read_study
    from .study.relabel_rounds import relabel_in_rounds as relabel_in_rounds
    from .study.report.report import write_card as write_card
    from .study.report.report import write_report as write_report
    from .study.results import read_results as read_results
    from .study.runner import plan_study as plan_study
    from .study.runner import run_study as run_study
    from .study.train_committee import CommitteeOptions as CommitteeOptions
    from .study.train_committee import train_committee as train_committee
    from .tasks.annotation import Annotation as Annotation
    from .tasks.annotation import Item as Item
    from .tasks.answer import Answer as Answer
    from .tasks.base import Task as Task
    from .tasks.base import VoteResult as VoteResult
    from .tasks.base import find_task as find_task
    from .tasks.base import set_task as set_task
    from .tasks.project_parts import ProjectParts as ProjectParts
    from .tasks.prompted import PromptedTask as PromptedTask
    from .tasks.votes import VoteRule as VoteRule
    from .teacher.annotate import annotate as annotate
    from .teacher.estimate import forecast_annotation as forecast_annotation
    from .teacher.ledger.store import Ledger as Ledger
    from .teacher.teacher import load_teacher as load_teacher
    from .teacher.transfer import import_answers as import_answers
    from .training.fast_prediction import speed_up_prediction as speed_up_prediction

__version__ = "0.1.0"

_HOMES = {
    "Annotation": "tasks.annotation",
    "Answer": "tasks.answer",
    "BlendedCorpus": "blend.reader",
    "Columns": "corpus.formats.base",
    "CommitteeOptions": "study.train_committee",
    "DistillError": "errors",
    "ImportOptions": "corpus.formats.base",
    "Item": "tasks.annotation",
    "Ledger": "teacher.ledger.store",
    "PredictOptions": "prediction.predict",
    "ProjectOptions": "scaffold.inputs",
    "ProjectParts": "tasks.project_parts",
    "PromptedTask": "tasks.prompted",
    "RelabelOptions": "labels.relabel",
    "ReviewOptions": "labels.review",
    "SelectOptions": "labels.select",
    "Task": "tasks.base",
    "VoteResult": "tasks.base",
    "VoteRule": "tasks.votes",
    "annotate": "teacher.annotate",
    "annotate_disputed": "labels.cascade",
    "article_id": "corpus.provenance",
    "audit_corpus": "labels.audit",
    "clean": "labels.clean",
    "doc_id": "corpus.provenance",
    "export_corpus": "corpus.exporting",
    "fetch_encoder": "scaffold.encoder",
    "find_task": "tasks.base",
    "forecast_annotation": "teacher.estimate",
    "import_answers": "teacher.transfer",
    "import_corpus": "corpus.importing",
    "import_review": "labels.reviewed",
    "init_project": "scaffold.project",
    "load_teacher": "teacher.teacher",
    "parse_limit": "labels.select",
    "parse_range": "corpus.sampling",
    "plan_study": "study.runner",
    "predict": "prediction.predict",
    "preview": "blend.preview",
    "read_blend_log": "blend.log",
    "read_docs": "corpus.docbin",
    "read_results": "study.results",
    "read_study": "study.config",
    "relabel": "labels.relabel",
    "relabel_in_rounds": "study.relabel_rounds",
    "render_page": "labels.audit_page",
    "review": "labels.review",
    "run_study": "study.runner",
    "select": "labels.select",
    "set_origin": "corpus.provenance",
    "set_task": "tasks.base",
    "speed_up_prediction": "training.fast_prediction",
    "train_committee": "study.train_committee",
    "views": "corpus.provenance",
    "vote": "labels.vote",
    "write_card": "study.report.report",
    "write_docs": "corpus.docbin",
    "write_report": "study.report.report",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
