"""Named entities: prompts, answers, spans of tokens, and how two annotations compare."""
