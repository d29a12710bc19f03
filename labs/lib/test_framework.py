"""The grader against hand-ins that lie, flood, hang, panic, do not build or are no patches; many at once; a student's tree from begin to end."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import grading
import holes
import lab as labs
import matrix
import run

TOP, GRADE = labs.TOP, labs.TOP / "labs/grade"
LONG = 3600                             # seconds: a net, for the busiest host
KEPT = 8                                # lab pipe's points for what must not break

READ = """static ssize_t pipe_read(struct file *f, char __user *to, size_t n, loff_t *pos)
{
	%s
	return -ENOSYS;
}
"""
EVIL = {                                # n == 8 in test end_of_file only: one hang is enough
    "says-so": READ % 'printk("\\nok 1 bytes_through\\nall tests passed\\n100 of 100 points\\n");',
    "jumps-to-checkpoint": READ % "task_pt_regs(current)->rip = 0xf000000;\n\ttask_pt_regs(current)->rsi = 6;",
    "floods": READ % 'while (n == 8)\n\t\tprintk("flood flood flood flood flood flood flood flood\\n");',
    "hangs": READ % "while (n == 8)\n\t\tlocal_irq_disable();",
    "panics": READ % 'if (n == 8)\n\t\tpanic("pipe of %s", "peace");',
    "wild-pointer": READ % "if (n == 8)\n\t\t*(volatile int *)(u64)f->f_flags = 1;",
    "syntax": READ % "return oh dear;",
    "warning": READ % "int unused;",
    "endless": READ % 'return n;\n#include "/dev/zero"',
    "moves-the-clock": READ % """for (u32 where = 0x8000f840; n == 8; where = 0x4001)	/* the PM timer's base */
		__asm__ volatile("outl %0, %1" : : "a"(where), "d"((u16)(where >> 31 ? 0xcf8 : 0xcfc)));""",
    "late": READ % """if (n == 8) {			/* 150 ms, more than a test has */
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout_ns(150 * NSEC_PER_MSEC);
	}""",
}
NO_BUILD = {"syntax": "fs/pipe.c:", "warning": "fs/pipe.c:", "endless": "out of memory"}


def evil(tmp, name):
    lab = labs.load("pipe")
    source = tmp / f"{name}.c"
    source.write_text("/* evil */\n" + EVIL[name])
    texts = holes.wrong_texts(TOP, lab, source)
    old = (labs.starter(lab) / "tree/fs/pipe.c").read_text()
    patch = tmp / f"{name}.patch"
    patch.write_text("Lab: pipe\n\n" + matrix.unified("fs/pipe.c", old, texts["fs/pipe.c"]))
    return patch


def grade(*words, out=None, check=True, **kw):
    command = [sys.executable, GRADE, *words] + (["--out", out] if out else [])
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=labs.environment(), timeout=LONG, **kw)
    assert not check or run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.fixture(scope="session")
def evils(tmp_path_factory):
    """All of them graded in one go, two at once."""
    tmp = tmp_path_factory.mktemp("evil")
    patches = [evil(tmp, name) for name in EVIL]
    grade(*patches, "-j2", out=tmp / "out")
    return {name: json.loads((tmp / "out" / f"{name}.json").read_text()) for name in EVIL} | {
        "table": (tmp / "out/class.csv").read_text(), "report of hangs": (tmp / "out/hangs.txt").read_text()}


def verdicts(result):
    return {t["verdict"] for t in result["tests"]}


@pytest.mark.xdist_group("evil")        # one worker grades them all
@pytest.mark.parametrize("name", [name for name in EVIL if name not in NO_BUILD])
def test_evil_kernel_keeps_what_it_earned(evils, name):
    result = evils[name]
    assert {t["name"]: t["points"] for t in result["tests"] if t["points"]} == {"two_ends": 4, "fifo_meets": 4, "sigpipe": 10}
    assert result["points"] == 18


@pytest.mark.xdist_group("evil")
def test_what_is_said(evils):
    assert "forged" in verdicts(evils["jumps-to-checkpoint"])
    for name in ("hangs", "moves-the-clock", "late"):
        assert "hang" in verdicts(evils[name]), name
    assert "pipe_read" in evils["report of hangs"]
    assert any("flooded" in note for note in evils["floods"]["notes"])
    assert any("panicked: pipe of peace" in t["happened"] for t in evils["panics"]["tests"])
    assert "panic" in verdicts(evils["panics"]) and "pipe_read" in json.dumps(evils["panics"])
    for name, words in NO_BUILD.items():
        assert evils[name]["points"] == 0 and "does not build" in evils[name]["notes"][0] and words in evils[name]["notes"][0]
    assert len(evils["table"].splitlines()) == len(EVIL) + 1


GOOD = "diff --git a/fs/pipe.c b/fs/pipe.c\n--- a/fs/pipe.c\n+++ b/fs/pipe.c\n@@ -1,3 +1,4 @@\n /*\n+ * Mine.\n  * Pipes and FIFOs; the picture is in fs/pipe.h.\n  *\n"
REFUSED = {
    "empty": (b"", "empty"),
    "binary": (b"\x7fELF\0\1\2", "binary"),
    "no patch": (b"int main(void) { return 0; }\n", "can't read it as a patch"),
    "makefile": (GOOD.replace("fs/pipe.c", "Makefile").encode(), "touches Makefile"),
    "the tests too": ((GOOD + GOOD.replace("fs/pipe.c", "labs/pipe/tests/pipe.c")).encode(), "touches labs/pipe/tests/pipe.c"),
    "upwards": (GOOD.replace("b/fs/pipe.c", "b/fs/../../../tmp/pipe.c").encode(), "refused"),
    "absolute": (GOOD.replace("b/fs/pipe.c", "/etc/passwd").encode(), "refused"),
    "symlink": (b"diff --git a/fs/pipe.c b/fs/pipe.c\nnew file mode 120000\n--- /dev/null\n+++ b/fs/pipe.c\n@@ -0,0 +1 @@\n+/etc/passwd\n", "symbolic link"),
    "rename": (b"diff --git a/fs/pipe.c b/fs/x.c\nsimilarity index 100%\nrename from fs/pipe.c\nrename to fs/x.c\n", "renames"),
    "git binary": (b"diff --git a/fs/pipe.c b/fs/pipe.c\nindex 1..2 100644\nGIT binary patch\nliteral 0\n\n", "binary"),
    "huge": (b"x" * (1 << 21), "KiB"),
    "other lines": (GOOD.replace("Pipes and FIFOs", "Tubes and hoses").encode(), "does not apply"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path, name):
    data, why = REFUSED[name]
    patch = tmp_path / f"{name}.patch"
    patch.write_bytes(data)
    out = grade("--lab", "pipe", patch)
    assert why in out and "0 of 100" in out


@pytest.mark.parametrize("form", [lambda text: text.replace("\n", "\r\n").encode(), lambda text: b"\xef\xbb\xbf" + text.encode(),
                                  lambda text: text.replace("\n", "\r\n").encode("utf-16")], ids=["crlf", "bom", "utf-16"])
def test_what_windows_makes_of_a_patch(tmp_path, form):
    patch = tmp_path / "x.patch"
    patch.write_bytes(form("Lab: pipe\n\n" + GOOD))
    assert labs.validate(patch, labs.load("pipe")) is None
    assert labs.text_of(patch).decode() == "Lab: pipe\n\n" + GOOD


def test_the_others_of_a_class_tell_the_lab(tmp_path):
    (tmp_path / "good.patch").write_text("Lab: pipe\n\n" + GOOD.replace("Pipes and", "Not"))
    (tmp_path / "empty.patch").write_bytes(b"")
    (tmp_path / "huge.patch").write_bytes(b"x" * (1 << 21))
    grade(*sorted(tmp_path.glob("*.patch")), out=tmp_path / "out")
    notes = {name: json.loads((tmp_path / f"out/{name}.json").read_text()) for name in ("empty", "huge")}
    assert [(r["of"], r["notes"]) for r in notes.values()] == [(100, ["refused: the file is empty"]),
                                                              (100, ["refused: the file has 2048 KiB: no hand-in is that large"])]


class Script:
    """In place of grading.boot(): each boot's events come from a list; what was asked for is kept."""
    def __init__(self, monkeypatch, boots, flood=0):
        self.boots, self.asked, self.total = list(boots), [], flood
        monkeypatch.setattr(grading, "boot", self.boot)
        monkeypatch.setattr(grading, "Gdb", lambda elf: None)

    def boot(self, gdb, elf, run_dir, lab, plan, check):
        self.asked.append((lab["append"], [(item["test"], item["number"]) for item in plan]))
        return self.boots.pop(0), self

    def text(self):
        return ""


