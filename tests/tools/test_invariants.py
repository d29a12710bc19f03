"""docs/invariants.md has a row for every invariant of the headers, and what it names is there."""
import re
from cutaway import TOP

HEADERS = ["mm/page.h", "mm/mm.h", "sched/sched.h", "fs/fs.h", "kernel/process.h", "include/asm/uaccess.h", "include/smp.h", "include/trace.h"]
ROWS = [line.split("|")[1:5] for line in (TOP / "docs/invariants.md").read_text().splitlines() if re.match(r"\| [A-Z]\d", line)]


def test_every_invariant_has_a_row():
    stated = set()
    for header in HEADERS:
        text = (TOP / header).read_text()
        stated |= set(re.findall(r"^ \*  ([A-Z]\d+) +", text, re.M)) | set(re.findall(r"invariant ([A-Z]\d+):", text))
    assert stated == {row[0].strip() for row in ROWS}


def test_what_the_rows_name_exists():
    missing = []
    for number, _, kept, test in ROWS:
        for cell in (kept, test):
            assert "`" in cell, number
            for path, names in re.findall(r"`([^`]+)`([^`]*)", cell):
                text = (TOP / path).read_text() if (TOP / path).exists() else ""
                words = [w for w in re.findall(r"\w+", names.split(":")[0]) if "_" in w or cell is test]
                missing += [f"{number}: {path} {w}" for w in words if w not in text] + ([] if text else [f"{number}: {path}"])
    assert not missing
