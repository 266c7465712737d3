"""Entity tags of the IOB family, read as the CoNLL evaluation reads them."""

from collections.abc import Iterable

# First token, token after the last, label.
TokenSpan = tuple[int, int, str]

STARTS, CONTINUES, ENDS = frozenset("BSU"), frozenset("IEL"), frozenset("ESUL")


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and label of one tag.

    tag (str): "O", or a label after B-, I- (IOB1 and IOB2 alike), E-, S- (IOBES), L- or U- (BILUO).
    RETURNS (tuple[str, str]): Prefix and label; ("O", "") for "O".
    RAISES (ValueError): If it is neither.
    """
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if not dash or not label or prefix not in STARTS | CONTINUES:
        raise ValueError(f"expected an entity tag such as O, B-LOC or I-LOC, found {tag!r}")
    return prefix, label


def spans_of_tags(tags: Iterable[str]) -> list[TokenSpan]:
    """The entities that a sentence's tags stand for.

    An entity starts at a B, and at an I that follows an O or another label: so IOB1, where a B stands only
    between two adjoining entities of one label, and IOB2 are both read rightly without knowing which it is.

    tags (Iterable[str]): One tag a token.
    RETURNS (list[TokenSpan]): The entities in text order.
    RAISES (ValueError): If a tag cannot be read.
    """
    spans: list[TokenSpan] = []
    start, open_label, i = 0, "", -1
    for i, (prefix, label) in enumerate(map(split_tag, tags)):
        if open_label and (prefix in STARTS or label != open_label):
            spans.append((start, i, open_label))
            open_label = ""
        if label and not open_label:
            start, open_label = i, label
        if prefix in ENDS:
            spans.append((start, i + 1, open_label))
            open_label = ""
    if open_label:
        spans.append((start, i + 1, open_label))
    return spans
