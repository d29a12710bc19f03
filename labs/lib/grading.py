"""Grades a hand-in: a copy of the starter, the patch, make, the boots, and a verdict for each test.

A result is a plain dictionary, the same for the same hand-in on any host: no times of the host, no paths of temporary files. Only "seen" is not:
what a machine that had to be stopped was doing then. It is shown, and not kept.
"""
import hashlib
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import lab as labs
from holes import functions
from run import FLOOD, Gdb, boot

TICK = 1_000_000                        # guest instructions from one timer interrupt to the next


def delay(word, lab, test, number):
    """The hidden phase: how many instructions pass before a test begins."""
    seed = hashlib.sha256(f"{word}/{lab}/{test}/{number}".encode()).digest()
    return 1000 + int.from_bytes(seed[:6], "big") % TICK


def plan_of(lab, word, only=None):
    """The tests in order, one item for each phase."""
    for test in lab["test"]:
        for number in range(max(1, test["seeds"])):
            yield {"test": test["name"], "program": test["program"], "limit": test["limit"], "state": test["state"], "fork": test["fork"],
                   "delay": delay(word, lab["name"], test["name"], number) if test["seeds"] else 1000, "number": number}


def build(tree):
    """None, or why the kernel doesn't build, in the compiler's words."""
    def limits():
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))      # of each process: a hand-in may include /dev/zero
    try:
        code, out = labs.sh("make", "-s", "build/cutaway.elf", cwd=tree, check=False, timeout=600, preexec_fn=limits)
    except subprocess.TimeoutExpired:
        return "make did not end"
    if not code:
        return None
    lines = [line for line in out.replace(f"{tree}/", "").splitlines() if re.search(r"error|warning|undefined|multiple definition|out of memory", line)]
    return "\n".join((lines or out.splitlines()[-5:])[:6])


def tree_of(lab, patch):
    """(directory that holds tree/, complaint): a clean starter with the patch in it, built. The caller removes it."""
    where = Path(tempfile.mkdtemp(prefix="lab-"))
    labs.copy(labs.starter(lab) / "tree", where / "tree")
    if patch is not None:
        (where / "patch").write_bytes(labs.text_of(patch))
        code, out = labs.sh("git", "apply", "--whitespace=nowarn", where / "patch", cwd=where / "tree", check=False)
        if code:
            lines = [line for line in out.splitlines() if line.startswith("error")]
            return where, "does not apply to the starter: " + "; ".join(lines or [out.strip()])
    why = build(where / "tree")
    return where, "does not build:\n" + why if why else None


BROKEN = ("hang", "panic", "reset", "forged", "no boot")


