"""What becomes of an answer: labels where it is understood, nothing where it says so, else *missing*.

The same outcome is expected whatever form was asked for.
"""

# An answer is in one line.
# ruff: noqa: E501

import json
import os
from pathlib import Path

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.answers import ALIASES, LABELS, in_json
from helpers.reading import make_ner_task
from spacy_distill import Answer, views

VOCAB = Vocab()
WORDS = ["Ines", "Calder", "left", "the", "Nordbank", "offices", "in", "Bergen", "on", "Tuesday", "."]
ENTITIES = [(0, 2, "PER"), (4, 5, "ORG"), (7, 8, "LOC")]
FOUND = [("Ines Calder", "PER"), ("Nordbank", "ORG"), ("Bergen", "LOC")]
ASKED = json.dumps({"entities": in_json(FOUND)})
LIST = json.dumps(in_json(FOUND))
DRAFT = json.dumps({"entities": [{"text": "Tuesday", "label": "MISC"}]})
TABLE = "| Entity | Label |\n|---|---|\n| Ines Calder | PER |\n| Nordbank | ORG |\n| Bergen | LOC |"
LINES = "1. Ines Calder | True | a woman (PER)\n2. Nordbank | True | a bank (ORG)\n3. Bergen | True | a town (LOC)"
REFUSAL = "I'm sorry, but I can't help with that."
TAGS = ["B-PER", "I-PER", "O", "O", "B-ORG", "O", "O", "B-LOC", "O", "O", "O"]
TASKS = [
    make_ner_task(LABELS, prompt=prompt, answer_format=form, aliases=ALIASES)
    for prompt in ("standard", "cot")
    for form in ("json", "lines")
]


@pytest.fixture(params=TASKS, ids=["json", "lines", "cot json", "cot lines"])
def annotate(request):
    """The state of an answer, the entities that it makes, and the tokens that it leaves missing."""

    def read(answer, words=WORDS):
        doc = request.param.annotate(Doc(VOCAB, words), answer)
        state = views(doc)[request.param.view]["state"]
        missing = [token.i for token in doc if not token.ent_iob_]
        return state, [(e.start, e.end, e.label_) for e in doc.ents], missing

    return read


def first(label, text="Ines Calder"):
    """The asked form, with another first item."""
    return json.dumps({"entities": [{"text": text, "label": label}, *in_json(FOUND[1:])]})


