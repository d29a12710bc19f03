#!/usr/bin/python3
"""book.py: docs/ as HTML in build/book, by Sphinx (MyST reads the Markdown), and the check of what it names.

    book.py            checks, then builds; a warning is an error
    book.py --check    only that every name, path and link in docs/ exists in this tree; exits 1 when one does not

Names of this tree stand in backticks (`do_exit()`, `struct file`, `mm/fault.c`, `TASK_RUNNING`), or with () in a
picture; Linux's stand in *emphasis* and are nobody's business here.
"""
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DOCS = TOP / "docs"
ROOMS = "boot include lib kernel sched mm fs drivers user tests tools iso docs labs models .vscode .ci".split()
NOT_C = {"write", "wait", "poll", "close", "reboot", "exec", "fork", "read"}		# functions of user space that pictures speak of


@functools.cache
def tags():
    """{kind letter: names} of C, with prototypes and members; labels of assembly count as functions."""
    folders = [str(TOP / room) for room in ROOMS if (TOP / room).is_dir()]
    text = subprocess.run(["ctags", "-x", "-R", "--languages=C,C++,Python,Sh", "--kinds-C=+px", "--_xformat=%{kind} %{name}", *folders],
                          capture_output=True, text=True, check=True).stdout
    kinds = {}
    for line in text.splitlines():
        kind, name = line.split(None, 1)
        kinds.setdefault(kind, set()).add(name)
    labels = set()
    for path in (p for room in ROOMS[:8] for p in (TOP / room).rglob("*.asm")):
        labels |= set(re.findall(r"^([A-Za-z_]\w*):", path.read_text(), re.M))
    kinds["function"] |= kinds.get("prototype", set()) | kinds["macro"] | labels | kinds.get("class", set())
    return kinds


@functools.cache
def words():
    """Every word of the sources."""
    out = set()
    for path in (p for room in ROOMS for p in (TOP / room).rglob("*") if p.suffix in {".c", ".h", ".asm", ".py", ".sh", ".toml", ".pml"}):
        out |= set(re.findall(r"\w+", path.read_text(errors="replace")))
    return out


def exists(code):
    """Whether what stands in backticks is there; True for what is no name of ours."""
    if re.fullmatch(r"[\w./*-]+", code) and code.split("/")[0] in ROOMS and "/" in code:
        if re.search(r"(^|/)[A-Z]{3,}(/|$)", code):
            return True				# a place holder: labs/NAME/
        return any(TOP.glob(code)) if "*" in code else (TOP / code.rstrip("/")).exists()
    if found := re.fullmatch(r"(\w+)\(\)", code):
        return found[1] in tags()["function"]
    if found := re.fullmatch(r"struct (\w+)", code):
        return found[1] in tags()["struct"]
    if found := re.fullmatch(r"[\w>.-]*(?:->|\.)(\w+)", code):
        return found[1] in tags()["member"] or "->" not in code
    if re.fullmatch(r"[a-z]\w*_\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+", code):
        return code in words()
    return True


def check_page(path):
    """What this page names and the tree does not have: ["docs/x.md: `name()`", ...]"""
    text, bad = path.read_text(), []
    fences = re.findall(r"^```.*?^```", text, re.S | re.M)
    prose = re.sub(r"^```.*?^```|<!--.*?-->", "", text, flags=re.S | re.M)
    bad += [f"`{code}`" for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose) if not exists(code)]
    for fence in fences:
        bad += [f"{name}() in a picture" for name in re.findall(r"\b([a-z_]\w+)\(\)", fence)
                if name not in tags()["function"] and name not in NOT_C]
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"https?:|#", target) and target != "syscalls.md" and not (path.parent / target.split("#")[0]).exists():
            bad.append(f"link to {target}")
    return [f"{path.relative_to(TOP)}: {what}" for what in bad]


def check():
    return [line for path in sorted(DOCS.rglob("*.md")) for line in check_page(path)]


def syscall_page():
    """The table of kernel/syscalls.tbl.h, with the file that each call is in."""
    rows, room = [], ""
    for line in (TOP / "kernel/syscalls.tbl.h").read_text().splitlines():
        if found := re.match(r"/\* (\S+\.c)", line):
            room = found[1]
        elif found := re.match(r"SYSCALL\((-?\d+), (-?\d+), (\w+), \((.*)\)\)$", line):
            args = "" if found[4] == "void" else found[4].replace("__user ", "")
            rows.append((int(found[1]), int(found[2]), found[3], args, room))
    out = ["# System calls", "", f"The {len(rows)} calls of `kernel/syscalls.tbl.h`, from which this page is made: numbers behind `syscall` and "
           "`int 0x80`, arguments, and the file of the function `sys_NAME`. A number that is not here answers ENOSYS.", "",
           "| x86-64 | i386 | name | arguments | file |", "|--:|--:|---|---|---|"]
    for nr, nr32, name, args, room in sorted(rows, key=lambda r: (r[0] < 0, r[0], r[1])):
        args = args.replace("*", "\\*").replace("_", "\\_")
        out.append(f"| {nr if nr >= 0 else ''} | {nr32 if nr32 >= 0 else ''} | `{name}` | {args} | `{room}` |")
    return "\n".join(out) + "\n"


def build():
    out = Path(os.environ.get("O", TOP / "build")) / "book"
    source = out.with_name("book-source")
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(DOCS, source)
    (source / "syscalls.md").write_text(syscall_page())
    done = subprocess.run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(source) + ".doctrees",
                           str(source), str(out)])
    if not done.returncode:
        print(f"book: {out}/index.html")
    return done.returncode


def main():
    bad = check()
    for line in bad:
        print(f"{line} is not in this tree", file=sys.stderr)
    return 1 if bad else 0 if "--check" in sys.argv else build()


if __name__ == "__main__":
    sys.exit(main())
