"""Pools whose labels students, a person or a smaller budget made, for a second study to learn from.

python benchmarks/study_pools.py relabel OUT --members GLOBS [--view FILE …] [--alone]
python benchmarks/study_pools.py review OUT --words 5000 --by disagreement|random --seeds 5 [--view FILE …]
python benchmarks/study_pools.py select OUT --members GLOBS --share 0.4 --by disagreement|diverse|random
python benchmarks/study_pools.py agreement --members GLOBS --on GOLD …
python benchmarks/study_pools.py score --members GLOBS --on GOLD …
python benchmarks/study_pools.py text OUT --members GLOBS [--text TEXT] [--answers VIEWS] [--without PATTERN]

`relabel`: members and the views of the pool vote, as in `spacy-distill relabel`; `--alone`: members without
any teacher. `review`: gold stands for a person who corrects so many words of the vote of the views; with
`--add GOLD` OUT has a seed's gold instead of what was not corrected. `select`: the teacher is asked for a
share of the words, and the pool is no larger. `text`: members whose pipelines the study kept
(`--study.keep last`) label sentences of a gold corpus that no teacher saw, none of a seed's own gold; with
`--answers`, the same sentences as a teacher labelled them, it votes too.

Members are finished runs of the same gold, found by globs without the seed, with commas between:
"studies/main_testb/minilm/gold/*/gold-500". What they found was kept by the study, so `relabel` and
`select` need no pipeline.

OUT has {seed} in its name. What `--heldout` holds is neither reviewed nor selected, but always in OUT: a
study keeps it from training. Printed are micro F1 of the labels of the whole pool before and after, by its
gold. `agreement` says how far the share of the members that found an entity is off what is right (ECE), as
it is and after calibration on 100 sentences of dev, drawn ten times. `score`: micro F1 of what half of the
members or more say, as `spacy-distill predict COMMITTEE` does, beside that of each member.
"""

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from labels import NER
from spacy_distill import Annotation, doc_id, read_docs, write_docs
from spacy_distill.labels.committee import HALF, Committee, Member, MemberVotes, text_hash
from spacy_distill.labels.confidence import Rated, calibrate, calibration_error, rate
from spacy_distill.labels.relabel import relabel
from spacy_distill.labels.select import SpendingLimit, by_new_words, by_value, choose, word_count
from spacy_distill.labels.vote import merge_views
from spacy_distill.labels.voters import disagreement
from spacy_distill.study.job import LAST
from spacy_distill.study.lineage import Spans, read_predictions
from spacy_distill.study.scoring import PREDICTIONS
from spacy_distill.tasks.scores import add_counts, micro, prf
from spacy_distill.tasks.votes import VoteRule

SETS = ("pool", "heldout", "dev", "test")
# Sentences of dev that teach what a share of the votes is worth.
SENTENCES = 100
DRAWS = 10
LEAST = 2
# Of an even vote the first view decides.
FIRST = VoteRule("half", "first")


@dataclass(frozen=True)
class RecordedCommittee(Committee):
    """Members of which only is known what they found.

    found: by member the spans of each document, in characters, by its id.
    """

    found: Mapping[str, Mapping[str, Spans]] = field(default_factory=dict)

    def ask(self, docs: Sequence[Doc]) -> Iterator[MemberVotes]:
        """What the members found in documents of the study."""
        names = [member.name for member in self.members]
        learned = any(member.distilled for member in self.members)
        for doc in docs:
            said = {
                name: NER.from_characters(doc, self.found[name].get(doc_id(doc) or "", [])) for name in names
            }
            yield MemberVotes(said, names, [1.0] * len(names), learned)


def relabelled(options: argparse.Namespace) -> None:
    """Relabel the pool by the members of each seed."""
    for seed, committee in committees(options):
        out = place(options, seed)
        with tempfile.TemporaryDirectory() as folder:
            pool = bare(options.pool, Path(folder) / "pool.spacy") if options.alone else options.pool
            report = relabel(committee, pool, options.view, out, gold=options.gold)
        before, after = (100 * prf(micro(counts or {})).f for counts in (report.before, report.after))
        print(f"{out}: F1 {after:.1f}" if options.alone else f"{out}: F1 {before:.1f} → {after:.1f}")


