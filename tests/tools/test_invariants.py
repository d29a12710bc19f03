"""docs/invariants.md names nothing that is gone, and leaves out no invariant of a header."""
import re
import subprocess
from pathlib import Path

DOC = Path("docs/invariants.md").read_text()
HEADERS = subprocess.run(["git", "ls-files", "*.h"], capture_output=True, text=True, check=True).stdout.split()


def test_every_invariant_has_a_row():
    declared = set()
    for header in HEADERS:
        declared |= set(re.findall(r"^ \*  ([A-Z]\d+)  ", Path(header).read_text(), re.M))
    assert len(declared) > 30
    assert declared <= set(re.findall(r"\b([A-Z]\d+):", DOC))


def test_code_and_tests_named_exist():
    missing = []
    for path, name in re.findall(r"`([\w/.]+):(\w+)`", DOC):
        text = Path(path).read_text() if Path(path).exists() else ""
        kind = r"^def {0}\(|^(K?TEST)\({0}\)|^[a-z_].*\b{0}\(|^{0}:"
        if not re.search(kind.format(name), text, re.M):
            missing.append(f"{path}:{name}")
    assert not missing