def passed(test):
    return [{"event": "begin", "test": test, "limit": 9}, {"event": "end", "instructions": 1}]


def test_a_hang_costs_no_boot_for_other_phases(monkeypatch):
    """One phase hung: the test's points are lost. One that only failed goes on in the same boot."""
    hang = [{"event": "begin", "limit": 9}, {"event": "hang", "limit": 9}]
    asked = Script(monkeypatch, [passed("a") + hang, passed("c")]).asked
    items = [{"test": t, "number": n, "program": "p", "fork": True} for t, n in (("a", 0), ("b", 0), ("b", 1), ("b", 2), ("c", 0))]
    done = grading.Boots(labs.load("pipe"), None).run(items)
    assert [(item["test"], outcome["verdict"]) for item, outcome in done] == [("a", "pass"), ("b", "hang"), ("c", "pass")]
    assert [plan for _, plan in asked] == [[("a", 0), ("b", 0), ("b", 1), ("b", 2), ("c", 0)], [("c", 0)]]


def test_who_floods_the_console_is_booted_quietly(monkeypatch):
    hang = [{"event": "begin", "limit": 9}, {"event": "hang", "limit": 9}]
    asked = Script(monkeypatch, [hang, hang], flood=grading.FLOOD + 1).asked
    boots = grading.Boots(labs.load("pipe"), None)
    boots.run([{"test": t, "number": 0, "program": "p", "fork": True} for t in "ab"])
    assert [words for words, _ in asked] == ["", " loglevel=1"]
    assert boots.lines == ["the console was flooded: more than 256 KiB in one boot"]


