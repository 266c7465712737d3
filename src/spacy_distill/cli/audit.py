"""`spacy-distill audit`: what a distilled corpus is worth, and whether it leaks into a test corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..labels.audit import Audit


@command("audit")
def audit_cli(
    distilled: Annotated[Path, typer.Argument(metavar="DISTILLED.spacy", help="The corpus to audit.")],
    gold: Annotated[
        list[Path] | None,
        typer.Option(
            help="Gold of the same documents to score against, or other gold; may be given several times."
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(help="Dev or test corpus that no document may be in; may be given several times."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this JSON file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to read in a browser to this file.")] = None,
    show: Annotated[int, typer.Option(help="Documents on the page, at most.", min=0)] = 1000,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 unless the corpus is clean.")
    ] = False,
) -> None:
    """Audit a distilled corpus: its labels, its teachers' agreement, its errors against gold, its leaks."""
    import srsly

    from ..corpus.files import check_outputs, write_bytes
    from ..labels.audit import audit_corpus
    from ..labels.audit_page import render_page

    check_outputs([json, html], [distilled, *(gold or []), *(test or [])])
    found = audit_corpus(distilled, gold or [], test or [])
    # Before anything is printed: a terminal that cannot show a name must not cost the files.
    if json is not None:
        write_bytes(srsly.json_dumps(found.to_json(), indent=2).encode("utf8"), json)
    if html is not None:
        write_bytes(render_page(found, show=show).encode("utf8"), html)
    _show(found)
    for what, place in (("Everything", json), ("Page", html)):
        if place is not None:
            msg.info(f"{what}: {place}")
    _conclude(found)
    if strict and not found.clean:
        raise typer.Exit(1)


def _show(found: Audit) -> None:
    facts = found.facts
    msg.text(
        f"{counted(facts.documents, 'document')} ({facts.unlabelled} without labels) from "
        f"{counted(facts.articles, 'article')}, {counted(facts.tokens, 'token')}; "
        f"{facts.missing} {found.task.places} missing"
    )
    if facts.labels:
        items, places = found.task.items.capitalize(), found.task.places.capitalize()
        rows = [(label, f.items, f.texts, f"{f.mean_length:.1f}") for label, f in facts.labels.items()]
        msg.table(
            rows,
            header=("Label", items, "Different", f"{places} each"),
            divider=True,
            aligns=("l", "r", "r", "r"),
        )
    for view in found.views:
        states = ", ".join(f"{n} {state}" for state, n in view.states.items())
        named = ((found.task.dropped.get(reason, reason), n) for reason, n in view.dropped.items() if n)
        dropped = "; ".join(f"{n} {reason}" for reason, n in named) or "none"
        msg.text(f"{view.name}: {states}. Dropped candidates: {dropped}")
    _show_agreement(found)
    _show_quality(found)
    msg.text(f"{counted(found.contradicting, 'text')} with different labels in different places")
    duplicates = found.duplicates
    msg.text(f"Repeating an earlier document: {duplicates.exact} exactly, {duplicates.near} nearly")
    msg.text(f"SHA-256 of words and annotation: {found.content}")
    for leaks in (duplicates, *found.leaks):
        if leaks.capped:
            where = f" in {leaks.name}" if leaks.name else ""
            msg.warn(
                f"{leaks.capped} documents resemble so many others{where} that only some of these were "
                "compared: there may be more near-duplicates."
            )


def _show_agreement(found: Audit) -> None:
    if found.agreements:
        rows = [
            (f"{one.first} – {one.second}", _number(one.kappa), *map(_number, _by_label(one.labels, found)))
            for one in found.agreements
        ]
        header = ("Cohen's kappa", "All", *found.facts.labels)
        msg.table(rows, header=header, divider=True, aligns=["l", *"r" * (len(header) - 1)])


def _show_quality(found: Audit) -> None:
    if found.gold is None:
        return
    if not found.gold.quality:
        msg.warn("No gold document has the text of a distilled one: there is nothing to score.")
    for quality in found.gold.quality:
        scores = quality.scores
        rows = [
            (label, *(f"{100 * value:.1f}" for value in one.prf), _interval(one.intervals.f))
            for label, one in [*scores.labels.items(), ("micro", scores.micro)]
        ]
        rows.append(("macro", "", "", f"{100 * scores.macro_f:.1f}", _interval(scores.macro_interval)))
        header = (quality.name, "P", "R", "F1", "95 % interval")
        msg.table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r"))
        if quality.missing_items:
            msg.text(
                f"{quality.missing_items} gold {found.task.items} lie where it says nothing; "
                f"counted as not found, micro F1 is {100 * quality.all_scores.micro.prf.f:.1f}"
            )
    if (whole := found.gold.whole) is not None:
        msg.text(
            f"On all {whole.documents} documents F1 is {100 * whole.f:.1f} ({_interval(whole.interval)}), if "
            f"the {whole.gold} with gold are a random part and votes are known of the rest; by gold alone "
            f"{100 * whole.plain:.1f} ({_interval(whole.plain_interval)})"
        )
    if (sure := found.gold.confidence) is not None:
        msg.text(f"Confidence is {100 * sure.error:.1f} points off what is right, on average (ECE)")
    if found.gold.quality:
        scored = found.gold.quality[-1].all_scores.labels
        strange = [label for label, one in scored.items() if not one.counts.tp + one.counts.fn]
        if strange:
            msg.warn(
                f"Gold has no {found.task.items} of {', '.join(strange)}: are its labels those of the corpus?"
            )
    if found.task.recurs:
        unseen, items = found.gold.unseen, sum(one.items for one in found.facts.labels.values())
        msg.text(
            f"{sum(unseen.items.values())} of {items} {found.task.items} are none of gold's by their text"
        )


def _conclude(found: Audit) -> None:
    for leak in found.leaks:
        recurring = f"; {leak.short} short ones recur" if leak.short else ""
        if leak.clean is None:
            msg.warn(f"Not known whether {leak.name} is free of these documents: too many are alike.")
        elif leak.clean:
            msg.good(f"No document of at least 8 tokens is in {leak.name}{recurring}")
        else:
            documents = counted(leak.exact, "document")
            msg.fail(f"In {leak.name} stand {documents} exactly and {leak.near} nearly{recurring}")
    if found.clean is False:
        msg.fail("This corpus is not clean: scores on that test corpus would be too good.")
    if found.clean is None and not found.leaks:
        msg.info("Not compared with any test corpus: give --test")


def _by_label(values: dict[str, float | None], found: Audit) -> list[float | None]:
    return [values.get(label) for label in found.facts.labels]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f} – {100 * interval[1]:.1f}"
