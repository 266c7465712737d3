"""The formats that there are, in the order in which a file is tried for them."""

from collections.abc import Sequence

from ...errors import DistillError
from .base import AUTO, Format
from .columns import Bilou, Bioes, Conll, Iob, Iob1
from .conllu import Conllu, ConlluPlus
from .hugging_face import HuggingFace
from .json_formats import Csv, Doccano, JsonLines, Prodigy
from .label_studio import LabelStudio, LabelStudioShort
from .plain import Spacy, Text

# What is more special comes first.
FORMATS: Sequence[Format] = (
    Spacy(),
    HuggingFace(),
    LabelStudio(),
    LabelStudioShort(),
    Prodigy(),
    Doccano(),
    JsonLines(),
    Csv(),
    ConlluPlus(),
    Conllu(),
    Conll(),
    Iob(),
    Iob1(),
    Bioes(),
    Bilou(),
    Text(),
)


def find_format(name: str) -> Format:
    """The format of a name.

    RAISES DistillError: if there is none.
    """
    for format in FORMATS:
        if format.name == name:
            return format
    known = ", ".join(format.name for format in FORMATS)
    raise DistillError(f"There is no format {name!r}. Formats are {known}; {AUTO} is what a file looks like.")


def draft_format(name: str, *others: str) -> JsonLines:
    """The format of a name, in which suggestions can be written for a person to correct.

    others: what else could be given, for the message.
    RAISES DistillError: if there is none.
    """
    known = {one.name: one for one in FORMATS if isinstance(one, JsonLines) and one.drafts}
    if name not in known:
        raise DistillError(f"The format is {name!r}. Allowed are {', '.join((*others, *known))}.")
    return known[name]
