"""Runs inside gdb: takes the machine from checkpoint to checkpoint and tells the grader what happened.

LAB_ORDERS is where boots come from, a JSON object a line: socket, checkpoint (address), nonce, plan (the tests of this boot), check (path of
check.py), debug (stay at the failure). LAB_EVENTS is where events go, "over" at the end of each boot. The kernel under test may be
anything: whatever it has in its structures becomes text here, never a traceback.
"""
import contextlib
import json
import os
import re
import signal
import sys
import traceback

import gdb

ORDERS, EVENTS = os.fdopen(int(os.environ["LAB_ORDERS"])), os.fdopen(int(os.environ["LAB_EVENTS"]), "w")
CONFIG = {}                             # of the boot that is under way
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
TROUBLE = re.compile("Out of memory|segfault|WARNING|BUG|trap|unimplemented")
NEVER = 1 << 64
HELLO, NEXT, DELAY, BEGIN, FAIL, STATE, PASS, DONE, END = range(9)


def event(what, **words):
    EVENTS.write(json.dumps({"event": what, **words}) + "\n")
    EVENTS.flush()


class At:
    """What a function of check.py is given."""
    def __init__(self):
        self.where, self.args, self.keep, self.calls = "", (), {}, 0


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Finished(Exception):
    pass


def register(name):
    return int(gdb.parse_and_eval(f"(unsigned long)${name}")) & (1 << 64) - 1


def signed(value):
    return value - (1 << 64) if value >> 63 else value


class Driver:
    def __init__(self):
        import kernel
        self.kernel, self.plan, self.item, self.at, self.failed = kernel, list(CONFIG["plan"]), None, None, False
        self.until = NEVER                  # the guest's time at which a test has had its share
        self.checks = {"__name__": "check"}
        if CONFIG["check"]:
            with open(CONFIG["check"]) as file:
                exec(compile(file.read(), CONFIG["check"], "exec"), self.checks)

    def run(self):
        gdb.execute(f"target remote {CONFIG['socket']}", to_string=True)
        for place in (f"*{CONFIG['checkpoint']:#x}", "arch_reset"):
            gdb.execute(f"break {place}", to_string=True)
        event("boot")
        while True:
            try:
                gdb.execute("continue", to_string=True)
                pc = register("rip")
            except gdb.error:               # QEMU went: the machine was reset or switched off
                return event("reset")
            if not gdb.selected_inferior().pid:
                return event("reset")
            if pc == CONFIG["checkpoint"]:
                if not register("cs") & 3:
                    return event("forged", text="the kernel itself went to the test program's checkpoint")
                self.checkpoint()
            else:
                names = self.safely(self.kernel.backtrace)
                panic = self.kernel.symbol(pc) == "arch_reset"
                return event("panic" if panic else "stopped", where=names, tasks=self.safely(self.tasks))

    def safely(self, function):
        try:
            return function()
        except (gdb.error, self.kernel.Wrong, RecursionError, UnicodeError, OverflowError) as e:
            return [f"unreadable: {e}"]

    def tasks(self):
        """Each user task, its state and where it is."""
        lines, now = [], int(self.kernel.current())
        for p in self.kernel.tasks():
            if p["mm"]:
                where = "runs" if int(p) == now else " < ".join(self.kernel.sleeping(p))
                lines.append(f"PID {int(p['pid'])} {self.kernel.comm(p)} {self.kernel.state(p)}: {where}")
        return lines[:12]

    def answer(self, value):
        gdb.execute(f"set $rax = {value}", to_string=True)
        gdb.execute("set $rip = $rip + 1", to_string=True)

    def checkpoint(self):
        nonce, what, args = register("rdi"), register("rsi"), [register(r) for r in ("rdx", "rcx", "r8", "r9")]
        if what != HELLO and nonce != CONFIG["nonce"]:
            event("forged", text=f"a checkpoint came with {nonce:#x}, which is not this run's nonce")
            raise Finished
        if what == HELLO:
            return self.answer(CONFIG["nonce"])
        now = register("rax")
        if self.item and now > self.until:  # also what has failed since: the grader's clock may have been faster to see it
            event("late")
            raise Finished
        value = 0
        if what == NEXT:
            value = self.next()
        elif what == DELAY:
            value = self.item["delay"]
            self.until = now + value + self.item["limit"]
        elif what == BEGIN:
            self.look("begin", ())
            value = int(self.item["fork"])
        elif what == FAIL:
            self.fail("check", self.kernel.string(args[0]), line=signed(args[1]),
                      file=os.path.basename(self.kernel.string(args[2])))
        elif what == STATE:
            self.look(self.kernel.string(args[0]), tuple(signed(a) for a in args[1:]))
        elif what == PASS:
            self.item["passed"] = True
            if not self.item["fork"]:
                self.look("end", ())
        elif what == DONE:
            self.item["status"], self.item["instructions"] = args[0], args[1]
            self.until = NEVER
            event("done")
        elif what == END:
            if self.item["fork"]:
                self.look("end", ())
            self.end(args[0])
        self.answer(value)

    def next(self):
        if not self.plan:
            event("finished")
            raise Finished
        self.item, self.at, self.failed, self.until = dict(self.plan.pop(0), passed=False), At(), False, NEVER
        log = self.safely(lambda: int(self.kernel.var("log_head")))
        self.log = log if isinstance(log, int) else 0
        event("begin", test=self.item["test"], limit=self.item["limit"])
        if CONFIG["debug"] and CONFIG["debug"]["passes"] and self.wanted():
            gdb.execute(f"tbreak *{self.item['address']:#x}")
            self.answer(self.item["address"])
            raise Finished                  # `continue` goes to the test's first line
        return self.item["address"]

    def wanted(self):
        """Is this the test that the debug session is for?"""
        debug = CONFIG["debug"]
        return debug and (self.item["test"], self.item["number"]) == (debug["test"], debug["number"])

    def look(self, where, args):
        """Calls the test's function of check.py."""
        name = self.item and self.item["state"]
        if not name or self.failed:
            return
        if not where:
            return self.fail("state", "the test program's memory can't be read", expected="it can", at="a checkpoint")
        self.at.where, self.at.args, self.at.calls = where, args, self.at.calls + 1
        try:
            self.checks[name](self.at)
        except self.kernel.Wrong as e:
            self.fail("state", e.args[1], expected=e.args[0], at=where)
        except (gdb.error, RecursionError, OverflowError) as e:
            self.fail("state", f"the kernel's structures are broken: {e}", expected="they can be read", at=where)
        except Exception:
            self.fail("state", "check.py: " + traceback.format_exc().strip().splitlines()[-1], expected="the check runs", at=where)
            sys.stderr.write(traceback.format_exc())

    def fail(self, how, text, **words):
        if self.failed or not self.item:
            return
        self.failed = True
        if how == "died":                   # explains, no verdict comes from it
            lines = [line for line in self.safely(lambda: self.kernel.log_since(self.log)) if TROUBLE.search(line)]
            words["said"] = re.sub(r"^\[.*?\] ", "", lines[-1]) if lines else None
        event("fail", how=how, text=text, where=self.safely(self.kernel.backtrace), **words)
        if self.wanted():
            print(f"\n{text}")
            raise Finished

    def end(self, left):
        item = self.item
        if not self.failed and item["status"] & 0x7f:
            self.fail("died", f"the test's process was killed by {signal_name(item['status'] & 0x7f)}")
        elif not self.failed and (item["status"] or not item["passed"]):
            self.fail("died", f"the test's process ended with status {item['status'] >> 8 & 255} before its last line")
        elif not self.failed and item["state"] and self.at.calls < 2:
            self.fail("state", "its checkpoints were never reached", expected="the state is looked at")
        event("end", test=item["test"], instructions=item["instructions"], left=bool(left))
        self.item = None
        if left and self.plan:
            event("dirty")
            raise Finished