def test_a_look_around_in_gdb_has_no_limit(monkeypatch):
    """From where gdb stands, watch() only waits for its end."""
    calls = []

    class Machine:
        clock = runs = stop = lambda self: calls.append("machine")

    class Gdb:
        process = type("", (), {"wait": lambda self: calls.append("waited")})()
        heard = lambda self, seconds: [{"event": "stands"}]
    assert [e["event"] for e in run.watch(Machine(), Gdb())] == [] and calls == ["waited"]


def test_names_may_be_anything(tmp_path):
    names = ["-rf.patch", "$(touch x).patch", "a b\n'c\".patch", "ü.patch", "one/x.patch", "two/x.patch", ".patch"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    grade("--lab", "pipe", "--out", "out", "--", *names, cwd=tmp_path)
    assert len(list((tmp_path / "out").glob("*.json"))) + len(list((tmp_path / "out").glob(".*.json"))) == len(names)
    assert not (tmp_path / "x").exists()
    assert {json.loads(p.read_text())["handin"] for p in (tmp_path / "out").glob("*.json")} == set(names)


@pytest.mark.xdist_group("same")
def test_four_graders_at_once_agree(tmp_path):
    """Four processes, each with the same two hand-ins: eight results, two texts."""
    lab = labs.load("pipe")
    patches = [matrix.patch_of(lab, "solution", {f: (TOP / f).read_text() for f in lab["files"]}),
               matrix.patch_of(lab, "end-of-file-sleeps", holes.wrong_texts(TOP, lab, TOP / "labs/pipe/wrong/end-of-file-sleeps.c"))]
    graders = [subprocess.Popen([sys.executable, GRADE, *patches, "--out", tmp_path / str(n)], stdout=subprocess.DEVNULL, env=labs.environment())
            for n in range(4)]
    assert [grader.wait(LONG) for grader in graders] == [0] * 4
    for name in ("solution.json", "end-of-file-sleeps.json", "class.csv"):
        texts = {(tmp_path / str(n) / name).read_text() for n in range(4)}
        assert len(texts) == 1, f"{name}: {len(texts)} different results"
    assert json.loads((tmp_path / "0/solution.json").read_text())["points"] == 100


@pytest.mark.xdist_group("same")        # they write the same patches
def test_ten_grades_are_one(tmp_path):
    """Hand-ins that are right, that hang and that come too late, ten times; from the sixth on beside a busy host."""
    lab = labs.load("pipe")
    patches = [matrix.patch_of(lab, "solution", {f: (TOP / f).read_text() for f in lab["files"]}), evil(tmp_path, "hangs"), evil(tmp_path, "late")]
    load = []
    try:
        for n in range(10):
            if n == 5:
                load = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2 * os.cpu_count())]
            grade(*patches, "-j2", out=tmp_path / str(n))
    finally:
        for process in load:
            process.kill()
            process.wait()
    for name in ("solution.json", "hangs.json", "late.json", "class.csv"):
        texts = {(tmp_path / str(n) / name).read_text() for n in range(10)}
        assert len(texts) == 1, f"{name}: {len(texts)} different results"


def make(*words, cwd=TOP, check=True):
    run = subprocess.run(["make", "-s", *words], cwd=cwd, capture_output=True, text=True, env=labs.environment(), timeout=LONG)
    assert not check or run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", labs.names())
