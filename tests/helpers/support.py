"""What several tests share: running a command as a user does, and a copy of the project's files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("project.yml", "configs", "assets/sample", "assets/prompts", "scripts")


def run_in(
    folder: Path, *arguments: str, check: bool = True, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in a folder with one thread and no key in the environment."""
    env = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    env |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "COLUMNS": "120"}
    done = subprocess.run(
        [python, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def copy_project(folder: Path) -> Path:
    """Copy what a user of the project has before the first run."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return folder


def teacher_config(task: str, model: str) -> str:
    """A teacher's config, of the lines of its two sections [components.llm.task] and [….model]."""
    return f"""
[nlp]
lang = "en"
pipeline = ["llm"]

[components]

[components.llm]
factory = "llm"

[components.llm.task]
{task.strip()}

[components.llm.model]
{model.strip()}
"""
