"""A lab on disk: its lab.toml, the starter tree that is cut from the tree, and the cache of what is built.

    build/labs/base-HASH/        the tree, built: every starter's objects begin as a copy
    build/labs/NAME-HASH/tree/   the starter, built; read-only once it is there, so that any number of graders can copy it
    build/labs/NAME-HASH/run/    a directory for each test program: init, initrd
"""
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

from holes import LabError, starter_texts

TOP = Path(__file__).resolve().parents[2]
CACHE = TOP / "build/labs"
STUDENT = TOP / "labs/student"          # only in a student's tree: the name of its lab
TEACHERS = re.compile(r"^(\.ci/|docs/teaching\.md|labs/(README\.md|lib/matrix\.py|lib/test_\w+\.py|[^/]+/wrong/))")
HEADER = "Cutaway hand-in"
LARGEST = 1 << 20                       # bytes of a hand-in


def environment():
    """Ours, without what a make above us exported."""
    words = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "O", "ELF", "INITRAMFS", "ISO", "APPEND", "EXTRA", "LLVM", "V", "PYTHON", "CC",
             "LD", "CFLAGS", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
    return {k: v for k, v in os.environ.items() if k not in words} | {"LC_ALL": "C.UTF-8"}


def sh(*command, cwd=TOP, check=True, timeout=1200, **kw):
    run = subprocess.run([str(c) for c in command], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=timeout, **kw)
    out = run.stdout.decode(errors="replace")
    if check and run.returncode:
        raise LabError(f"{' '.join(map(str, command))}: status {run.returncode}\n{out.strip()}")
    return out if check else (run.returncode, out)


# ---- lab.toml ----------------------------------------------------------------------------------------------

def names():
    return sorted(p.parent.name for p in (TOP / "labs").glob("*/lab.toml"))


def load(name):
    path = TOP / "labs" / name / "lab.toml"
    if "/" in name or not path.exists():
        raise LabError(f"there is no lab {name!r}; the labs are: {' '.join(names())}")
    try:
        lab = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as e:
        raise LabError(f"{path}: {e}") from None
    lab = {"name": name, "append": "", "memory": 64, "hole": [], "test": []} | lab
    for test in lab["test"]:
        for key in ("name", "program", "points", "kind", "expect", "hint"):
            if key not in test:
                raise LabError(f"{path}: test {test.get('name', '?')} has no {key}")
        if test["kind"] not in ("hole", "kept"):
            raise LabError(f"{path}: test {test['name']}: kind is {test['kind']}, not hole or kept")
        test.setdefault("limit", 100_000_000)
        test.setdefault("state", None)
        test.setdefault("seeds", 0)
        test.setdefault("fork", True)
    for key in ("title", "files", "boots"):
        if key not in lab:
            raise LabError(f"{path} has no {key}")
    return lab


def complaints(lab):
    """What is wrong with a lab by its contract, as lines."""
    folder = TOP / "labs" / lab["name"]
    total = sum(t["points"] for t in lab["test"])
    read = sum(t["points"] for t in lab["test"] if t["state"])
    if not total or read < 0.3 * total:
        yield f"{read} of {total} points come from state: less than 30 %"
    if not any(t["seeds"] > 1 for t in lab["test"]):
        yield "no test runs at hidden phases of the timer (seeds)"
    for hole in lab["hole"]:
        if hole["file"] not in lab["files"]:
            yield f"hole {hole['function']}: {hole['file']} is not one of files"
        if ("stub" in hole) == ("remove" in hole):
            yield f"hole {hole['function']} needs stub or remove, one of them"
    check = (folder / "check.py").read_text() if (folder / "check.py").exists() else ""
    seen = set()
    for test in lab["test"]:
        if test["name"] in seen:
            yield f"two tests are called {test['name']}"
        seen.add(test["name"])
        if not (folder / test["hint"]).is_file():
            yield f"test {test['name']}: no {test['hint']}"
        source = folder / f"tests/{test['program']}.c"
        if not source.is_file() or not re.search(rf"^TEST\({test['name']}\)", source.read_text(), re.M):
            yield f"test {test['name']}: no TEST({test['name']}) in tests/{test['program']}.c"
        if test["state"] and not re.search(rf"^def {test['state']}\(at\)", check, re.M):
            yield f"test {test['name']}: no def {test['state']}(at) in check.py"
    if not (folder / "README.md").is_file():
        yield "no README.md: the handout"


# ---- the starter -------------------------------------------------------------------------------------------

def tracked():
    """The tree's files as they are now; what git would not commit is not the tree's."""
    code, out = sh("git", "ls-files", "-co", "--exclude-standard", "-z", check=False)
    if code:
        raise LabError(f"{TOP} is no git repository: {out.strip()}")
    return sorted(f for f in out.split("\0") if f and (TOP / f).is_file())


def kernel_files():
    return [f for f in tracked() if not f.startswith(("labs/", "tests/", "docs/", ".ci/", "user/"))]


