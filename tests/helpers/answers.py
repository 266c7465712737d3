"""Answers as language models write them: gold entities in many forms, and what can go wrong with each."""

# An answer is in one line.

import html
import json
import re

from hypothesis import strategies as st

LABELS = ["LOC", "MISC", "ORG", "PER"]
ALIASES = {"Location": "LOC", "Miscellaneous": "MISC", "Organization": "ORG", "Person": "PER"}
SPELLED = {label: alias for alias, label in ALIASES.items()}
# Words, and entities as their first token, the token after the last, and their label.
TEXTS = [
    (
        "Ines Calder flew from Oslo to the Nordbank offices in Bergen .",
        [(0, 2, "PER"), (4, 5, "LOC"), (7, 8, "ORG"), (10, 11, "LOC")],
    ),
    ("The Danish striker Jonas Holm joined Ajax on Monday .", [(1, 2, "MISC"), (3, 5, "PER"), (6, 7, "ORG")]),
    ("KYIV 1998-04-02", [(0, 1, "LOC")]),
    (
        "In Washington , D.C. , Senator Ruiz praised Washington 's museums .",
        [(1, 4, "LOC"), (6, 7, "PER"), (8, 9, "LOC")],
    ),
    (
        "Łukasz Żak wrote `` The Glass Harbour '' for Ålesund Theatre",
        [(0, 2, "PER"), (4, 7, "MISC"), (9, 11, "ORG")],
    ),
]


def mentions(words, entities):
    """The entities of a text as an answer names them."""
    return [(" ".join(words[start:end]), label) for start, end, label in entities]


def in_json(found, text="text", label="label", **more):
    return [{text: mention, label: name, **more} for mention, name in found]


def by_label(found):
    return {label: [m for m, name in found if name == label] for label in LABELS}


FORMS = {
    "asked": lambda found: json.dumps({"entities": in_json(found)}, ensure_ascii=False),
    "indented": lambda found: json.dumps({"entities": in_json(found)}, indent=2),
    "reasons": lambda found: json.dumps({"entities": in_json(found, reason="a name {here}"), "rejected": [{"text": "the", "reason": "none"}]}),
    "keys": lambda found: json.dumps({"results": in_json(found, "entity_name", "entityType", score=0.9)}),
    "bare": lambda found: json.dumps(in_json(found, "mention", "type")),
    "python": lambda found: repr(in_json(found)),
    "pairs": lambda found: json.dumps(found),
    "tuples": lambda found: repr(found),
    "triples": lambda found: json.dumps({"entities": [[m, name, "a reason"] for m, name in found]}),
    "mapping": lambda found: json.dumps(dict(found)),
    "by label": lambda found: json.dumps(by_label(found)),
    "objects by label": lambda found: json.dumps({"entities": {k: [{"text": m} for m in v] for k, v in by_label(found).items()}}),
    "groups": lambda found: json.dumps([{"label": k, "mentions": v} for k, v in by_label(found).items() if v]),
    "items": lambda found: "\n".join(map(json.dumps, in_json(found))),
    "sentences": lambda found: "\n".join(json.dumps({"entities": in_json([one])}) for one in dict.fromkeys(found)),
    "encoded": lambda found: json.dumps(json.dumps({"entities": in_json(found)})),
    "call": lambda found: json.dumps({"name": "extract", "arguments": json.dumps({"entities": in_json(found)})}),
    "lines": lambda found: "\n".join(f"{i}. {m} | True | a name ({name})" for i, (m, name) in enumerate(found, 1)),
    "dashes": lambda found: "\n".join(f"{i}. {m} - {name}" for i, (m, name) in enumerate(found, 1)),
    "bullets": lambda found: "\n".join(f"- **{m}** ({name}): a name" for m, name in found),
    "colons": lambda found: "\n".join(f"{m}: {name}" for m, name in found),
    "labels first": lambda found: "\n".join(f"{name}: {m}" for m, name in found),
    "arrows": lambda found: "\n".join(f"{m} → {name}" for m, name in found),
    "table": lambda found: "| # | Entity | Type | Reason |\n|---|---|---|---|\n" + "\n".join(f"| {i} | {m} | {name} | a name |" for i, (m, name) in enumerate(found, 1)),
    "labels first in a table": lambda found: "| Type | Entity |\n|---|---|\n" + "\n".join(f"| {name} | {m} |" for m, name in found),
    "tabs": lambda found: "\n".join(f"{m}\t{name}" for m, name in found),
    "yaml": lambda found: "entities:\n" + "\n".join(f"  - text: {m}\n    label: {name}" for m, name in found),
    "headings": lambda found: "\n\n".join(f"**{k}:**\n" + "\n".join(f"- {m}" for m in v or ["None"]) for k, v in by_label(found).items()),
}  # fmt: skip
IN_JSON = list(FORMS)[: list(FORMS).index("lines")]
EMPTY = ["[]", '{"entities": []}', "None", "No named entities were found in the text."]
REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "Lo siento, no puedo ayudar con eso.",
    "Please provide the text.",
]
TAGS = ["think", "thinking", "seed:think", "reasoning"]
UNKNOWN_KEYS = [("nom", "klasse"), ("texto", "etiqueta"), ("x", "y")]
UNKNOWN_LABELS = ["HUMAN", "PER/ORG", "", "city or club"]