def agreement(options: argparse.Namespace) -> None:
    """Say how far the members' agreement can be believed."""
    dev = list(read_docs(options.dev, Vocab()))
    for path in options.on:
        docs = list(read_docs(path, Vocab()))
        means = []
        for seed, committee in committees(options):
            found = []
            for draw in range(DRAWS):
                drawn = random.Random(draw).sample(dev, min(SENTENCES, len(dev)))
                learned = replace(committee, calibration=calibrate(votes_on(committee, drawn)))
                found.append(errors(learned, docs))
            raw, (low, *_, high) = found[0][0], sorted(after for _, after in found)
            means.append(sum(after for _, after in found) / DRAWS)
            print(f"{path}, seed {seed}: ECE {raw:.1f}, calibrated {means[-1]:.1f} ({low:.1f} to {high:.1f})")
        print(f"{path}: ECE calibrated, mean {sum(means) / len(means):.1f}")


def scored(options: argparse.Namespace) -> None:
    """Say how good the members' vote is, and each of them."""
    for path in options.on:
        docs = list(read_docs(path, Vocab()))
        means: dict[str, list[float]] = defaultdict(list)
        for seed, committee in committees(options):
            said = [votes.annotations for votes in committee.ask(docs)]
            found = {"vote": [NER.combine(list(one.values()), HALF).annotation for one in said]}
            found.update({member.name: [one[member.name] for one in said] for member in committee.members})
            for name, annotations in found.items():
                pairs = zip(docs, annotations, strict=True)
                means[name].append(
                    100 * prf(micro(add_counts(NER.counts(NER.read(doc), one) for doc, one in pairs))).f
                )
            print(
                f"{path}, seed {seed}: " + ", ".join(f"{name} {some[-1]:.1f}" for name, some in means.items())
            )
        print(f"{path}, mean: " + ", ".join(f"{name} {sum(f) / len(f):.2f}" for name, f in means.items()))


def reviewed(options: argparse.Namespace) -> None:
    """Let gold stand for a person's corrections of a vote of the views."""
    gold = {doc_id(doc): doc for doc in read_docs(options.gold, Vocab())}
    held_out = {doc_id(doc) for doc in read_docs(options.heldout, Vocab())}
    for seed in range(options.seeds):
        docs, said = map(list, zip(*merge_views([options.pool, *options.view]).docs, strict=True))
        usable = [[one for one in views.values() if one.usable] for views in said]
        for doc, some in zip(docs, usable, strict=True):
            NER.write(doc, NER.combine(some, FIRST).annotation if some else Annotation.unknown(len(doc)))
        before = f1(gold, docs)
        open_ones = [i for i, doc in enumerate(docs) if doc_id(doc) not in held_out and word_count(doc)]
        words = [word_count(docs[i]) for i in open_ones]
        values = [disagreement(usable[i], [1.0] * len(usable[i])) for i in open_ones]
        order = by_value(values if options.by == "disagreement" else [0.0] * len(words), words, seed)
        limit = SpendingLimit(options.words, "words")
        chosen = choose(
            [docs[i] for i in open_ones], order, words, limit, repeats=options.by == "random"
        ).chosen
        for doc in (docs[open_ones[i]] for i in chosen):
            NER.write(doc, NER.project(NER.read(gold[doc_id(doc)]), gold[doc_id(doc)], doc))
        out = place(options, seed)
        if options.add:
            first = read_docs(Path(options.add.format(seed=seed)), Vocab())
            corrected = (docs[open_ones[i]] for i in sorted(chosen))
            write_docs([*first, *corrected, *(doc for doc in docs if doc_id(doc) in held_out)], out)
        else:
            write_docs(docs, out)
        print(f"{out}: {len(chosen)} sentences; F1 {before:.1f} → {f1(gold, docs):.1f}")


