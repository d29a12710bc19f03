#!/usr/bin/python3
"""trace.py: make trace.  What the kernel did while a command ran: build/trace.txt, trace.json and trace.html.

    CMD="nice -s 1" tools/trace.py         boots, runs it with all events on, writes the three
    tools/trace.py trace.txt [OUT.html]    makes the page of a trace that is there (Linux's ftrace text will do)

Words: OUT=build/trace (the three names without their ends)   EVENTS="sched:* syscalls:*" (all)   BUFFER=KB for each CPU
       MEM SMP EXTRA APPEND as for make run   ICOUNT=0: the host's time instead of 1 ns for each instruction
"""
import base64
import errno
import json
import os
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import guest

LINE = re.compile(r"\s*(.{1,16}?)-(\d+)\s+(?:\(.*?\)\s+)?\[(\d+)\]\s+(?:\S+\s+)?(\d+)\.(\d+): (.*)")
FIELD = re.compile(r"(\w+)=((?:(?! \w+=| ==>).)*)")
OFF, QUEUED, RUNNING, DEAD, UNINTERRUPTIBLE, STOPPED = range(6)
STATES = {"R": QUEUED, "S": OFF, "D": UNINTERRUPTIBLE, "T": STOPPED, "t": STOPPED, "X": DEAD, "Z": DEAD, "I": OFF}
KINDS = {"page_fault_user": "fault", "page_fault_kernel": "fault", "cow": "cow", "sched_process_fork": "fork",
         "sched_process_exec": "exec", "sched_process_exit": "exit", "signal_generate": "signal", "signal_deliver": "signal",
         "irq_handler_entry": "irq", "hrtimer_expire_entry": "timer", "contention_begin": "lock", "contention_end": "lock",
         "mm_page_alloc": "page", "mm_page_free": "page", "sched_wakeup": "wakeup", "sched_wakeup_new": "wakeup",
         "tracing_mark_write": "marker"}
SILENT = {"sched_switch", "sched_stat_runtime", "sched_enqueue", "irq_handler_exit"}


class Strings(dict):
    """Each text once: its number."""
    def __missing__(self, text):
        self[text] = len(self)
        return self[text]