class Boots:
    """Runs a plan in as few boots as it takes, and collects what happened to each item."""
    def __init__(self, lab, elf):
        self.lab, self.elf, self.starter = lab, elf, labs.starter(lab)
        self.check = self.starter / "tree/labs" / lab["name"] / "check.py"
        self.lines, self.plans, self.booted, self.dead, self.words = [], [], False, None, lab["append"]
        self.gdb = Gdb(elf)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.gdb.close()

    def run(self, plan):
        """[(item, outcome)]; an outcome has verdict and what belongs to it."""
        done = []
        for program in dict.fromkeys(item["program"] for item in plan):
            mine = [item for item in plan if item["program"] == program]
            together = [item for item in mine if item["fork"]]
            for items in [[item] for item in mine if not item["fork"]] + [together]:
                while items:
                    outcomes = self.one(program, items) if not self.dead else [dict(self.dead) for _ in items]
                    if not self.booted and outcomes[0]["verdict"] == "no boot" and "hung" in outcomes[0]["why"]:
                        self.dead = outcomes[0]         # and would hang again: that costs a minute and says nothing new
                    done += zip(items, outcomes)
                    last, items = items[len(outcomes) - 1], items[len(outcomes):]
                    if "then" in outcomes[-1] or outcomes[-1]["verdict"] in BROKEN:     # its points are lost: no boots for its other phases
                        items = [item for item in items if item["test"] != last["test"]]
        return done

    def one(self, program, items):
        """One boot; outcomes for the first items, at least one."""
        self.plans.append((program, items, self.words))
        events, console = boot(self.gdb, self.elf, self.starter / "run" / program, self.lab | {"append": self.words}, items, self.check)
        outcomes, now = [], None
        for event in events:
            kind = event["event"]
            if kind == "begin":
                self.booted, now = True, {"verdict": "pass", "limit": event["limit"]}
            elif kind == "fail" and now:
                now.update(event, verdict="fail")
            elif kind == "end" and now:
                now["instructions"] = event["instructions"]
                outcomes.append(now)
                now = None
            elif kind in ("hang", "late", "panic", "reset", "forged"):
                if now:
                    self.broke(now, event, console)
                    outcomes.append(now)
                elif outcomes and kind != "forged":
                    self.note(f"after test {items[len(outcomes) - 1]['test']} the kernel {VERBS[kind]}{self.last_words(event, console)}")
                    now = None
                elif kind == "panic" or kind == "reset" or kind == "hang":
                    kind = "boot-" + kind
                now = None
            if kind.startswith("boot-"):
                why = f"the kernel {VERBS[kind[5:]]} before the tests could begin{self.last_words(event, console)}"
                outcomes += [{"verdict": "no boot", "why": why} | {k: event[k] for k in ("where", "tasks") if k in event}
                             for _ in items[len(outcomes):]]
        if console.total > FLOOD:
            self.note(f"the console was flooded: more than {FLOOD >> 10} KiB in one boot")
            self.words = self.lab["append"] + " loglevel=1"     # a serial line is slow: the boots that follow print less
        if not outcomes:
            outcomes = [{"verdict": "no boot", "why": "the machine never came to the first test"} for _ in items]
        return outcomes

    def broke(self, now, event, console):
        if now["verdict"] == "pass":
            now.update(event, verdict={"late": "hang"}.get(event["event"], event["event"]))
            if event["event"] == "panic":
                now["why"] = self.last_words(event, console)
        else:
            now["then"] = event["event"]

    @staticmethod
    def last_words(event, console):
        found = re.findall(r"Kernel panic - not syncing: (.*)", console.text())
        return f": {found[-1]}" if found and event["event"] == "panic" else ""

    def note(self, line):
        if line not in self.lines:
            self.lines.append(line)


VERBS = {"panic": "panicked", "reset": "reset the machine (a triple fault, most often)", "hang": "hung"}


def million(n):
    return f"{n / 1e6:.1f} million" if n >= 100_000 else str(n)


def describe(test, outcome):
    """What happened, in a line or two."""
    verdict, where = outcome["verdict"], " < ".join(outcome.get("where") or [])
    if verdict == "pass":
        return f"as expected, in {million(outcome['instructions'])} instructions"
    if verdict == "fail" and outcome["how"] == "check":
        return f"{outcome['file']}:{outcome['line']}: {outcome['text']}"
    if verdict == "fail" and outcome["how"] == "state":
        return f"the kernel's state at {outcome['at']!r}: {outcome['expected']}, but {outcome['text']}" if "at" in outcome else outcome["text"]
    if verdict == "fail":
        return outcome["text"] + (f"\nthe kernel said: {outcome['said']}" if outcome.get("said") else "")
    if verdict == "hang":
        return f"it was not done within {million(test['limit'])} instructions"
    if verdict == "panic":
        return f"the kernel panicked{outcome['why']}\n{where}"
    if verdict == "reset":
        return "the kernel " + VERBS["reset"]
    if verdict == "forged":
        return f"not counted: {outcome['text']}"
    return outcome.get("why", verdict)


def seen(outcome, own):
    """Where a machine was that had to be stopped: for reading only, it was stopped at no certain instruction. What the hand-in's
    own functions call changes from look to look, so it is left out."""
    where = outcome.get("where") or []
    mine = [nr for nr, name in enumerate(where) if name in own]
    where = " < ".join(where[mine[-1] if mine else 0:])
    return ([f"processor: {where}"] if where else []) + outcome.get("tasks", [])[1:6] if outcome["verdict"] == "hang" else []