def drive(order):
    """One boot, from the order to the machine's end."""
    CONFIG.clear()
    CONFIG.update(json.loads(order))
    try:
        Driver().run()
    except Finished:
        pass
    except Exception as e:                  # the grader's own fault, or the machine's: never silent
        traceback.print_exc()
        event("broken", text=f"{type(e).__name__}: {e}")
    if CONFIG["debug"]:
        return
    gdb.execute("delete", to_string=True)
    if gdb.selected_inferior().pid:
        with contextlib.suppress(gdb.error):    # QEMU may be gone before its answer to this came
            gdb.execute("kill", to_string=True)
    event("over")


# A busy host may let QEMU wait: gdb's 2 s for an answer would be a broken machine then.
for setting in ("remotetimeout 120", "confirm off", "pagination off", "width 0", "print thread-events off", "print max-depth 3", "language c"):
    gdb.execute(f"set {setting}", to_string=True)
while order := ORDERS.readline():
    drive(order)
    if CONFIG["debug"]:
        break
if CONFIG.get("debug"):                 # not earlier: with symbols gdb reads code, which may not be in memory yet
    gdb.execute(f"add-symbol-file {CONFIG['program']}", to_string=True)
    gdb.execute("backtrace 12")
    event("stands")
    print("The machine stands. ct-ps, ct-vmas, ct-pgtable, ct-runqueue, ct-dmesg show the kernel; `kill` and `quit` end it.")
else:
    EVENTS.close()
    gdb.execute("quit 0")