def starter_files(lab):
    """{path: bytes} of a student's tree."""
    other = re.compile(rf"^labs/(?!{re.escape(lab['name'])}/|lib/)[^/]+/")
    files = {f: (TOP / f).read_bytes() for f in tracked() if not TEACHERS.match(f) and not other.match(f)}
    for path, text in starter_texts(TOP, lab).items():
        files[path] = text.encode()
    files["LAB.md"] = files.pop(f"labs/{lab['name']}/README.md", b"")
    files["labs/student"] = (lab["name"] + "\n").encode()
    return files


def write_tree(files, where):
    for path, data in files.items():
        target = where / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != data:
            target.write_bytes(data)
        if (TOP / path).is_file():
            target.chmod((TOP / path).stat().st_mode & 0o777)


def student_starter(where):
    """In a student's tree the starter is its first commit, whatever the files are now."""
    archive = subprocess.run(["git", "archive", "starter"], cwd=TOP, capture_output=True, env=environment())
    if archive.returncode:
        raise LabError("this tree has no tag `starter`: it was not made by make lab, or the tag was deleted "
                       "(git tag starter FIRST-COMMIT)")
    subprocess.run(["tar", "x", "-C", str(where)], input=archive.stdout, check=True)


def digest(files):
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return total.hexdigest()[:12]


def cached(name, make):
    """build/labs/NAME, made by make(directory) in a directory beside it that takes the name when it is complete."""
    CACHE.mkdir(parents=True, exist_ok=True)
    done = CACHE / name
    with open(CACHE / f".lock-{name.rsplit('-', 1)[0]}", "w") as lock:
        if not done.exists():
            fcntl.flock(lock, fcntl.LOCK_EX)        # two graders at once: the second one finds it made
        if not done.exists():
            fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
            try:
                make(fresh)
                fresh.chmod(0o755)
                fresh.rename(done)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            for old in CACHE.glob(name.rsplit("-", 1)[0] + "-" + "?" * 12):
                if old != done and old.stat().st_mtime < done.stat().st_mtime - 3600:
                    shutil.rmtree(old, ignore_errors=True)
    return done


def copy(source, target):
    """Times kept, so that make finds everything up to date."""
    sh("cp", "-a", "--reflink=auto", source, target)


def base():
    """The tree's kernel, built once for all labs. A warning is an error of the tree, and the compiler says so."""
    files = {f: (TOP / f).read_bytes() for f in kernel_files()}

    def make(where):
        write_tree(files, where)
        sh("make", "-s", "-j2", "build/cutaway.elf", cwd=where)
    return cached("base-" + digest(files), make)


