"""Every module can be imported where there is no `fcntl`, as on Windows."""

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in ("fcntl", "pwd", "grp", "resource", "termios"):
    sys.modules[name] = None
import spacy_distill
for module in pkgutil.walk_packages(spacy_distill.__path__, "spacy_distill."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(len([name for name in sys.modules if name.startswith("spacy_distill.")]))
"""


def test_every_module_is_imported_without_fcntl():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
