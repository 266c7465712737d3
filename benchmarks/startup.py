"""What this package adds to the start of `python -m spacy`.

Usage: python benchmarks/startup.py [RUNS]
"""

import subprocess
import sys

CODE = """
import sys, time
import spacy.cli._util
start = time.perf_counter()
import spacy_distill
middle = time.perf_counter()
import spacy_distill.cli.plugin
end = time.perf_counter()
names = ("torch", "openai", "matplotlib", "spacy_llm", "transformers")
heavy = [name for name in names if name in sys.modules]
print(1000 * (middle - start), 1000 * (end - middle), ",".join(heavy) or "none")
"""


def main(runs: int) -> None:
    packages, plugins = [], []
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
        package, plugin, heavy = done.stdout.split()
        packages.append(float(package))
        plugins.append(float(plugin))
    print(f"import spacy_distill: {min(packages):.1f} ms (best of {runs})")
    print(f"our entry point of spacy_cli: {min(plugins):.1f} ms (best of {runs})")
    print(f"heavy modules imported by them or by spaCy's own command line: {heavy}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