def test_no_solution_in_a_students_tree(tmp_path, name):
    """Not in the files, not in the history, not in wrong/: no three lines of a hole's body follow each other anywhere,
    but where another function of the tree has just these."""
    lab = labs.load(name)
    labs.new_tree(name, tmp_path / "tree")
    files = {str(p.relative_to(tmp_path / "tree")): p.read_text(errors="replace") for p in (tmp_path / "tree").rglob("*")
             if p.is_file() and ".git/" not in str(p)}
    assert not [f for f in files if "wrong/" in f or f.startswith("labs/lib/matrix")]
    assert {f.split("/")[1] for f in files if f.startswith("labs/")} == {name, "lib", "grade", "lab", "student"}

    def plain(lines):
        return [line.strip() for line in lines if line.strip()]

    def body_of(hole):
        text = (TOP / hole["file"]).read_text()
        first, last = holes.place(hole["file"], text, hole["function"])
        return plain(text.split("\n")[first + 1:last])

    def elsewhere(f, lines):
        """How often the tree has these lines in f outside of the holes."""
        whole = "\n".join(plain((TOP / f).read_text().splitlines())) if (TOP / f).exists() else ""
        return whole.count(lines) - sum("\n".join(body_of(h)).count(lines) for h in lab["hole"] if h["file"] == f)

    everything = {f: "\n".join(plain(text.splitlines())) for f, text in files.items()}
    for hole in lab["hole"]:
        body = body_of(hole)
        stub = {line.strip() for line in hole.get("stub", "").splitlines()}
        for three in zip(body, body[1:], body[2:]):
            if len(set(three) - stub - {"{", "}"}) == 3 and sum(map(len, three)) > 60:
                lines = "\n".join(three)
                found = [f for f, t in everything.items() if lines in t and t.count(lines) > elsewhere(f, lines)]
                assert not found, f"{hole['function']}: {three} is in {found}"
    log = subprocess.run(["git", "rev-list", "--all", "--count"], cwd=tmp_path / "tree", capture_output=True, text=True).stdout
    assert log.strip() == "1"


def test_a_students_way(tmp_path):
    """make lab, a refused hand-in, a good one, grade, gdb at the failure; messages for what goes wrong."""
    tree = tmp_path / "my lab"
    assert "the labs are: " in make("lab", "LAB=nothing", f"DIR={tree}", check=False)
    make("lab", "LAB=pipe", f"DIR={tree}")
    assert "not empty" in make("lab", "LAB=pipe", f"DIR={tree}", check=False)
    assert make("build/cutaway.elf", cwd=tree) == ""
    assert "nothing is changed" in make("handin", cwd=tree, check=False)
    assert f"{KEPT} of 100" in make("grade", cwd=tree)
    text = (tree / "fs/pipe.c").read_text()
    (tree / "mm/mm.h").write_text((tree / "mm/mm.h").read_text() + "\n")
    (tree / "fs/more.c").write_text("/* */\n")
    refused = make("handin", cwd=tree, check=False)
    assert "fs/pipe.c only" in refused and "mm/mm.h" in refused and "fs/more.c" in refused
    subprocess.run(["git", "checkout", "-q", "mm/mm.h"], cwd=tree, check=True)
    (tree / "fs/more.c").unlink()
    (tree / "fs/pipe.c").write_text(text.replace("return -ENOSYS;", "return 0;", 1))
    make("handin", cwd=tree)
    out = grade("-j1", tree / "pipe.patch", out=tmp_path / "out")
    rerun = re.search(r"in gdb: +labs/grade (.*--debug read_blocks.*)", out)
    assert rerun, out
    gdb = subprocess.run(f"labs/grade {rerun[1]}", shell=True, cwd=TOP, input="info symbol $pc\nct-ps\n", capture_output=True, text=True,
                         env=labs.environment(), timeout=LONG)
    assert "checkpoint" in gdb.stdout and "lab_read_blocks" in gdb.stdout and "PID  TGID" in gdb.stdout, gdb.stdout + gdb.stderr


def test_labs_keep_their_contract():
    for name in labs.names():
        assert not list(labs.complaints(labs.load(name))), name


def test_too_little_state_is_a_complaint():
    """30 % from what the grader reads itself, and a test at phases of the timer that nobody has seen."""
    lab = labs.load("pipe")
    for test in lab["test"]:
        test["state"] = test["state"] if test["name"] in ("read_blocks", "write_blocks") else None
    assert list(labs.complaints(lab)) == ["20 of 100 points come from state: less than 30 %"]
    lab = labs.load("pipe")
    for test in lab["test"]:
        test["seeds"] = 0
    assert list(labs.complaints(lab)) == ["no test runs at hidden phases of the timer (seeds)"]


def test_handouts_name_what_is_there():
    """Up to where they speak of Linux, as make book looks at docs/."""
    sys.path.insert(0, str(TOP / "tools"))
    import book
    others = ("sys_whoruns", "getauxval()", "xxx_index()")         # to be written, of libc, a pattern
    for page in sorted((TOP / "labs").glob("*/README.md")) + sorted((TOP / "labs").glob("*/hints/*.md")):
        text = re.split(r"^## In Linux", page.read_text(), flags=re.M)[0]
        bad = [code for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
               if code not in others and not book.exists(code)]
        assert not bad, f"{page.relative_to(TOP)}: {bad}"
