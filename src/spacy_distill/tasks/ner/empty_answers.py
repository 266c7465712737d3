"""Sentences that an answer may have around an empty list: closed lists, since any other may be a refusal."""

import re

_TEXT = (
    r"(?:the |this |that |your )?(?:given |provided |above |following |input )?"
    r"(?:text|sentence|passage|paragraph|document|input|excerpt|line)"
)
_ENTITY = (
    r"(?:named |relevant |recogni[sz]able |such |identifiable |valid )*entit(?:y|ies)"
    r"(?: of (?:the |these |those |any of the |any of these )?(?:given |requested |specified |listed )?"
    r"(?:types?|labels?|categories|classes))?"
)
_FOUND = r"(?:found|present|identified|detected|listed|mentioned|recogni[sz]ed|extracted)"
_WHERE = rf"(?: (?:to be )?{_FOUND}| here)?(?: (?:in|within|from) {_TEXT})?"
_NOTHING = re.compile(
    r"(?:(?:answer|output|result|entities|final answer|response) ?: ?)?(?:(?:so|therefore|thus|hence),? )?(?:"
    + "|".join(
        (
            r"none|nothing|n/a|nil|null",
            rf"(?:there (?:are|is|were) )?(?:none|nothing){_WHERE}",
            r"(?:(?:there (?:are|is|were)|i (?:found|see|identified|can find|could find|have found)) )?"
            rf"(?:no|zero) {_ENTITY}(?: (?:were|was|are|is|have been))?{_WHERE}",
            rf"{_TEXT} (?:does not|doesn['’]t) (?:contain|have|include|mention) any {_ENTITY}",
            rf"{_TEXT} (?:contains|has|includes|mentions) no {_ENTITY}",
            rf"there (?:are not|aren['’]t) any {_ENTITY}{_WHERE}",
            rf"i (?:do|did|could)(?: not|n['’]t) (?:find|see|identify|detect) any {_ENTITY}{_WHERE}",
        )
    )
    + r") ?[.!:。]?",
    re.IGNORECASE,
)
# Words of which no refusal can be made.
_HARMLESS = frozenset(
    re.findall(
        r"\w+",
        "sure certainly okay ok yes here is are the final my your answer answers output result results "
        "json list response entities entity named of in format extracted requested as follows below this "
        "these for given text sentence provided object array annotation annotations done "
        "tool_call function_call",
    )
)
_WORD = re.compile(r"[^\W_][\w'’-]*")
# What shows the asked form is no answer in it.
_FORM = re.compile(r"\W*(?:(?:the|my|your|requested|output|answer|json|response|result) )*format\b", re.I)
_STEP = re.compile(r"\W*steps?\W*\d", re.IGNORECASE)
_OPENED = re.compile(r"[{\[]")  # The beginning of another list, of which the rest is not there.
_MARKS = " \t*_`#>-/"


def says_nothing(line: str) -> bool:
    """Whether a line says that there is no entity, and nothing else."""
    plain = " ".join(line.strip(_MARKS).split())
    plain = plain[1:-1] if plain[:1] == "(" and plain[-1:] == ")" else plain
    return len(line) < 300 and _NOTHING.fullmatch(plain) is not None


def is_harmless(prose: str) -> bool:
    """Whether what stands beside an empty list leaves no doubt that it is meant as the answer."""
    return all(
        says_nothing(line)
        or (
            not (_FORM.match(line) or _OPENED.search(line))
            and _HARMLESS.issuperset(map(str.casefold, _WORD.findall(line)))
        )
        for line in prose.splitlines()
    )


def has_steps(prose: str) -> bool:
    """Whether it is a chain of thought in the steps that the prompts of this package ask for."""
    return any(_STEP.match(line) for line in prose.splitlines())