READ = {
    "thinking, then JSON": f"<think>\nCandidates: {{Ines Calder}}, [Nordbank]. They want JSON.\n</think>\n{ASKED}",
    "a draft, then a list": f"<think>Maybe {DRAFT}? No.</think>\n{LIST}",
    "a draft, then a table": f"<thinking>{DRAFT}</thinking>{TABLE}",
    "a draft, then lines": f"<seed:think>{DRAFT}\n1. x | y</seed:think>\n{LINES}",
    "thinking of which only the end is marked": f"So {DRAFT}.\n</think>\n\n{ASKED}",
    "channels": f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{ASKED}<|return|>",
    "channels without their marks": f"analysisThey want {DRAFT}assistantfinal{ASKED}",
    "another tag before": f"<reasoning>PER: Ines</reasoning>\n<answer>{ASKED}</answer>",
    "numbered table": TABLE.replace("| Entity", "| # | Entity").replace("| Ines", "| 1 | Ines").replace("| Nord", "| 2 | Nord").replace("| Berg", "| 3 | Berg"),
    "table with reasons": "| Entity | Type | Reason |\n|:--|:--|:--|\n| **Ines Calder** | PER | a woman |\n| Nordbank | ORG | a bank |\n| Bergen | LOC | a town |",
    "table with the label first": "| Type | Entity |\n|---|---|\n| PER | Ines Calder |\n| ORG | Nordbank |\n| LOC | Bergen |",
    "labels and lists": '{"PER": ["Ines Calder"], "ORG": ["Nordbank"], "LOC": ["Bergen"], "MISC": []}',
    "aliases in the plural": '{"Persons": ["Ines Calder"], "Organizations": ["Nordbank"], "Locations": ["Bergen"]}',
    "labels and strings": '{"PER": "Ines Calder", "ORG": "Nordbank", "LOC": "Bergen", "MISC": null}',
    "labels and lists or null": '{"entities": {"PER": ["Ines Calder"], "ORG": ["Nordbank"], "LOC": ["Bergen"], "MISC": null}}',
    "labels and objects": '{"PER": [{"text": "Ines Calder", "start": 0}], "ORG": [{"text": "Nordbank"}], "LOC": [{"name": "Bergen"}]}',
    "label and mentions": '[{"label": "PER", "mentions": ["Ines Calder"]}, {"type": "ORG", "entities": ["Nordbank"]}, {"label": "LOC", "mentions": ["Bergen"]}]',
    "pairs the other way round": json.dumps([[label, text] for text, label in FOUND]),
    "triples": json.dumps([[text, label, "a reason"] for text, label in FOUND]),
    "mixed": '{"entities": [{"text": "Ines Calder", "label": "PER"}, null, "Nordbank (ORG)", ["Bergen", "LOC"]]}',
    "label under the name of a mention": json.dumps({"entities": in_json(FOUND, "text", "entity")}),
    "echo of the text": json.dumps({"text": " ".join(WORDS), "entities": in_json(FOUND)}),
    "nested": json.dumps([{"result": {"entity_list": in_json(FOUND)}}]),
    "sentences": json.dumps({"sentences": [{"sentence": "a", "entities": in_json(FOUND[:2])}, {"sentence": "b", "entities": in_json(FOUND[2:])}]}),
    "an object for each sentence": "\n".join(json.dumps({"entities": in_json(some)}) for some in (FOUND[:2], FOUND[2:])),
    "sentences of which the last has none": json.dumps({"sentence": "one", "entities": in_json(FOUND)}) + '\n{"sentence": "two", "entities": []}',
    "a correction": '{"entities": [{"text": "Ines", "label": "LOC"}]}\n\nWait, corrected:\n' + ASKED,
    "lines and a correction": LINES.replace("PER", "ORG") + "\n\nCorrection:\n" + LINES,
    "lines, none more": LINES + "\nNone",
    "twice the same": f"{ASKED}\n{ASKED}",
    "a made-up next example": f'{ASKED}\n\n<text>\nPARIS 1996-09-01\n</text>\nAnswer:\n{{"entities": []}}',
    "a made-up next text": f"{LINES}\n\nText: Bob left .\nAnswer:\nNone",
    "a made-up next turn": f"{ASKED}<|im_end|>\n<|im_start|>user\nAnd now?[]",
    "an echo of the form before": f'The form is {{"entities": [{{"text": "entity as written", "label": "one of LOC, PER"}}]}}.\n{ASKED}',
    "explained": f"{ASKED}\n\nExplanation:\n- Ines Calder (PER): a woman\n- Nordbank (ORG): a bank\n- Tuesday: not an entity",
    "curly quotes": ASKED.replace('{"', "{“").replace('"', "”"),
    "guillemets": ASKED.replace('"', "»"),
    "full-width punctuation": ASKED.replace(":", "：").replace(",", "，").replace("{", "｛").replace("}", "｝"),
    "HTML": ASKED.replace('"', "&quot;"),
    "JSON in a string": json.dumps(ASKED),
    "a call": json.dumps({"tool_calls": [{"type": "function", "function": {"name": "ner", "arguments": ASKED}}]}),
    "comments": ASKED.replace("}, ", '}, # next\n// {"text": "Tuesday", "label": "MISC"}\n/* x */'),
    "the last brace missing": ASKED[:-1],
    "YAML": "entities:\n  - text: Ines Calder\n    label: PER\n  - text: Nordbank\n    label: ORG\n  - text: Bergen\n    label: LOC\nrejected:\n  - text: Tuesday\n    reason: a day",
    "YAML by label": "PER:\n  - Ines Calder\nORG:\n  - Nordbank\nLOC:\n  - Bergen",
    "fields": "Entity: Ines Calder\nType: PER\n\nEntity: Nordbank\nType: ORG\n\nEntity: Bergen\nType: LOC",
    "headings": "### Person\n- Ines Calder (a woman)\n\n### Organization\n- Nordbank\n\n### Location\n- Bergen\n\n### Miscellaneous\n- None",
    "labels first": "PER: Ines Calder\nORG: Nordbank\nLOC: Bergen\nMISC: none",
    "mentions first": "Ines Calder: PER\nNordbank: ORG\nBergen: LOC",
    "bullets": "- **Ines Calder** (PER): a woman\n- Nordbank (ORG)\n- Bergen (LOC)",
    "in one line": "Ines Calder (PER), Nordbank (ORG) and Bergen (LOC).",
    "numbers and dashes": "Here are they:\n\n1. Ines Calder - PER\n2. Nordbank – ORG\n3. Bergen -> LOC\n\nTell me if you need more!",
    "CSV": "text,label\nInes Calder,PER\nNordbank,ORG\nBergen,LOC",
    "tabs": "Ines Calder\tPER\nNordbank\tORG\nBergen\tLOC",
    "a verdict behind dashes": "1. Ines Calder - True - a woman (PER)\n2. Nordbank - True - a bank (ORG)\n3. Bergen - True - a town (LOC)\n4. Tuesday - False - a day",
    "links in the text": "[Ines Calder](PER) left the [Nordbank](ORG) offices in [Bergen](LOC) on Tuesday .",
    "labels in brackets in the text": "[PER Ines Calder] left the [ORG Nordbank] offices in [LOC Bergen] on Tuesday .",
    "tags in the text": "<PER>Ines Calder</PER> left the <ORG>Nordbank</ORG> offices in <LOC>Bergen</LOC> on Tuesday .",
    "tags of all words": json.dumps(TAGS),
    "words with tags": json.dumps([list(pair) for pair in zip(WORDS, TAGS, strict=True)]),
    "words with tags in objects": json.dumps([{"word": w, "entity": tag} for w, tag in zip(WORDS, TAGS, strict=True)]),
    "words with tags in lines": "\n".join(f"{w} {tag}" for w, tag in zip(WORDS, TAGS, strict=True)),
    "one more of a label that is none": json.dumps({"entities": in_json([*FOUND, ("Oslo", "DATE")])}),
    "an article": first("PER", "the Ines Calder"),
    "a hyphen": first("PER", "Ines-Calder"),
    "the surname first": first("PER", "Calder, Ines"),
    "pairs without brackets around them": "\n".join(json.dumps(pair) for pair in FOUND),
    "a key for each mention": '{"text": "Ines Calder", "label": "PER", "text": "Nordbank", "label": "ORG", "text": "Bergen", "label": "LOC"}',
    "a label twice as a key": '{"PER": ["Ines Calder"], "ORG": ["Nordbank"], "LOC": [], "LOC": ["Bergen"]}',
    "a draft under a key": json.dumps({"draft": json.loads(DRAFT), "final": json.loads(ASKED)}),
    "a draft in a fence": f"```thinking\n{DRAFT}\n```\n{ASKED}",
    "a draft in marks of a template": f"<|START_THINKING|>{DRAFT}<|END_THINKING|><|START_RESPONSE|>{ASKED}<|END_RESPONSE|>",
    "a draft in a nested tag": f"<THINK>a <think>{DRAFT}</think> b </THINK>{ASKED}",
    "escaped tags": f"&lt;think&gt;{DRAFT}&lt;/think&gt;{LINES}",
    "escaped quotes": json.dumps(ASKED)[1:-1],
    "doubled braces": "{" + ASKED + "}",
    "a message": json.dumps({"role": "assistant", "content": ASKED}),
    "parallel lists": json.dumps({"text": [m for m, _ in FOUND], "label": [name for _, name in FOUND]}),
    "labels in lists": json.dumps({m: [name] for m, name in FOUND}),
    "an empty list of YAML": "PER:\n- Ines Calder\nORG:\n- Nordbank\nLOC:\n- Bergen\nMISC: []",
    "a reason in the first column": "| Reason | Entity | Type |\n|---|---|---|\n| a woman | Ines Calder | PER |\n| a bank | Nordbank | ORG |\n| a town | Bergen | LOC |",
    "a label without a mention": "| Type | Entity |\n|---|---|\n| PER | Ines Calder |\n| ORG | Nordbank |\n| LOC | Bergen |\n| MISC | None |",
    "several in a line": "Ines Calder: PER, Nordbank: ORG, Bergen: LOC",
    "a list of HTML": "<ul>\n<li>Ines Calder (PER)</li>\n<li>Nordbank (ORG)</li>\n<li>Bergen (LOC)</li>\n</ul>",
    "a title": first("PER", "Dr. Ines Calder"),
    "a remark": first("PER", "Ines Calder (a woman)"),
    "an HTML entity": first("PER", "Ines&nbsp;Calder"),
    **{f"broken over two lines: {text[:20]!r}": text for text in (
        LINES.replace("Ines ", "Ines\n"), TABLE.replace("Ines ", "Ines\n"),
        TABLE.replace("| Ines Calder | PER |", "| Ines | |\n| Calder | PER |"),
        "Ines\nCalder: PER\nNordbank: ORG\nBergen: LOC", "PER: Ines\n  Calder\nORG: Nordbank\nLOC: Bergen",
        "- Ines\n  Calder (PER)\n- Nordbank (ORG)\n- Bergen (LOC)", "PER:\n- Ines\n  Calder\nORG:\n- Nordbank\nLOC:\n- Bergen",
        "- label: PER\n  text: Ines\n    Calder\n- label: ORG\n  text: Nordbank\n- label: LOC\n  text: Bergen",
    )},
    "a comment that is not closed": ASKED.replace("}, ", "}, /* next x/\n", 1).replace("}, {", "}, /* next */ {", 1),
    "a fence before a line": "```text\nInes Calder → PER\nNordbank → ORG\nBergen → LOC\n```",
    "Markdown": first("PER", "**Ines**  **Calder**"),
    **{f"a draft in {opened}": f"{opened}{DRAFT}{closed}{ASKED}" for opened, closed in (
        ("<|channel|>analysis ", "<|channel|>final "), ("[REASONING]", "[/REASONING]"), ("<|think_start|>", "<|think_end|>"),
        ("<thinking_process>", "</thinking_process>"), ("<|begin_of_thought|>", "<|end_of_thought|><|begin_of_solution|>"),
    )},
    **{f"in fields: {text[:20]!r}": text for text in (
        "\n".join(f"Entity: {m}, Label: {name}" for m, name in FOUND), "\n".join(f"Entity: {m} | Type: {name}" for m, name in FOUND),
        "\n".join(f"{i}. Entity: {m}\n   Type: {name}\n   Reason: a name" for i, (m, name) in enumerate(FOUND, 1)),
        "\n".join(f"{i}. **{m}**\n   - Type: {name}\n   - Reason: a name" for i, (m, name) in enumerate(FOUND, 1)),
        "\n".join(f"- {{text: {m}, label: {name}}}" for m, name in FOUND), "\n".join(f"{{{m}: {name}}}" for m, name in FOUND),
    )},
    **{f"by label: {text[:20]!r}": text for text in (
        '{"PER": ["Ines Calder"]}\n{"ORG": ["Nordbank"]}\n{"LOC": ["Bergen"]}\n{"MISC": []}',
        'PER: ["Ines Calder"]\nORG: ["Nordbank"]\nLOC:\n```json\n["Bergen"]\n```\nMISC: []',
        '{"PER": "Ines Calder", "ORG": "Nordbank", "LOC": "Bergen", "MISC": "-"}',
        "## PER (person)\n1. Ines Calder\n## ORG (firm)\n1. Nordbank\n## LOC\n1. Bergen", '["PER: Ines Calder", "ORG: Nordbank", "LOC: Bergen"]',
        '{"entities": ["PER: Ines Calder", "ORG: Nordbank", "LOC: Bergen"]}',
    )},
    **{f"a reason: {text[:20]!r}": text for text in (
        json.dumps([["a name", m, label] for m, label in FOUND]), json.dumps([[label, "a name", m] for m, label in FOUND]),
        '[["Ines Calder left", "PER", "Ines Calder"], ["the Nordbank offices", "ORG", "Nordbank"], ["in Bergen", "LOC", "Bergen"]]',
        "\n".join(f"{m} - a name ({label})" for m, label in FOUND), "\n".join(f"{m}: {label}, a name" for m, label in FOUND),
    )},
    **{f"beside: {text[-20:]!r}": text for text in (
        f"{ASKED}\n\n{LINES}", f'// {DRAFT}\n{ASKED}\n# {DRAFT}', f"Entities:\n{LIST}\nRejected:\n[]",
        f"{ASKED}\n\nBob left Rome .\nAnswer: {json.dumps(in_json([('Rome', 'LOC')]))}", json.dumps({" ".join(WORDS): json.loads(LIST)}),
    )},
    "brackets with colons": "[Ines Calder: PER] left the [Nordbank: ORG] offices in [Bergen: LOC] on Tuesday .",
    "a verdict under a key": json.dumps({"entities": [*in_json(FOUND, is_entity=True), {"text": "Tuesday", "label": "MISC", "is_entity": False}]}),
    "numeric entities": ASKED.replace('"', "&#34;"),
}  # fmt: skip
NOTHING = [
    *(
        "[]",
        "{}",
        "[]。",
        "None.",
        "n/a",
        "No entities found.",
        "There are no named entities in the given text.",
    ),
    *(
        "I found no named entities in the text.",
        "The text does not contain any named entities.",
        "Answer: none",
    ),
    *('{"entities": []}', '{"entities": null}', '{"entities": "none"}', '{"PER": [], "ORG": [], "LOC": []}'),
    *('Here is the JSON:\n```json\n{"entities": []}\n```', '{"entities": [], "note": "No entities found."}'),
    *(f"<think>{DRAFT}</think>\n[]", f"<think>{DRAFT}</think>None", f"◁think▷{DRAFT}◁/think▷[]"),
    *("1. Tuesday | False | a day\n2. offices | False | a noun", '{"entities": [], "rejected": ["Tuesday"]}'),
    "Step 1 - Understanding: news.\nStep 2 - Candidates: none\nSteps 3 and 4:\nNone",
    "Step 1 - Understanding: news about a bank.\nStep 2 - Candidates: none\n[]",
    *(
        "I could not find any named entities.",
        "[] // none",
        *(f"PER: {x}\nORG: {x}\nLOC: {x}\nMISC: {x}" for x in ("none", "[]")),
    ),
    *(f"[thinking]{ASKED}[/thinking]\n[]", f"<|channel|>analysis {ASKED}<|channel|>final []"),
]
FAILED = {
    "draft, then a refusal": f"<think>{ASKED}</think>{REFUSAL}",
    "draft, then nothing": f"<think>{ASKED}</think>\n",
    "draft, not closed": f"<thinking>{ASKED}",
    "form, not closed": '<think>The form is {"entities": []}. Now',
    "draft in a channel": f"<|channel|>analysis<|message|>{ASKED}",
    "draft in a tag of no list": f"<musing>{ASKED}</musing>",
    "a later empty list": f"{ASKED}\n\n[]",
    "a later none": f"{LINES}\n\nNo entities found.",
    "a later part": f"{ASKED}\n" + json.dumps({"entities": in_json(FOUND[:1])}),
    "a later contradiction": f"{ASKED}\n" + json.dumps({"entities": [{"text": "Bergen", "label": "ORG"}]}),
    "keys of no list": json.dumps({"entities": in_json(FOUND, "nom", "classe")}),
    "keys of no list, one object": '{"nom": "Ines Calder", "classe": "PER"}',
    "one key of no list": json.dumps(in_json(FOUND, "nom", "label")),
    "offsets alone": '{"entities": [{"start": 0, "end": 11, "label": "PER"}]}',
    "mentions without a label": json.dumps([text for text, _ in FOUND]),
    "an error": '{"error": "content policy"}',
    "an error beside an empty list": '{"entities": [], "error": "content policy"}',
    "a null of something else": '{"refusal": null}',
    "an answer of no": '{"answer": "no"}',
    **{f"doubt: {text}": text for text in (
        '{"entities": [], "success": false}', '{"entities": [], "error": true}', '{"language": "en", "entities": []}',
        '{"result": null}', '{"entities": ""}', "null", "[null]", "[{}]", '{"entities": [{}]}', '{"entities": [null]}',
        'The format is {"entities": []}', "Format: []", '"{\n\nNo named entities were found in the text.', "[\n[]",
    )},
    "a draft in a fence, not closed": f"```thinking\n{ASKED}",
    "two labels under one key": '{"Ines Calder": "PER", "Bergen": "LOC", "Ines Calder": "ORG"}',
    "cut off": ASKED[:60],
    "another object in one that is not closed": f"{ASKED[:-1]},\n{ASKED}",
    "a quotation mark of a tuple missing": repr(FOUND).replace("'PER'", ",PER'"),
    "another list in an object that is not closed": f'{ASKED[:-1]},\n["Tuesday", "MISC"]',
    "tuples, cut off": f"({', '.join(map(repr, FOUND))[:-20]}",
    "a call without arguments": '{"name": "extract", "arguments": {}}',
    "one label of several": '{"MISC": []}',
    "labels without entities, and a refusal": f"PER: none\nORG: none\n{REFUSAL}",
    "a draft behind other words": f"> Perhaps {DRAFT}\n\n{ASKED}",
    **{f"not closed: {tag}": f"{tag}\n{ASKED}" for tag in ("<|channel|>analysis", "[REASONING]", "<|think_start|>", "<thinking_process>")},
    "and so on": ASKED.replace("]}", ", ...]}"),
    "without end": '{"entities": [' + '{"text": "Bergen", "label": "LOC"}, ' * 50,
    "lines, cut off": "1. Ines Calder | True | (PER)\n2. Nord",
    "the text alone": " ".join(WORDS),
    "marks without labels": " ".join(["@@Ines Calder##", *WORDS[2:]]),
    "half of the text": "[Ines Calder](PER) left the [Nordbank](ORG)",
    "too few tags": json.dumps(TAGS[:-1]),
    "broken JSON": ASKED.replace('{"text"', '"text"', 1),
    "nothing of this text": json.dumps({"entities": [{"text": "Bob", "label": "PER"}]}),
    "the asked form": '{"entities": [{"text": "entity as written", "label": "one of LOC, MISC, ORG, PER"}]}',
    "HTML of a gateway": "<html><head><title>502 Bad Gateway</title></head></html>",
    **{text: text for text in (
        REFUSAL, "Es tut mir leid, dabei kann ich nicht helfen.", "很抱歉，我无法协助。", "", " \n",
        "No entities were extracted because the content violates our rules.", "No entity extraction is possible here.",
        "No entities can be identified, since no text was provided.", "I cannot do that. No entities can be found.",
        "None other than Ines Calder.", "No entities other than Ines Calder.", "No PER entities.", "Keine Entitäten.",
        'Please provide the text. I will answer in this form: {"entities": []}', f"{REFUSAL} []", f"[] {REFUSAL}",
        '```json\n{"entities": []}\n```\nI must not name people.', "Error: none", "No text provided.\n[]",
    )},
}  # fmt: skip
# An answer, and the words of which nothing is known afterwards.
PARTLY = {
    **{f"label {label!r}": (first(label), "Ines Calder") for label in ("PER/ORG", "PER, ORG", "", None, "human")},
    "accepted without a label": (LINES.replace("a woman (PER)", "a woman"), "Ines Calder"),
    "accepted with none": (LINES.replace("a woman (PER)", "None"), "Ines Calder"),
    "a row": (TABLE.replace("ORG", "company"), "Nordbank"),
    "an item": ("- Ines Calder (PER)\n- Nordbank\n- Bergen (LOC)", "Nordbank"),
    "the last item": ("Ines Calder: PER\nNordbank: ORG\nBergen: a town", "Bergen"),
    "the first line": ("Ines Calder, a woman\nNordbank: ORG\nBergen: LOC", "Ines Calder"),
    "a string": ('{"entities": [["Ines Calder", "PER"], "Nordbank", ["Bergen", "LOC"]]}', "Nordbank"),
    "a verdict": (LINES.replace("2. Nordbank | True", "2. Nordbank | perhaps"), "Nordbank"),
    "a label of no list": ('{"PER": ["Ines Calder"], "FIRM": ["Nordbank"], "LOC": ["Bergen"]}', "Nordbank"),
    "the longest part": (first("PER", "Ines Maria Calder"), "Ines Calder"),
    "an empty cell": (TABLE.replace("| Ines Calder | PER |", "| Ines Calder | |"), "Ines Calder"),
    "abridged": (first("PER", "Ines..."), "Ines Calder"),
    "another title": (first("PER", "Ms Calder"), "Ines Calder"),
    "the first name in brackets": (first("PER", "Calder (Ines)"), "Ines Calder"),
    "cut within a word": (first("PER", "Ines Cald"), "Ines Calder"),
    "cut within a word, in lines": ("PER: Ines Cald\nORG: Nordbank\nLOC: Bergen", "Ines Calder"),
    "a letter that is another": (first("PER", "Inxs Calder"), "Ines Calder"),
    **{f"a character that is {char!r}": (first("PER", f"In{char}s Calder"), "Ines Calder") for char in '"}],:x'},
    "a space in a word": (first("PER", "In s Calder"), "Ines Calder in"),
    "a misspelling": (first("PER", "Ines Caldre"), "Ines Calder"),
    "two labels": (json.dumps({"entities": in_json([*FOUND, ("Bergen", "ORG")])}), "Bergen"),
    "two labels as keys": ('{"PER": ["Ines Calder"], "ORG": ["Nordbank", "Bergen"], "LOC": ["Bergen"]}', "Bergen"),
    "broken over two lines, and misspelled": (LINES.replace("Ines ", "Inez\n"), "Ines Calder"),
    **{f"in lines, {label!r}": (LINES.replace("(PER)", f"({label})"), "Ines Calder") for label in ("PER|ORG", "PER (LOC)", "PER or ORG")},
    "a remark with another label": (first("PER (or ORG)"), "Ines Calder"),
    "a heading that is no label": ("**Person:**\n- Ines Calder\n**Firm:**\n- Nordbank\n**Location:**\n- Bergen", "Nordbank"),
    "a sentence between": ("Ines Calder (PER)\nNordbank may be one, too.\nBergen (LOC)", "Nordbank"),
    "an answer to what may be another text": (f"{ASKED}\n\nBob left .\nAnswer: {json.dumps(in_json([('Bergen', 'ORG')]))}", "Ines Calder Nordbank Bergen"),
    "a name in other letters": (first("PER", "Инес Калдер"), "Ines Calder Tuesday"),
    "a draft that has more": (f"Draft:\n- Ines Calder: PER\n- Bergen: LOC\n\nFinal:\n{json.dumps({'entities': in_json(FOUND[:2])})}", "Bergen"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_read(annotate, name):
    assert annotate(READ[name])[:2] == ("ok", ENTITIES)


@pytest.mark.parametrize("answer", NOTHING)
def test_an_answer_that_says_so_makes_every_token_o(annotate, answer):
    assert annotate(answer) == ("ok", [], [])


@pytest.mark.parametrize("name", FAILED)
def test_what_is_not_understood_makes_no_token_o(annotate, name):
    state, entities, missing = annotate(FAILED[name])
    assert state in ("truncated", "unparsable")
    assert (entities, missing) == ([], list(range(len(WORDS))))


@pytest.mark.parametrize("name", PARTLY)
def test_what_cannot_be_used_of_an_answer_is_missing(annotate, name):
    answer, words = PARTLY[name]
    state, entities, missing = annotate(answer)
    assert (state, missing) == ("ok", [WORDS.index(word) for word in words.split()])
    assert set(entities) <= set(ENTITIES)


@pytest.mark.parametrize(
    "label",
    ["per", "P_E-R", "PERSON", "Persons", "B-PER", "PER (person)", "PER: a person", "PER/Person", "**PER**", "[PER]"],
)  # fmt: skip
def test_a_label_is_known_however_it_is_written(annotate, label):
    assert annotate(first(label)) == ("ok", ENTITIES, [])


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Søren Łoś", "Soren Los"),
        ("צה״ל", 'צה"ל'),
        ("مـــصر", "مصر"),
        ("Gal·la Mart", "Galla Mart"),
        ("Müller", "Mueller"),
        ("AT&T", "AT&amp;T"),
        ("St Ives", "St. Ives"),
    ],
)
def test_a_mention_is_found_in_another_script_of_the_same_letters(annotate, text, mention):
    words = ["x", *text.split(), "y"]
    answer = json.dumps({"entities": [{"text": mention, "label": "ORG"}]}, ensure_ascii=False)
    assert annotate(answer, words) == ("ok", [(1, len(words) - 1, "ORG")], [])


CASES = Path(
    os.environ.get("SPACY_DISTILL_CASES")
    or Path(os.environ.get("SPACY_DISTILL_DATA", "none")).parent / "cases" / "answers.json"
)


@pytest.mark.shared_data
@pytest.mark.skipif(not CASES.is_file(), reason="SPACY_DISTILL_CASES is not set to a file of answers")
def test_collected_answers(annotate):
    given = json.loads(CASES.read_text(encoding="utf8"))
    expected = {place for start, end, _ in given["entities"] for place in range(start, end)}
    for case in given["cases"]:
        state = "truncated" if case.get("finish_reason") == "length" else "ok"
        state, entities, missing = annotate(Answer(case["answer"], state=state), given["tokens"])
        if case["expect"] == "all":
            labelled = {place for start, end, _ in entities for place in range(start, end)}
            assert expected <= labelled | set(missing), case["name"]
            assert {*map(tuple, given["entities"])} >= {*entities}, case["name"]
        else:
            assert not entities, case["name"]
            assert (state == "ok") == (case["expect"] == "none"), case["name"]
            assert len(missing) == (0 if case["expect"] == "none" else len(given["tokens"])), case["name"]
