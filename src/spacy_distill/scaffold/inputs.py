"""What the files are that a project is to be made of, and their language."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from runpy import run_path
from typing import Literal

import spacy
from spacy.tokens import Doc

from ..corpus.categories import complete_categories
from ..corpus.detect import files_of, guess_format, is_linewise
from ..corpus.formats.base import Format, ImportOptions
from ..corpus.importing import blank, read_source
from ..corpus.text import ReadIssues, split_sentences
from ..errors import DistillError
from ..tasks.base import DEFAULT, Task, find_task, task_of

SAMPLE = 200  # Documents by which a corpus is judged.
LONG = 60  # Tokens on average from which on documents are asked about by sentence, where gold is no longer.

# Languages by script, as the names of its letters begin. The first is taken in case of doubt.
LANGUAGES = {
    "LATIN": (
        *("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "ro", "hu", "tr"),
        *("ca", "hr", "id"),
    ),
    "CYRILLIC": ("ru", "uk", "bg", "sr"),
    "ARABIC": ("ar", "fa", "ur"),
    "DEVANAGARI": ("hi", "mr", "ne"),
    "GREEK": ("el",),
    "HEBREW": ("he",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("zh",),
    "HANGUL": ("ko",),
    "THAI": ("th",),
}
ANY = "xx"
LETTERS = 20_000  # Letters that are looked at.
KANA = 0.05  # Share of kana from which on Chinese characters are Japanese.
ENOUGH = 15  # Words from which on they say something of the language.
MANY = 0.15  # Share of stop words from which on a text is plainly in their language,
MARGIN = 1.3  # and how many times as many they are as those of the language in case of doubt.
WORDS = re.compile(r"[^\W\d_]+")

OPENAI = "https://api.openai.com/v1"
Student = Literal["cpu", "minilm", "bert"]
STUDENTS: tuple[Student, ...] = ("cpu", "minilm", "bert")


@dataclass(frozen=True)
class ProjectOptions:
    """What a project is to be made of.

    pool: texts for the teacher, a file or folder of any format that `import` reads.
    model: the teacher, as its endpoint calls it.
    labels: what to find; empty for those of gold, or of dev.
    gold, dev, test: texts with labels made by hand; None where there are none.
    student: "cpu", "minilm" or "bert".
    endpoint: the base URL of an OpenAI-compatible server.
    api_key_env: environment variable that holds its key; None: OPENAI_API_KEY, and none for this machine.
    lang: language of the tokenizer; None: as found.
    max_steps: number of updates; None: by the size of the data.
    """

    pool: Path
    model: str
    labels: Sequence[str] = ()
    gold: Path | None = None
    dev: Path | None = None
    test: Path | None = None
    student: Student = "minilm"
    endpoint: str = OPENAI
    api_key_env: str | None = None
    lang: str | None = None
    max_steps: int | None = None


@dataclass(frozen=True)
class InputCorpus:
    """A corpus that was given.

    path: the file or folder.
    format: name of its format.
    documents: its number of documents, after splitting into sentences about so many.
    unlabelled: those of the documents looked at that have no annotation.
    labels: entities or classes by label in the documents looked at.
    language: the language it is plainly in.
    sentences: whether it is to be split into sentences.
    lines: whether each line of a folder's files is a document.
    misfits: spans that fit no token borders.
    unread: files of a folder that are of another format.
    task: of which task the labels are; of a pool, of which those of gold are.
    docs: documents: all of a corpus with labels, the first of a pool.
    """

    path: Path
    format: str
    documents: int
    unlabelled: int
    labels: Mapping[str, int]
    language: str
    sentences: bool = False
    lines: bool = False
    misfits: int = 0
    unread: int = 0
    task: str = DEFAULT
    docs: Sequence[Doc] = field(default=(), repr=False)

    @property
    def labelled(self) -> bool:
        """Whether some document has annotation."""
        return self.unlabelled < len(self.docs)


def read_labelled(path: Path, lang: str | None) -> InputCorpus:
    """Read a corpus with labels as a whole.

    path: the file or folder.
    lang: the language of its tokenizer; None: the one that is found.
    RETURNS: what it is.
    RAISES DistillError: if it cannot be read, or has no document.
    """
    format = guess_format(path).format
    language = _language(path, format)
    docs, found = _read(path, format, lang or language)
    if not docs:
        raise DistillError(f"{path} holds no document.")
    complete_categories(docs, None)
    task = task_of(docs)
    labels, unlabelled = _labels(docs, task)
    return InputCorpus(
        path,
        format.name,
        len(docs),
        unlabelled,
        labels,
        language,
        misfits=len(found.misfits),
        unread=_unread(path, format),
        task=task.name,
        docs=docs,
    )


def read_pool(path: Path, lang: str | None, gold: InputCorpus | None, task: str = DEFAULT) -> InputCorpus:
    """Look at the beginning of a pool of text, and count it.

    path: the file or folder.
    lang: the language of its tokenizer; None: the one that is found.
    gold: where there is gold, long documents are split if those of gold are much shorter.
    task: what is to be found in it; texts whose labels are of the whole are not split.
    RETURNS: what it is.
    RAISES DistillError: if it cannot be read, or has no document.
    """
    format = guess_format(path).format
    lines = format.name == "text" and is_linewise(path)
    language = _language(path, format)
    docs, _ = _read(path, format, lang or language, limit=SAMPLE, lines=lines)
    if not docs:
        raise DistillError(f"{path} holds no text.")
    kind = find_task(task)
    labels, unlabelled = _labels(docs, kind)
    documents = _count(path, format, lines)
    longest = max(LONG, 2 * _words(gold.docs) if gold else LONG)
    whole = format.by_sentence or kind.marked != "spans"
    sentences = not whole and not labels and _words(docs) > longest
    if sentences:
        documents = round(documents * sum(1 for _ in split_sentences(docs)) / len(docs))
    return InputCorpus(
        path,
        format.name,
        documents,
        unlabelled,
        labels,
        language,
        sentences=sentences,
        lines=lines,
        unread=_unread(path, format),
        task=task,
        docs=docs,
    )


def _read(
    path: Path, format: Format, lang: str, *, limit: int | None = None, lines: bool = False
) -> tuple[list[Doc], ReadIssues]:
    issues = ReadIssues()
    by_line = lines or not path.is_dir()
    docs = read_source(path, blank(lang), ImportOptions(format.name, lines=by_line), issues)
    return list(islice(docs, limit)), issues


def _language(path: Path, format: Format) -> str:
    docs, _ = _read(path, format, ANY, limit=SAMPLE)
    return find_language(doc.text for doc in docs)


def _labels(docs: Sequence[Doc], task: Task) -> tuple[dict[str, int], int]:
    said = [task.read(doc) for doc in docs]
    labels = Counter(item.label for one in said for item in one.items)
    return dict(labels.most_common()), sum(not one.usable for one in said)


def _words(docs: Sequence[Doc]) -> float:
    return sum(map(len, docs)) / len(docs)


def _count(path: Path, format: Format, lines: bool) -> int:
    files = files_of(path, format)
    if format.name == "text" and path.is_dir() and not lines:
        return len(files)
    return sum(map(format.count, files))


def _unread(path: Path, format: Format) -> int:
    if not path.is_dir():
        return 0
    files = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
    return len(files) - len(files_of(path, format))


def find_language(texts: Iterable[str]) -> str:
    """The language that texts are plainly in.

    texts: some texts; a few hundred words suffice.
    RETURNS: a code of spaCy's; in case of doubt that of the script's most usual language ("en" for Latin
        letters, and where there are no letters), "xx" for a script that is not known here.
    """
    text = "\n".join(texts)[:LETTERS]
    script = _script(text)
    if script not in LANGUAGES:
        return ANY if script else "en"
    usual, *others = LANGUAGES[script]
    words = WORDS.findall(text.casefold())
    if len(words) < ENOUGH:
        return usual
    shares = {code: _share(words, code) for code in others}
    best = max(shares, key=lambda code: shares[code], default=usual)
    plain = best != usual and shares[best] > max(MANY, MARGIN * _share(words, usual))
    return best if plain else usual


def _script(text: str) -> str:
    letters = [char for char in text if char.isalpha()]
    names = Counter(unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in letters)
    kana = names["HIRAGANA"] + names["KATAKANA"]
    if kana > KANA * len(letters):
        return "HIRAGANA"
    return max(names, key=lambda name: names[name], default="")


def _share(words: list[str], code: str) -> float:
    """The share of words that are stop words of a language."""
    # The file alone: its package would load the whole language.
    found = run_path(str(Path(spacy.__file__).parent / "lang" / code / "stop_words.py"))
    return sum(word in found["STOP_WORDS"] for word in words) / len(words)