def grade(lab, patch, name, word, rerun):
    """The result of one hand-in, the same on any host but for "seen". patch None: the starter itself. rerun(test): the command that debugs this test."""
    result = {"handin": name, "lab": lab["name"], "points": 0, "of": sum(t["points"] for t in lab["test"]), "notes": [], "tests": []}
    why = labs.validate(patch, lab) if patch is not None else None
    if why:
        result["notes"].append(f"refused: {why}")
        return result
    where = None
    try:
        where, why = tree_of(lab, patch)
        if why:
            result["notes"].append("the hand-in " + why)
            return result
        own = {name for path in lab["files"] for name in functions(path, (where / "tree" / path).read_text(errors="replace"))}
        outcomes = {}
        with Boots(lab, where / "tree/build/cutaway.elf") as boots:
            for item, outcome in boots.run(list(plan_of(lab, word))):
                outcomes.setdefault(item["test"], []).append(outcome)
        result["notes"] += boots.lines
    finally:
        if where:
            shutil.rmtree(where, ignore_errors=True)
    for test in lab["test"]:
        mine = outcomes[test["name"]]
        worst = next((o for o in mine if o["verdict"] != "pass"), mine[0])
        passed = worst["verdict"] == "pass"
        happened = describe(test, worst)
        if not passed and test["seeds"] > 1:
            happened += f"\n(at {sum(o['verdict'] != 'pass' for o in mine)} of {len(mine)} phases of the timer that were tried)"
        entry = {"name": test["name"], "points": test["points"] if passed else 0, "of": test["points"], "kind": test["kind"],
                 "verdict": worst["verdict"], "expected": test["expect"], "happened": happened.strip()}
        if "instructions" in worst:
            entry["instructions"] = worst["instructions"]
        if not passed:
            entry |= {"hint": test["hint"], "rerun": rerun(test["name"]), "seen": seen(worst, own)}
        result["tests"].append(entry)
    result["points"] = sum(t["points"] for t in result["tests"])
    if result["tests"] and all(t["verdict"] == "no boot" for t in result["tests"]):
        result["notes"].append(result["tests"][0]["happened"])
    return result


def report(result, hints=None):
    """For reading: a paragraph for each test."""
    lines = [f"{result['handin']}: lab {result['lab']}, {result['points']} of {result['of']} points"]
    lines += ["  " + line for note in result["notes"] for line in note.splitlines()]
    for test in result["tests"]:
        lines.append(f"\n  {test['points']:3}/{test['of']:<3} {test['name']}")
        lines.append(f"          expected: {test['expected']}")
        first, *more = test["happened"].splitlines() or [""]
        lines.append(f"          happened: {first}")
        lines += [f"                    {line}" for line in more + test.get("seen", [])]
        if "hint" in test:
            lines.append(f"          hint:     labs/{result['lab']}/{test['hint']}")
            lines.append(f"          in gdb:   {test['rerun']}")
    return "\n".join(lines)


def debug(lab, patch, name, word):
    """Grades quietly to find the boot in which a test failed, and takes gdb to the same point of the same boot."""
    if name not in [t["name"] for t in lab["test"]]:
        raise labs.LabError(f"lab {lab['name']} has no test {name}; it has: {' '.join(t['name'] for t in lab['test'])}")
    where, why = tree_of(lab, patch)
    try:
        if why:
            raise labs.LabError("the hand-in " + why)
        elf = where / "tree/build/cutaway.elf"
        items = list(plan_of(lab, word))
        with Boots(lab, elf) as boots:
            mine = [(item, outcome) for item, outcome in boots.run(items) if item["test"] == name]
        item, outcome = next((pair for pair in mine if pair[1]["verdict"] != "pass"), mine[0])
        program, plan, words = next(entry for entry in reversed(boots.plans) if item in entry[1])
        plan = plan[:plan.index(item) + 1]
        print(f"test {name}: {outcome['verdict']}\n  {describe(item, outcome)}\ngdb stops there (a test that passes: where it begins).", flush=True)
        gdb = Gdb(elf, debug={"test": name, "number": item["number"], "passes": outcome["verdict"] == "pass"})
        boot(gdb, elf, boots.starter / "run" / program, lab | {"append": words}, plan, boots.check)
        gdb.close()
    finally:
        shutil.rmtree(where, ignore_errors=True)


def quoted(path):
    return shlex.quote(str(path))
