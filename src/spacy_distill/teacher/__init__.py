"""The large model: prompts, answers, ledger, alignment, voting."""
