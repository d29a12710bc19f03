#!/usr/bin/python3
"""matrix.py [LAB...] [-j N]: proves each lab on itself.

The starter boots as lab.toml says, gets nothing for what is taken out and all of what must not break; the tree itself gets all points;
every wrong solution loses points on the tests that it names, and its hint appears. Prints a line for each and a table.
"""
import argparse
import difflib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import grading
import lab as labs
from holes import LabError, wrong_header, wrong_texts
from run import boots_as

OUT = labs.TOP / "build/labs/matrix"


def unified(path, old, new):
    return f"diff --git a/{path} b/{path}\n" + "".join(
        difflib.unified_diff(old.splitlines(True), new.splitlines(True), f"a/{path}", f"b/{path}"))


def patch_of(lab, name, texts):
    """A hand-in file that makes the starter's files these texts."""
    lines = [f"{labs.HEADER}\nLab: {lab['name']}\n\n"]
    tree = labs.starter(lab) / "tree"
    for path, text in texts.items():
        old = (tree / path).read_text()
        if old != text:
            lines.append(unified(path, old, text))
    file = OUT / lab["name"] / f"{name}.patch"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines))
    return file


def graded(lab, patch, name):
    result = grading.grade(lab, patch, name, "matrix", lambda test: f"labs/grade --seed matrix --debug {test} {patch or ''}")
    (OUT / lab["name"] / f"{name}.txt").write_text(grading.report(result) + "\n")
    return result


def row_starter(lab):
    initramfs = labs.TOP / "build/initramfs.cpio"
    elf = labs.starter(lab) / "tree/build/cutaway.elf"
    shown, text = boots_as(elf, initramfs, lab["boots"], lab["append"])
    result = graded(lab, None, "starter")
    bad = [] if shown else [f"the console does not show {lab['boots']!r}; it ends: {text.strip()[-200:]!r}"]
    for test in result["tests"]:
        expected = test["of"] if test["kind"] == "kept" else 0
        if test["points"] != expected:
            bad.append(f"{test['name']}: {test['points']} points, not {expected}: {test['happened']}")
    return result, bad + ([] if result["tests"] else result["notes"])


def row_solution(lab):
    texts = {path: (labs.TOP / path).read_text() for path in lab["files"]}
    result = graded(lab, patch_of(lab, "solution", texts), "solution")
    bad = [f"{t['name']}: {t['happened']}" for t in result["tests"] if t["points"] != t["of"]]
    return result, bad + result["notes"]


def row_wrong(lab, path):
    what, fails, hint = wrong_header(path)
    result = graded(lab, patch_of(lab, path.stem, wrong_texts(labs.TOP, lab, path)), path.stem)
    if not result["tests"]:
        return result, result["notes"]
    tests = {t["name"]: t for t in result["tests"]}
    bad = [f"there is no test {name}" for name in fails if name not in tests]
    bad += [f"{name} gave all its points" for name in fails if name in tests and tests[name]["points"]]
    if hint not in [tests[name].get("hint") for name in fails if name in tests]:
        bad.append(f"{hint} did not appear")
    return result, bad


def rows(name):
    """[(lab, row name, function)]"""
    lab = labs.load(name)
    wrongs = [p for p in sorted((labs.TOP / "labs" / name / "wrong").glob("*")) if p.suffix in (".c", ".asm")]
    yield lab, "starter", lambda: row_starter(lab)
    yield lab, "solution", lambda: row_solution(lab)
    for path in wrongs:
        yield lab, path.stem, lambda path=path: row_wrong(lab, path)


def run(row):
    lab, name, function = row
    start = time.time()
    try:
        result, bad = function()
    except LabError as e:
        result, bad = {"points": 0, "of": 0, "tests": []}, [str(e)]
    lost = " ".join(t["name"] for t in result["tests"] if not t["points"]) if name not in ("starter", "solution") else ""
    return lab["name"], name, result["points"], result["of"], lost, bad, time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*")
    parser.add_argument("-j", type=int, default=os.cpu_count() + 1, help="rows at once: one more than processors, they wait for each other's files")
    parser.add_argument("--only", help="this row: starter, solution, or a wrong solution's name")
    options = parser.parse_args()
    names, failed, table = options.labs or labs.names(), 0, []
    start = time.time()
    for name in names:
        for line in labs.complaints(labs.load(name)):
            print(f"BAD  {name}: {line}")
            failed += 1
        wrongs = len([r for r in rows(name)]) - 2
        if wrongs < 8:
            print(f"BAD  {name}: {wrongs} wrong solutions, not 8")
            failed += 1
        (OUT / name).mkdir(parents=True, exist_ok=True)
    todo = [row for name in names for row in rows(name) if options.only in (None, row[1])]
    with ThreadPoolExecutor(options.j) as pool:
        for nr, (lab, row, points, of, lost, bad, seconds) in enumerate(pool.map(run, todo), 1):
            table.append((lab, row, points, of, lost, bad))
            print(f"{'BAD ' if bad else 'ok  '} [{nr}/{len(todo)}] {lab:10} {row:24} {points:3}/{of:3} {seconds:4.0f} s  {lost}", flush=True)
            for line in bad:
                print("       " + line.replace("\n", "\n       "), flush=True)
    failed += sum(bool(row[5]) for row in table)
    print(f"\n{'lab':10} starter  solution  wrong solutions (points)")
    for name in names:
        mine = {row[1]: row for row in table if row[0] == name}
        mark = lambda row: f"{row[2]}/{row[3]}{'!' if row[5] else ''}"
        wrong = [f"{row[1]} {row[2]}{'!' if row[5] else ''}" for row in mine.values() if row[1] not in ("starter", "solution")]
        print(f"{name:10} {mark(mine['starter']) if 'starter' in mine else '-':8} {mark(mine['solution']) if 'solution' in mine else '-':9} "
              f"{len(wrong)}: {', '.join(wrong)}")
    count = {kind: sum(row[1] == kind for row in table) for kind in ("starter", "solution")}
    print(f"{count['starter']} starters, {count['solution']} solutions, {len(table) - sum(count.values())} wrong solutions, "
          f"{failed} not as they should be; {time.time() - start:.0f} s; reports in {OUT.relative_to(labs.TOP)}")
    return int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as e:
        sys.exit(f"matrix: {e}")