def thinking(tag, draft, answer):
    return f"<{tag}>Let me see, perhaps {draft} is it?</{tag}>\n{answer}"


@st.composite
def answers(draw, words, entities):
    """An answer that names all entities of a text, mutated: none of them may become "O"."""
    found = mentions(words, entities)
    form = draw(st.sampled_from(list(FORMS)))
    if draw(st.booleans()):
        found = [(m, draw(st.sampled_from([name, SPELLED[name], name.lower(), f"B-{name}" if " " not in m else name]))) for m, name in found]  # fmt: skip
    if form not in ("by label", "objects by label", "headings", "groups") and draw(st.booleans()):
        at = draw(st.integers(0, len(found) - 1))
        mention, name = found[at]
        found[at] = draw(
            st.sampled_from(
                [
                    (f"the {mention}", name),
                    (f"{mention} (a name)", name),
                    (mention.upper(), name),
                    (mention.replace(" ", "  "), name),
                    (html.escape(f"{mention} & co"), name),
                    (mention[:-1] if len(mention) > 4 else mention, name),
                    *(
                        (mention, label)
                        for label in UNKNOWN_LABELS
                        if label or form in ("asked", "keys", "bare")
                    ),
                ]
            )
        )
    elif form in ("by label", "objects by label", "headings", "groups"):
        found = mentions(words, entities)
    answer = FORMS[form](found)
    for _ in range(draw(st.integers(0, 2))):
        if answer:
            answer = draw(st.sampled_from(MUTATIONS))(draw, answer, form, FORMS["asked"](found))
    return answer


def _unknown_keys(draw, answer, form, draft):
    for old, new in zip(("text", "label"), draw(st.sampled_from(UNKNOWN_KEYS)), strict=True):
        answer = answer.replace(f'"{old}"', f'"{new}"')
    return answer


def _commented(draw, answer, form, draft):
    mark = draw(st.sampled_from(["// a comment", "# next", '/* {"text": "x"} */']))
    return (
        answer.replace("}, ", f"}}, {mark}\n")
        if form in IN_JSON and form not in ("encoded", "call")
        else answer
    )


def _one_character(draw, answer, form, draft):
    """One character of JSON gone or another one: in lines, it may be the one that says that there are more."""
    if form not in IN_JSON:
        return answer
    at = draw(st.integers(0, len(answer) - 1))
    return (
        answer[:at] + draw(st.sampled_from(["", "x", '"', ",", "}", "]", ":", " ", "\n"])) + answer[at + 1 :]
    )


def _broken(draw, answer, form, draft):
    """A mention that is broken over two lines."""
    places = [m.start() for m in re.finditer(r"(?<=\w) (?=\w)", answer)]
    if form in IN_JSON or not places:
        return answer
    at = draw(st.sampled_from(places))
    return answer[:at] + draw(st.sampled_from(["\n", "\n  ", "\r\n    "])) + answer[at + 1 :]


MUTATIONS = [
    _broken,
    _unknown_keys,
    _commented,
    _one_character,
    lambda draw, answer, form, draft: answer[: draw(st.integers(0, len(answer)))] if form in IN_JSON and form not in ("items", "sentences") else answer,
    lambda draw, answer, form, draft: thinking(draw(st.sampled_from(TAGS)), draw(st.sampled_from([draft, *EMPTY])), answer),
    lambda draw, answer, form, draft: thinking("think", answer, draw(st.sampled_from(REFUSALS))),
    lambda draw, answer, form, draft: f"<think>{answer}",
    lambda draw, answer, form, draft: f"{answer}\n\n{draw(st.sampled_from([*EMPTY[:2], *EMPTY[3:], draft]))}",
    lambda draw, answer, form, draft: f"{answer}\n{answer}",
    lambda draw, answer, form, draft: f"```{draw(st.sampled_from(['', 'json', 'text']))}\n{answer}\n```",
    lambda draw, answer, form, draft: f"Voici les entités :\n\n{answer}\n\nN'hésitez pas !",
    lambda draw, answer, form, draft: f"{answer}\n\nText: Bob left .\nAnswer: {draw(st.sampled_from(EMPTY))}",
    lambda draw, answer, form, draft: f"{answer}\n\n<text>\nBob left .\n</text>\nAnswer:\n{{\"entities\": []}}",
    lambda draw, answer, form, draft: f"{answer}<|im_end|>\n<|im_start|>user\n[]",
    lambda draw, answer, form, draft: f"{answer}\n\nI hope this helps; {{tell}} me [anything] else.",
    lambda draw, answer, form, draft: f"Here they are: {answer}",
    lambda draw, answer, form, draft: answer.translate(str.maketrans(":,", "：，")) if form in IN_JSON else answer,
    lambda draw, answer, form, draft: answer.replace('"', "&quot;") if form in IN_JSON else answer,
    lambda draw, answer, form, draft: answer.replace('"', draw(st.sampled_from("“”»'"))) if form in IN_JSON and "'" not in answer else answer,
    lambda draw, answer, form, draft: f"<{(tag := draw(st.sampled_from(['answer', 'output', 'tool_call', 'b'])))}>{answer}</{tag}>",
]  # fmt: skip
