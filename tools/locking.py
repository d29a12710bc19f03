#!/usr/bin/python3
"""locking.py: the table of lock ranks for docs/locking.md, from enum lock_rank.

    locking.py            prints the table
    locking.py --check    compares it with the one in docs/locking.md; exits 1 when they differ
    locking.py --write    puts it there
"""
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DOC = TOP / "docs/locking.md"
BEGIN, END = "<!-- ranks: tools/locking.py --write -->", "<!-- end -->"


def ranks():
    """[(name, number, comment)] in the order of the enum."""
    text = (TOP / "include/spinlock.h").read_text()
    body = re.search(r"enum lock_rank \{(.*?)\n\};", text, re.S).group(1)
    number, out = 0, []
    for name, value, comment in re.findall(r"(RANK_\w+)(?: = (\d+))?,[ \t]*(?:/\* (.*?) \*/)?", body):
        number = int(value) if value else number + 1
        out.append((name, number, comment))
    return out


def table():
    lines = ["| rank | name | guards |", "|---|---|---|"]
    for name, number, comment in ranks():
        if name == "RANK_TASKLIST":
            lines.append("| | **spinlocks from here on** | |")
        lines.append(f"| {number} | {name} | {comment} |")
    return "\n".join(lines)


def main():
    if len(sys.argv) < 2:
        print(table())
        return 0
    before, rest = DOC.read_text().split(BEGIN)
    old, after = rest.split(END)
    if sys.argv[1] == "--write":
        DOC.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")
    elif old.strip() != table():
        print("docs/locking.md: the table is not that of the source: run tools/locking.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
