"""From a document to a prompt: templates, definitions, few-shot examples."""