def build_programs(lab, tree, where):
    """The lab's test programs: for each that has tests a directory with init and initrd."""
    folder = tree / "labs" / lab["name"] / "tests"
    programs, helpers = [], []
    for source in sorted(folder.glob("*.c")):
        (programs if re.search(r"^TEST\(", source.read_text(), re.M) else helpers).append(source)
    where.mkdir(parents=True)
    root = where / "root"
    for name in ("lab", "proc", "tmp", "dev", "sys"):
        (root / name).mkdir(parents=True)
    gcc = ["musl-gcc", "-static", "-no-pie", "-fno-pie", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-I", tree, "-I", tree / "labs/lib"]
    for source in helpers:
        sh(*gcc, "-o", root / "lab" / source.stem, source)
    for source in programs:
        out = where / source.stem
        out.mkdir()
        sh(*gcc, "-Wl,-Ttext-segment=0x10000000", "-Wl,--section-start=.checkpoint=0xf000000", "-o", out / "init", source)
        sh("strip", "-s", "-o", root / "init", out / "init")
        with open(out / "initrd", "wb") as archive:
            listing = "\n".join(sorted(str(p.relative_to(root)) for p in root.rglob("*"))) + "\n"
            subprocess.run(["cpio", "-o", "-H", "newc", "--owner", "0:0", "--reproducible", "--quiet"], cwd=root, check=True,
                           input=listing.encode(), stdout=archive)


@functools.cache
def starter_of(name):
    lab = load(name)
    if STUDENT.exists():
        commit = sh("git", "rev-parse", "--short=12", "starter^{tree}", check=False)[1].strip()

        def make(where):
            (where / "tree").mkdir()
            student_starter(where / "tree")
            sh("make", "-s", "-j2", "build/cutaway.elf", cwd=where / "tree")
            build_programs(lab, where / "tree", where / "run")
        return cached(f"{name}-{commit[-12:]}", make)
    files = starter_files(lab)

    def make(where):
        copy(base(), where / "tree")
        write_tree(files, where / "tree")
        sh("make", "-s", "-j2", "build/cutaway.elf", cwd=where / "tree")
        build_programs(lab, where / "tree", where / "run")
    return cached(f"{name}-{digest(files)}", make)


def starter(lab):
    """The cached, built starter of a lab: a directory with tree/ and run/."""
    return starter_of(lab["name"])


# ---- a student's tree and what comes back ---------------------------------------------------------------------

def new_tree(name, where):
    """make lab: a fresh repository with one commit."""
    lab = load(name)
    where = Path(where).expanduser().absolute()
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        raise LabError(f"{where} is there already and not empty: choose a new directory")
    if STUDENT.exists():
        raise LabError("this is a student's tree: labs are made from the whole tree")
    where.mkdir(parents=True, exist_ok=True)
    write_tree(starter_files(lab), where)
    who = ["-c", "user.name=Cutaway", "-c", "user.email=labs@cutaway", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
    sh("git", "init", "-q", "-b", "main", "--template=", cwd=where)
    sh("git", "add", "-A", cwd=where)
    sh("git", *who, "commit", "-q", "-m", f"Lab {name}: {lab['title']}", cwd=where)
    sh("git", *who, "tag", "starter", cwd=where)
    print(f"{where}: lab {name}, {lab['title']}. Read {where}/LAB.md, change {' '.join(lab['files'])}, then there:\n"
          f"    make run      make grade      make handin")


def student_lab():
    if not STUDENT.exists():
        raise LabError("this is not a student's tree; make one by: make lab LAB=pipe DIR=~/pipe")
    return load(STUDENT.read_text().strip())


def work_diff():
    """The student's patch: all changes since the starter, committed or not. Refuses what is not the lab's."""
    lab = student_lab()
    sh("git", "rev-parse", "--verify", "starter^{commit}", check=False)
    changed = sh("git", "diff", "--name-only", "-z", "starter").split("\0")
    new = sh("git", "ls-files", "-o", "--exclude-standard", "-z", "--", "*.c", "*.h", "*.asm", "Makefile").split("\0")
    foreign = sorted(f for f in set(changed + new) - {""} if f not in lab["files"])
    if foreign:
        raise LabError("this lab's hand-in may change " + " ".join(lab["files"]) + " only. Also changed:\n" +
                       "".join(f"    {f}\n" for f in foreign) +
                       "Take that back (git checkout starter -- FILE; a new file: move it away) and try again.")
    patch = sh("git", "diff", "--no-color", "--no-ext-diff", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "-U3", "starter", "--", *lab["files"])
    if not patch.strip():
        return ""
    return f"{HEADER}\nLab: {lab['name']}\n\n{patch}"


def hand_in(out):
    lab = student_lab()
    text = work_diff()
    if not text:
        raise LabError(f"nothing is changed yet in {' '.join(lab['files'])}")
    path = Path(out or TOP / f"{lab['name']}.patch")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    lines = [l for l in text.splitlines() if re.match(r"[+-](?![+-]{2} )", l)]
    print(f"{path}: {sum(l[0] == '+' for l in lines)} lines added, {sum(l[0] == '-' for l in lines)} taken away. Hand in this file.")


def lab_of(text):
    """Which lab a hand-in is for: by its header, else None."""
    m = re.search(r"^Lab: ([\w-]+)\s*$", text[:2000], re.M)
    return m[1] if m else None


def text_of(path):
    """A hand-in as git reads it: mail programs and Windows' shells turn a patch into UTF-16 or its line ends into CRLF."""
    if Path(path).stat().st_size > LARGEST:
        return None
    data = Path(path).read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")


def validate(path, lab):
    """Why a hand-in is refused, or None. Its text is read by git's own parser, with no tree that it could touch."""
    data = text_of(path)
    if data is None:
        return f"the file has {Path(path).stat().st_size >> 10} KiB: no hand-in is that large"
    if not data.strip():
        return "the file is empty"
    if b"\0" in data or b"\nGIT binary patch" in data or b"\nBinary files " in data:
        return "the file is binary; a hand-in is a text patch, made by make handin"
    text = data.decode(errors="replace")
    if m := re.search(r"^(?:new file mode|new mode|old mode|deleted file mode|rename (?:from|to)|copy (?:from|to)) .*", text, re.M):
        what = "makes a symbolic link" if "120000" in m[0] else "makes, deletes, renames or changes the mode of a file"
        return f"the patch {what} ({m[0]}); a hand-in changes lines of {' '.join(lab['files'])} only"
    with tempfile.TemporaryDirectory(prefix="lab-check-") as empty:
        (Path(empty) / "patch").write_bytes(data)
        code, out = sh("git", "apply", "--numstat", "-z", "patch", cwd=empty, check=False)
    if code:
        return f"git can't read it as a patch ({out.strip().splitlines()[-1] if out.strip() else 'no reason given'})"
    touched = [entry.split("\t", 2)[2] for entry in out.split("\0") if entry.count("\t") >= 2]
    named = set(re.findall(r"^(?:---|\+\+\+) (?:[ab]/)?(\S+)", text, re.M)) - {"/dev/null"}
    foreign = sorted(f for f in set(touched) | (named if not set(touched) <= set(lab["files"]) else set()) if f not in lab["files"])
    if foreign:
        return f"the patch touches {', '.join(foreign)}; this lab's hand-in may change {' '.join(lab['files'])} only"
    if not touched:
        return "the patch changes nothing"
    return None
