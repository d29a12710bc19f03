#!/usr/bin/python3
"""compare.py PROG [ARG...]: one static program on this machine's Linux under strace, and in the guest under the
kernel's tracer: system calls, output and exit status side by side.

    make compare PROG=build/user/segments
    make compare PROG=build/tests/fs/dir ARGS="rename_directories"

What may differ is named before it is compared: a pointer is ptr, the process is pid1, its second child pid1.2; six
random characters of a name in /tmp are XXXXXX.  Calls that Linux's vDSO answers are left out.  Calls are compared
process by process.  In the middle column: | differs, < only on Linux, > only here, * the first difference.
Exits 0 when all is the same, 1 when not, 2 when the program can't be run.
"""
import difflib
import errno
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import guest
from cutaway import Failed, archive

ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "linux"}
NAMES = {"newstat": "stat", "newlstat": "lstat", "newfstat": "fstat", "newuname": "uname", "sendfile64": "sendfile"}
POINTERS = {"addr", "start", "brk", "old_addr", "new_addr", "newsp", "stack"}		# numbers that are addresses
ADDRESSES = {"brk", "mmap", "mremap"}							# calls that return one
FORKS = {"fork", "vfork", "clone", "clone3"}
VDSO = {"clock_gettime", "gettimeofday", "time", "getcpu", "clock_getres"}
PIDS = FORKS | {"getpid", "gettid", "getppid", "wait4", "waitid", "set_tid_address", "getpgrp",
        "getpgid", "getsid", "setsid"}