def selected(options: argparse.Namespace) -> None:
    """Keep the part of the pool that a budget pays for."""
    held_out = {doc_id(doc) for doc in read_docs(options.heldout, Vocab())}
    for seed, committee in committees(options):
        docs = list(read_docs(options.pool, Vocab()))
        open_docs = [doc for doc in docs if doc_id(doc) not in held_out and word_count(doc)]
        words = [word_count(doc) for doc in open_docs]
        limit = SpendingLimit(options.share * sum(words), "words")
        if options.by == "diverse":
            order = list(by_new_words(open_docs, words))
        else:
            said = [list(one.annotations.values()) for one in committee.ask(open_docs)]
            values = [disagreement(some, [1.0] * len(some)) for some in said]
            order = by_value(values if options.by == "disagreement" else [0.0] * len(words), words, seed)
        chosen = choose(open_docs, order, words, limit, repeats=options.by == "random").chosen
        kept = [open_docs[i] for i in sorted(chosen)]
        write_docs([*kept, *(doc for doc in docs if doc_id(doc) in held_out)], place(options, seed))
        share = sum(words[i] for i in chosen) / sum(words)
        print(f"{place(options, seed)}: {len(chosen)} of {len(words)} sentences, {share:.1%} of the words")


def more_text(options: argparse.Namespace) -> None:
    """Let the members label text that is not the study's pool."""
    text = [doc for doc in read_docs(options.text, Vocab()) if word_count(doc)]
    answers = {doc_id(doc): doc for doc in read_docs(options.answers, Vocab())} if options.answers else {}
    written = False
    for seed, committee in committees(options):
        members = [
            replace(member, path=str((Path(member.path).parent / LAST).resolve()))
            for member in committee.members
        ]
        if not all(Path(member.path).is_dir() for member in members):
            print(f"seed {seed}: the study did not keep all pipelines, left out")
            continue
        known = {text_hash(doc) for doc in read_docs(Path(options.without.format(seed=seed)), Vocab())}
        unknown = [doc for doc in text if text_hash(doc) not in known]
        drawn = random.Random(seed).sample(unknown, min(options.sentences, len(unknown)))
        gold, out = {doc_id(doc): doc for doc in drawn}, place(options, seed)
        trained = Committee(committee.folder, committee.task, committee.labels, members)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "text.spacy"
            write_docs([answers.get(doc_id(doc), doc) for doc in drawn], source)
            before = f1(gold, list(read_docs(source, Vocab())))
            asked = source if answers else bare(source, Path(folder) / "bare.spacy")
            relabel(trained, asked, [], out)
        written, start = True, f"{before:.1f} → " if answers else ""
        print(f"{out}: {len(drawn)} sentences; F1 {start}{f1(gold, list(read_docs(out, Vocab()))):.1f}")
    if not written:
        raise SystemExit("No seed has the pipelines of all its members: train them with --study.keep last.")


def committees(options: argparse.Namespace) -> Iterator[tuple[int, RecordedCommittee]]:
    """The members of each seed, of the seeds of which all are finished."""
    runs: dict[int, dict[str, Path]] = defaultdict(dict)
    for glob in options.members.split(","):
        for path in sorted(Path().glob(f"{glob}/seed-*/{PREDICTIONS}")):
            name = path.parent.parent.as_posix()
            runs[int(path.parent.name.removeprefix("seed-"))][name] = path
    most = max(map(len, runs.values()), default=0)
    if most < LEAST:
        raise SystemExit(
            f"{options.members}: {most} finished runs of one seed, and it takes {LEAST} to vote."
        )
    labels = sorted({i.label for doc in read_docs(options.gold, Vocab()) for i in NER.read(doc).items})
    for seed, places in sorted(runs.items()):
        if len(places) < most:
            print(f"seed {seed}: {len(places)} of {most} members are finished, left out")
            continue
        found = {
            name: {id: spans for part in SETS for id, spans in read_predictions(path, part).items()}
            for name, path in places.items()
        }
        members = [Member(name, str(path), distilled="/gold/" not in name) for name, path in places.items()]
        yield seed, RecordedCommittee(Path(options.members), "ner", labels, members, found=found)


