"""Names in a study config that become folders, files and entries of the data's description."""

import re
from collections import Counter
from collections.abc import Iterable

# The study's own corpora: no teacher and no further test corpus may be called so.
OWN = ("gold", "oracle", "dev", "test", "heldout", "held out")
# What some file system does not allow in a name, or takes for a folder of its own.
UNUSABLE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]|^[. ]|[. ]$|^$')


def check_folder_names(section: str, names: Iterable[str]) -> None:
    """Refuse names that cannot be those of a folder or file.

    section (str): Where they stand, for the message.
    names (Iterable[str]): The names.
    RAISES (ValueError): With the names, and what is allowed.
    """
    if odd := [name for name in names if UNUSABLE.search(name)]:
        raise ValueError(
            f"{section}: {', '.join(map(repr, odd))} cannot be the name of a folder. Use letters, digits, "
            "'_', '-', '+' and '.', and no '.' or space at its beginning or end"
        )


def check_corpus_names(tests: Iterable[str], labels: Iterable[tuple[str, str]]) -> None:
    """Refuse names of corpora of which one would take the place of another.

    tests (Iterable[str]): The further test corpora.
    labels (Iterable[tuple[str, str]]): The teachers' labels, name and part; the part of a single one is "".
    RAISES (ValueError): With the names.
    """
    tests, labels = list(tests), list(labels)
    if reserved := sorted(set(OWN) & set(tests)):
        raise ValueError(
            f"tests: no further test corpus may be called {', '.join(reserved)}, "
            "as the study's own are. Rename it"
        )
    taken = {name for name, _ in labels} & {*OWN, *tests}
    if taken:
        raise ValueError(
            f"teachers: no teacher may be called {', '.join(sorted(taken))}, as a corpus of the study is. "
            "Rename it"
        )
    for joint in "- ":
        counts = Counter(joint.join(filter(None, parts)) for parts in labels)
        if twins := sorted(name for name, count in counts.items() if count > 1):
            raise ValueError(
                f"teachers: two corpora would both be called {twins[0]!r}; a part or a seed is added to a "
                "teacher's name. Rename one"
            )