ERRORS = {**errno.errorcode, 512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK"}
# call: (argument that tells, whether the rest counts then, how many are left otherwise)
OPTIONAL = {"open": (1, lambda n: n & 0x40, 2), "openat": (2, lambda n: n & 0x40, 3), "mremap": (3, lambda n: n & 2, 4),
            "fcntl": (1, lambda n: n not in (1, 3, 9, 11), 2), "prctl": (0, lambda n: False, 2),
            "clone": (0, lambda n: False, 2), "mknod": (1, lambda n: n & 0x2000, 2), "mknodat": (2, lambda n: n & 0x2000, 3)}
WIDTH = 62


def why_not(program):
    """Why this can't be compared, or None."""
    if not program.is_file() or not os.access(program, os.X_OK):
        return f"{program} is no program"
    data = program.read_bytes()
    if data[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", data, 18)[0] != 62:
        return f"{program} is not an ELF program for x86-64 (a script? name its interpreter)"
    offset, = struct.unpack_from("<Q", data, 32)
    size, number = struct.unpack_from("<HH", data, 54)
    if any(struct.unpack_from("<I", data, offset + i * size)[0] == 3 for i in range(number)):
        return (f"{program} is not static: it needs ld.so and libraries, which differ between here and the guest. "
                "Link it with -static (musl-gcc -static does, make user too)")
    return None


def table():
    """{name as strace has it: [(type, name) of each argument]} from kernel/syscalls.tbl.h."""
    calls = {}
    for name, args in re.findall(r"^SYSCALL\(-?\d+, -?\d+, (\w+), \((.*)\)\)$", (guest.TOP / "kernel/syscalls.tbl.h").read_text(), re.M):
        calls[NAMES.get(name, name)] = [(kind.strip(), arg) for kind, arg in re.findall(r"([^,]*[ *])(\w+)(?:, |$)", args)]
    return calls


class Call:
    def __init__(self, pid, name, args):
        self.pid, self.name, self.args, self.ret = pid, name, args, None


def number(text):
    """As strace and the kernel write them: decimal, 0x, octal with a 0 before it.  None: no number."""
    if re.fullmatch(r"-?(0x[0-9a-f]+|\d+)", text):
        return int(text, 16 if "x" in text else 8 if text.lstrip("-").startswith("0") else 10)
    return {"NULL": 0, "AT_FDCWD": -100}.get(text)


class Namer:
    """Calls as text in which only what matters is left."""
    def __init__(self, calls):
        self.table, self.pids, children = table(), {calls[0].pid: "pid1"} if calls else {}, {}
        for call in calls:			# a child by its place among its parent's: the same, whoever ran first
            if call.name in FORKS and (call.ret or 0) > 0:
                children.setdefault(call.pid, []).append(call.ret)
        queue = list(self.pids)
        for pid in queue:
            for nr, child in enumerate(children.get(pid, []), 1):
                self.pids[child] = f"{self.pids[pid]}.{nr}"
                queue.append(child)
        for call in calls:
            self.pids.setdefault(call.pid, f"process {len(self.pids) + 1}")

    def argument(self, text, kind, name):
        n = number(text)
        if text.startswith('"'):		# the kernel keeps 63 bytes of it
            data = text[1:text.rindex('"')].encode("latin-1").decode("unicode_escape").encode("latin-1")[:63]
            data = re.sub(rb"(/tmp/[\w-]*\.)\w{6}\b", rb"\1XXXXXX", data)
            return repr(data)[1:] if kind.startswith("const char") else "ptr"
        if "*" in kind:
            return "NULL" if n == 0 else "ptr"
        if n is None:
            return text
        if kind == "pid_t" and abs(n) > 1:
            return "-" * (n < 0) + self.pids.get(abs(n), "pid?")
        if n and (name in POINTERS or name.startswith("arg") and n >= 1 << 16 or not kind and not 0 <= n < 1 << 20):
            return "ptr"
        if kind in ("int", "pid_t", "unsigned", "umode_t", "uid_t", "gid_t"):
            n = (n & 0xffffffff ^ 1 << 31) - (1 << 31)
        return str(n) if abs(n) < 10 or kind in ("int", "pid_t") and n < 64 else hex(n)

    def text(self, line):
        """A line of output: addresses and process numbers have no say."""
        line = re.sub(r"\b(0x)?[0-9a-f]{8,16}\b", "ptr", re.sub(" +", " ", line))
        return re.sub(r"\b\d+\b", lambda found: self.pids.get(int(found[0]), found[0]), line)

    def result(self, call):
        if call.ret is None:
            return "?"
        if -4096 < call.ret < 0:
            return "-" + ERRORS.get(-call.ret, str(-call.ret))
        if call.name in ADDRESSES:
            return "ptr"
        return self.pids.get(call.ret, "pid?") if call.name in PIDS and call.ret else str(call.ret)

    def line(self, call):
        if call.name.startswith("syscall_"):	# strace's for a number without a name
            return f"{number(call.name[8:])}() = {self.result(call)}"
        kinds = self.table.get(call.name, []) + [("", "")] * 6
        args = [self.argument(text, *kind) for text, kind in zip(call.args, kinds)]
        if call.name == "rt_sigreturn":
            args = []
        if call.name in OPTIONAL:		# strace leaves out what the kernel does not look at
            at, needs, keep = OPTIONAL[call.name]
            args = args if needs(number(call.args[at])) else args[:keep]
        return f"{call.name}({', '.join(args)}) = {self.result(call)}"


def split(text):
    """Arguments at commas outside of quotes and brackets."""
    return [a.strip() for a in re.findall(r'(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|[^,"\[{])+', text)]


def strace(program, args):
    """(calls, output, status) on this machine."""
    with tempfile.TemporaryDirectory() as where:
        log, out = Path(where) / "log", Path(where) / "out"
        with open(out, "w") as file:
            done = subprocess.run(["strace", "-f", "-X", "raw", "-xx", "-s", "63", "-e", "verbose=none", "-e", "signal=none", "-o", log,
                                   program, *args], stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=ENV, cwd="/")
        calls, unfinished = [], {}
        for line in log.read_text(errors="replace").splitlines():
            pid, text = re.match(r"(\d+) +(.*)", line).groups()
            if found := re.match(r"<\.\.\. \w+ resumed>(.*)", text):
                call, head = unfinished.pop(pid)
                text = head + found[1]
            elif found := re.match(r"(\w+)\((.*?)(?: <unfinished \.\.\.>|\) += \?$|\) += )", text + ")"):
                call, head = Call(int(pid), found[1], []), text.split(" <unfinished")[0]
                calls.append(call)
            else:
                continue			# +++ exited
            if "<unfinished" in text:
                unfinished[pid] = call, head
                text = head + ") = ?"
            found = re.match(r"\w+\((.*)\) += (\?|-?0x[0-9a-f]+|-?\d+) ?(\w*)", text)
            call.args = split(found[1])
            if call.name == "clone":		# clone(child_stack=0x7ff..., flags=0x4100|17)
                words = dict(word.split("=", 1) for word in call.args)
                call.args = [hex(sum(map(number, words["flags"].split("|")))), words["child_stack"]]
            call.ret = next((-n for n, name in ERRORS.items() if name == found[3]), None if found[2] == "?" else number(found[2]))
        return [call for call in calls if call.name not in VDSO], out.read_text(errors="replace"), done.returncode if done.returncode >= 0 else 128 - done.returncode


def in_guest(program, args):
    """(calls, output, status) in Cutaway: of the program's process, from its exec on, and of those it forked."""
    with tempfile.NamedTemporaryFile(suffix=".cpio") as extra:
        extra.write(archive({"/compare/program": program}))
        extra.flush()
        os.environ["EXTRA"] = os.environ.get("EXTRA", "") + " " + extra.name
        words = shlex.join(["env", "-i", *(f"{k}={v}" for k, v in ENV.items()), str(program), *args])
        there = f"mkdir -p {shlex.quote(str(program.parent))}; cp /compare/program {shlex.quote(str(program))}"	# perhaps in a tmpfs
        trace, out, status = guest.run("trace", f"{there}; cd /; {words} </dev/null >/tmp/out 2>&1; s=$?; cat /tmp/out; exit $s",
                                       env={"TRACE_EVENTS": "syscalls:* sched:sched_process_fork", "TRACE_KB": os.environ.get("BUFFER", "4096")})
    calls, open_calls, ours = [], {}, set()
    for line in trace.decode(errors="replace").splitlines():
        found = re.match(r"\s*.{1,16}?-(\d+)\s+\[\d+\]\s+\S+\s+[\d.]+: (.*)", line)
        if not found:
            continue
        pid, text = int(found[1]), found[2]
        if enter := re.match(r"sys_(\w+)\((.*)\)$", text):
            name = NAMES.get(enter[1], enter[1])
            if name == "execve" and f'filename: "{str(program)[:63]}' in text:
                ours.add(pid)
            if pid in ours:
                open_calls[pid] = Call(pid, name, [a.split(": ", 1)[1] for a in split(enter[2])])
                calls.append(open_calls[pid])
        elif (leave := re.match(r"sys_\w+ -> (0x[0-9a-f]+)", text)) and pid in open_calls:
            value = int(leave[1], 16)
            open_calls.pop(pid).ret = value - (1 << 64) if value >> 63 else value
        elif (fork := re.match(r"(?:sched_process_fork: )?.*\bpid=(\d+) .*child_pid=(\d+)", text)) and int(fork[1]) in ours:
            ours.add(int(fork[2]))
    return [call for call in calls if call.name not in VDSO], out + "\n" if out else "", status


class Table:
    """Two columns; remembers whether a difference was there."""
    def __init__(self):
        self.differs = 0

    def row(self, left, mark, right):
        if mark.strip():
            self.differs += 1
            mark = "*" + mark if self.differs == 1 else mark
        print(f"{left[:WIDTH]:{WIDTH}} {mark:>2} {right[:WIDTH]}".rstrip())

    def both(self, left, right, left_key=str, right_key=str):
        keys = list(map(left_key, left)), list(map(right_key, right))
        for op, a, b, c, d in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
            for i in range(max(b - a, d - c)):
                one, two = left[a + i] if a + i < b else None, right[c + i] if c + i < d else None
                self.row(one or "", " " if op == "equal" else "<" if two is None else ">" if one is None else "|", two or "")

    def head(self, text):
        print(f"--- {text} " + "-" * (2 * WIDTH + 3 - len(text) - 5))


def by_process(namer, calls):
    lines = {}
    for call in calls:
        lines.setdefault(namer.pids[call.pid], []).append(namer.line(call))
    return lines


def main():
    if len(sys.argv) < 2 or not sys.argv[1]:
        sys.exit(__doc__)
    program = Path(sys.argv[1]).resolve()
    if why := why_not(program):
        print(f"compare: {why}", file=sys.stderr)
        return 2
    try:
        here, there = strace(program, sys.argv[2:]), in_guest(program, sys.argv[2:])
    except Failed as why:
        print(f"compare: {why}", file=sys.stderr)
        return 2
    out = Table()
    print(f"{'Linux ' + os.uname().release:{WIDTH}}    Cutaway")
    namers = Namer(here[0]), Namer(there[0])
    left, right = by_process(namers[0], here[0]), by_process(namers[1], there[0])
    for pid in dict.fromkeys([*left, *right]):
        out.head(f"system calls of {pid}")
        out.both(left.get(pid, []), right.get(pid, []))
    out.head("output")
    out.both(here[1].splitlines(), there[1].splitlines(), namers[0].text, namers[1].text)
    out.head("exit status")
    out.both([str(here[2])], [str(there[2])])
    print(f"\n{len(here[0])} calls on Linux, {len(there[0])} here: " + (f"{out.differs} lines differ, the first is marked *" if out.differs else "no difference"))
    return 1 if out.differs else 0


if __name__ == "__main__":
    sys.exit(main())
