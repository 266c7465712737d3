"""What a distilled corpus is worth: its labels, agreement of its teachers, leaks, errors against gold."""