class Trace:
    """Columns of numbers, made from the text in one pass; times are microseconds from the first event."""
    def __init__(self, text, progress=None):
        self.tasks, self.index, self.strings = [], {}, Strings()      # index: pid -> place in tasks
        self.states = {k: [] for k in ("task", "t", "state", "cpu")}
        self.calls = {k: [] for k in ("task", "t", "end", "name", "args", "ret")}
        self.marks = {k: [] for k in ("task", "t", "cpu", "kind", "name", "text")}
        self.vruntime = {k: [] for k in ("task", "t", "v")}
        self.open, self.last, self.cpus, self.prio = {}, {}, set(), {}
        self.events = self.end = 0
        self.first, self.lost, self.bad = None, 0, 0
        lines = text.split("\n")
        for nr, line in enumerate(lines):
            if line[:1] == "#":
                found = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", line)
                self.lost = int(found[2]) - int(found[1]) if found else self.lost
            elif line:
                found = LINE.match(line)
                if found:
                    self.event(*found.groups())
                else:
                    self.bad += 1
            if progress and not nr % 20000:
                progress.say(f"  parsing: {nr:,} of {len(lines):,} lines")
        for call in self.open.values():                               # never came back: exit, or the trace ended
            self.calls["end"][call] = self.end
        for task in self.tasks:
            task["prio"] = self.prio.get(task["pid"])

    def task(self, pid, comm=None):
        at = self.index.get(pid)
        if at is None:
            at = self.index[pid] = len(self.tasks)
            self.tasks.append({"pid": pid, "comm": comm or "?", "parent": None})
        elif comm and comm != "<...>":
            self.tasks[at]["comm"] = comm
        return at

    def state(self, pid, comm, t, state, cpu):
        if pid and self.last.get(pid) != (state, cpu):
            self.last[pid] = (state, cpu)
            for key, value in zip(self.states, (self.task(pid, comm), t, state, cpu)):
                self.states[key].append(value)

    def event(self, comm, pid, cpu, secs, frac, rest):
        stamp = int(secs) * 1000000 + int(frac[:6].ljust(6, "0"))
        if self.first is None:
            self.first = stamp
        t, cpu, pid = stamp - self.first, int(cpu), int(pid)
        self.end = max(self.end, t)
        self.events += 1
        self.cpus.add(cpu)
        at = self.task(pid, comm.strip())
        if rest.startswith("sys_"):
            return self.call(at, t, rest)
        name, _, args = rest.partition(": ")
        if name.startswith("sched_"):
            self.sched(name, dict(FIELD.findall(args)), t, cpu, pid)
        if name not in SILENT:
            row = (at, t, cpu, self.strings[KINDS.get(name, "other")], self.strings[name], self.strings[args])
            for key, value in zip(self.marks, row):
                self.marks[key].append(value)

    def call(self, at, t, rest):
        name, arrow, ret = rest.partition(" -> ")
        if arrow and "(" not in name:
            call = self.open.pop(at, None)
            if call is not None:
                self.calls["end"][call] = t
                self.calls["ret"][call] = self.strings[decode(ret)]
            return
        name, _, args = rest.partition("(")
        self.open[at] = len(self.calls["t"])
        for key, value in zip(self.calls, (at, t, t, self.strings[name[4:]], self.strings[args[:-1] if args.endswith(")") else args],
                                           self.strings["?"])):
            self.calls[key].append(value)

    def sched(self, name, f, t, cpu, pid):
        if name == "sched_switch":
            prev, after = int(f["prev_pid"]), int(f["next_pid"])
            self.prio[prev], self.prio[after] = int(f["prev_prio"]), int(f["next_prio"])
            self.state(prev, f["prev_comm"], t, STATES.get(f["prev_state"][0], OFF), cpu)
            self.state(after, f["next_comm"], t, RUNNING, cpu)
        elif name in ("sched_wakeup", "sched_wakeup_new"):
            woken = int(f["pid"])
            self.prio[woken] = int(f["prio"])
            if self.last.get(woken, (OFF,))[0] != RUNNING:
                self.state(woken, f["comm"], t, QUEUED, int(f["target_cpu"]))
        elif name == "sched_process_exit":
            call = self.open.pop(self.task(pid), None)                # exit_group, or what a signal ended
            if call is not None:
                self.calls["end"][call] = t
        elif name == "sched_process_fork":
            self.tasks[self.task(int(f["child_pid"]), f["child_comm"])]["parent"] = int(f["pid"])
        if "vruntime" in f:
            for key, value in zip(self.vruntime, (self.task(int(f["pid"]), f["comm"]), t, int(f["vruntime"].split()[0]))):
                self.vruntime[key].append(value)
            if "weight" in f:
                self.tasks[self.index[int(f["pid"])]]["weight"] = int(f["weight"])

    def page(self, command, status, output):
        return {"command": command, "status": status, "output": output, "events": self.events, "lost": self.lost, "end": self.end,
                "first": (self.first or 0), "cpus": sorted(self.cpus), "tasks": self.tasks, "strings": list(self.strings),
                "states": self.states, "calls": self.calls, "marks": self.marks, "vruntime": self.vruntime}

    def chrome(self):
        """Chrome's trace format: three processes, of CPUs, of tasks by their calls, and by when they run."""
        names, out = list(self.strings), []
        for cpu in sorted(self.cpus):
            out.append({"ph": "M", "pid": 0, "tid": cpu, "name": "thread_name", "args": {"name": f"CPU {cpu}"}})
        for pid, name in ((0, "CPUs"), (1, "tasks: calls and marks"), (2, "tasks: on a CPU")):
            out.append({"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}})
        for task, pid in ((task, pid) for task in self.tasks for pid in (1, 2)):
            out.append({"ph": "M", "pid": pid, "tid": task["pid"], "name": "thread_name", "args": {"name": f"{task['comm']}-{task['pid']}"}})
        since = {}
        for at, t, state, cpu in list(zip(*self.states.values())) + [(at, self.end, OFF, 0) for at in range(len(self.tasks))]:
            task = self.tasks[at]
            if at in since:
                start, on = since.pop(at)
                out.append({"ph": "X", "pid": 0, "tid": on, "ts": start, "dur": t - start, "name": f"{task['comm']}-{task['pid']}"})
                out.append({"ph": "X", "pid": 2, "tid": task["pid"], "ts": start, "dur": t - start, "name": f"runs on CPU {on}", "cat": "sched"})
            if state == RUNNING:
                since[at] = t, cpu
        for at, t, end, name, args, ret in zip(*self.calls.values()):
            out.append({"ph": "X", "pid": 1, "tid": self.tasks[at]["pid"], "ts": t, "dur": end - t, "name": names[name], "cat": "syscall",
                        "args": {"arguments": names[args], "result": names[ret]}})
        for at, t, _, kind, name, text in zip(*self.marks.values()):
            out.append({"ph": "i", "s": "t", "pid": 1, "tid": self.tasks[at]["pid"], "ts": t, "name": names[name], "cat": names[kind],
                        "args": {"": names[text]}})
        for at, t, v in zip(*self.vruntime.values()):
            out.append({"ph": "C", "pid": 1, "ts": t, "name": f"vruntime {self.tasks[at]['comm']}-{self.tasks[at]['pid']}", "args": {"ms": v / 1e6}})
        return {"traceEvents": out, "displayTimeUnit": "ns"}


def decode(ret):
    """A call's result as people read it: -2 ENOENT, 3, 0x7f..."""
    value = int(ret, 16) if ret.startswith("0x") else int(ret or 0)
    value -= 1 << 64 if value >= 1 << 63 else 0
    if -4096 < value < 0:
        return f"{value} {errno.errorcode.get(-value, '')}".strip()
    return str(value) if value < 1 << 31 else hex(value)


def write_page(path, trace, command, status, output):
    data = json.dumps(trace.page(command, status, output), separators=(",", ":"))
    path.write_text(guest.embed("trace.html", {"DATA": base64.b64encode(zlib.compress(data.encode(), 6)).decode()}))


def events_so_far(elf):
    """A function that counts the records in the kernel's rings, in the guest's memory; None without gdb."""
    ask = ["p/d (long)&rings - 0xffffffff80000000", "p/d &((struct ring *)0)->written", "p/d sizeof(struct ring)"]
    try:
        out = subprocess.run(["gdb", "-nx", "-batch", *(x for a in ask for x in ("-ex", a)), elf], capture_output=True, text=True).stdout
        at, written, size = (int(x) for x in re.findall(r"= (\d+)", out))
    except (OSError, ValueError):
        return None
    return lambda ram: sum(int.from_bytes(ram[p:p + 8], "little") for p in (at + cpu * size + written for cpu in range(64)))


def main():
    progress = guest.Progress()
    if len(sys.argv) > 1:
        source = Path(sys.argv[1])
        out = Path(sys.argv[2] if len(sys.argv) > 2 else source.with_suffix(".html"))
        write_page(out, Trace(source.read_text(errors="replace"), progress), source.name, 0, "")
        return print(f"trace: {out}")
    command = os.environ.get("CMD", "").strip() or guest.fail("trace", 'say what to run: make trace CMD="nice -s 1"')
    out, mem = Path(os.environ.get("OUT") or guest.BUILD / "trace"), os.environ.get("MEM") or "512"
    smp = os.environ.get("SMP") or "1"
    env = {"TRACE_KB": os.environ.get("BUFFER") or str(int(mem) * 1024 // 4 // int(smp)), "TRACE_EVENTS": os.environ.get("EVENTS") or "*:*"}
    try:
        data, output, status = guest.run("trace", command, mem, smp, env, events_so_far(guest.BUILD / "cutaway.elf"))
    except guest.Failed as why:
        guest.fail("trace", why)
    if output:
        print(output)
    if status == 127:
        guest.fail("trace", f"exit status 127: the guest's shell found no such command: {command}")
    start = time.time()
    files = [out.with_name(out.name + end) for end in (".txt", ".json", ".html")]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    files[0].write_bytes(data)
    trace = Trace(data.decode(errors="replace"), progress)
    if not trace.events:
        guest.fail("trace", f"no events came from the guest; {files[0]} is what it sent")
    files[1].write_text(json.dumps(trace.chrome(), separators=(",", ":")))
    write_page(files[2], trace, command, status, output)
    print(f"trace: exit status {status}, {trace.events:,} events in {trace.end / 1e6:.3f} s of the guest's time, "
          f"{len(trace.tasks)} tasks; written in {time.time() - start:.0f} s:")
    if trace.lost:
        print(f"trace: the buffer was too small: the first {trace.lost:,} events are lost (BUFFER={2 * int(env['TRACE_KB'])} MEM={2 * int(mem)})")
    for path, what in zip(files, ("ftrace's text", "for ui.perfetto.dev and chrome://tracing", "open it in a browser")):
        print(f"  {os.path.relpath(path):24} {path.stat().st_size / 1e6:6.1f} MB   {what}")


if __name__ == "__main__":
    main()
