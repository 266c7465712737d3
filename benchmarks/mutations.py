"""Ten thousand mutated answers: an entity that an answer names is labelled or missing, never "O".

python benchmarks/mutations.py [NUMBER]
"""

import os
import subprocess
import sys
import time
from pathlib import Path

TEST = "tests/tasks/ner/test_mutations.py::test_no_mutation_of_an_answer_makes_an_entity_o"


def main(number: str) -> int:
    """Run the property test of the suite with more examples."""
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", TEST],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "SPACY_DISTILL_EXAMPLES": number},
        check=False,
    )
    print(f"{number} answers in {time.perf_counter() - start:.0f} s")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "10000"))