def votes_on(committee: Committee, docs: Sequence[Doc]) -> Iterator[Rated]:
    """The items that members find in gold documents, with their shares of the votes."""
    for doc, votes in zip(docs, committee.ask(docs), strict=True):
        yield from rate(NER.read(doc), NER.combine(list(votes.annotations.values()), HALF).shares)


def errors(committee: Committee, docs: Sequence[Doc]) -> tuple[float, float]:
    """How far the members' agreement is off what is right, in points: as it is, and after calibration."""
    shares: list[Rated] = []
    chances: list[Rated] = []
    for doc, votes in zip(docs, committee.ask(docs), strict=True):
        result = NER.combine(list(votes.annotations.values()), HALF)
        gold = NER.read(doc)
        shares += rate(gold, {item: result.shares[item] for item in result.annotation.items})
        chances += rate(gold, committee.confidence(result))
    return 100 * (calibration_error(shares) or 0.0), 100 * (calibration_error(chances) or 0.0)


def f1(gold: Mapping[str | None, Doc], docs: Sequence[Doc]) -> float:
    """Micro F1 of documents' own labels, in percent."""
    pairs: list[tuple[Annotation, Annotation]] = [
        (NER.read(gold[doc_id(doc)]), NER.read(doc)) for doc in docs
    ]
    counts = [micro(NER.counts(*pair)) for pair in pairs]
    tp, fp, fn = map(sum, zip(*counts, strict=True))
    return 200 * tp / (2 * tp + fp + fn)


def bare(pool: Path, out: Path) -> Path:
    """The pool without its labels and views."""
    vocab = Vocab()
    docs = []
    for doc in read_docs(pool, vocab):
        docs.append(NER.make_bare(doc, vocab))
        docs[-1].user_data["distill"] = {name: doc.user_data["distill"][name] for name in ("id", "document")}
    write_docs(docs, out)
    return out


def place(options: argparse.Namespace, seed: int) -> Path:
    """The file of a seed."""
    return Path(options.out.format(seed=seed))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    for name, function in (
        ("relabel", relabelled), ("agreement", agreement), ("score", scored), ("review", reviewed),
        ("select", selected), ("text", more_text),
    ):  # fmt: skip
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        if name != "review":
            command.add_argument("--members", required=True)
        if name not in ("agreement", "score"):
            command.add_argument("out")
        command.add_argument("--pool", type=Path, default=Path("corpus/conll/pool_cot.spacy"))
        command.add_argument("--gold", type=Path, default=Path("corpus/conll/pool.spacy"))
        if name in ("relabel", "review"):
            command.add_argument("--view", type=Path, action="append", default=[])
        if name in ("agreement", "score"):
            command.add_argument("--on", type=Path, nargs="+", required=True)
        if name == "agreement":
            command.add_argument("--dev", type=Path, default=Path("corpus/conll/dev.spacy"))
        elif name == "relabel":
            command.add_argument("--alone", action="store_true")
        elif name == "text":
            command.add_argument("--text", type=Path, default=Path("corpus/conll/gold.spacy"))
            command.add_argument("--answers", type=Path)
            without = "studies/main_testb/corpora/gold-500/seed-{seed}.spacy"
            command.add_argument("--without", default=without)
            command.add_argument("--sentences", type=int, default=5000)
        elif name in ("review", "select"):
            ways = ["disagreement", "random", *(["diverse"] if name == "select" else [])]
            command.add_argument("--by", choices=ways, required=True)
            command.add_argument(
                "--heldout", type=Path, default=Path("studies/main_testb/corpora/heldout.spacy")
            )
        if name == "review":
            command.add_argument("--words", type=int, default=5000)
            command.add_argument("--add")
            command.add_argument("--seeds", type=int, default=5)
        if name == "select":
            command.add_argument("--share", type=float, default=0.4)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = arguments()
    chosen.function(chosen)
