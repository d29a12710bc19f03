"""What the grader reads of the kernel in the lab `cfs`: the run queue, its order and sums, and every task's vruntime. Some scenes it
sets itself: `set` moves one or two vruntimes, `shift` moves them all to just before 2^64."""
from kernel import *

WEIGHTS = (88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586,
           1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15)
LATENCY, MIN_GRANULARITY, TICK = 6_000_000, 750_000, 999_847


def signed(value):
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


def cfs_rq():
    return var("runqueues")[0]["cfs"]


def vruntime(p):
    return integer(p["se"]["vruntime"])


def min_vruntime():
    return integer(cfs_rq()["min_vruntime"])


def nice(p):
    return int(p["static_prio"]) - 120


def name(p):
    return f"PID {int(p['pid'])} (nice {nice(p)})"


def tree():
    """The entities of the tree in its order, as tasks."""
    for node in tree_nodes(cfs_rq()["tasks_timeline"]["root"]["node"]):
        yield container_of(container_of(node, "struct sched_entity", "run_node"), "struct task_struct", "se")


def weigh(p, weight):
    load = p["se"]["load"]
    if int(load["weight"]) != weight:
        wrong(f"{name(p)} has weight {weight}", f"it has {int(load['weight'])}")
    if abs(int(load["inv_weight"]) - (1 << 32) // weight) > 1:
        wrong(f"its inv_weight is 2^32 / {weight} = {(1 << 32) // weight}", f"it is {int(load['inv_weight'])}")


def rate(at):
    if at.where == "nice":
        weigh(task(at.args[0]), WEIGHTS[at.args[1] + 20])
    elif at.where == "idle":
        weigh(task(at.args[0]), 3)
    elif at.where in ("first", "second"):
        now = {pid: (vruntime(task(pid)), int(task(pid)["se"]["sum_exec_runtime"])) for pid in at.args}
        if at.where == "second":
            for pid, (v, ran) in now.items():
                p = task(pid)
                weigh(p, WEIGHTS[nice(p) + 20])
                dv, dt = signed(v - at.keep[pid][0]), ran - at.keep[pid][1]
                if not dt:
                    wrong(f"{name(p)} runs", "it has not run in 60 ms")
                should = dt * 1024 // WEIGHTS[nice(p) + 20]
                if abs(dv - should) > should // 1000 + 2000:
                    wrong(f"{name(p)} ran {dt} ns, so that its vruntime grew by {should}", f"it grew by {dv}")
        at.keep.update(now)


def queue(at):
    if at.where not in ("look", "alone"):
        return
    cfs, queued, curr = cfs_rq(), list(tree()), current()
    for a, b in zip(queued, queued[1:]):
        if signed(vruntime(b) - vruntime(a)) < 0:
            wrong("the tree is in order of vruntime", f"{name(b)} with {vruntime(b)} stands right of {name(a)} with {vruntime(a)}")
    first = cfs["tasks_timeline"]["leftmost"]
    if queued and int(first) != int(queued[0]["se"]["run_node"].address):
        wrong("leftmost is the first of the tree", "it is another")
    if any(int(p) == int(curr) for p in queued):
        wrong("S1: who runs is not in the tree", f"{name(curr)} runs and is in the tree")
    equal("cfs.nr_running", int(cfs["nr_running"]), len(queued) + 1)
    equal("cfs.load.weight", int(cfs["load"]["weight"]), sum(int(p["se"]["load"]["weight"]) for p in queued + [curr]))
    if cfs["next"] and int(cfs["next"]) == int(curr["se"].address):
        wrong("who was chosen and runs is not to be chosen again", "cfs.next still names the running task")
    low = min_vruntime()
    if "low" in at.keep and signed(low - at.keep["low"]) < 0:
        wrong(f"S4: min_vruntime never goes back; it was {at.keep['low']}", f"it is {low}")
    if at.where == "look":
        for p in queued:                        # hogs never sleep: they are never placed behind min_vruntime
            if signed(vruntime(p) - low) < 0:
                wrong("min_vruntime is not beyond any task that runs on",
                      f"{name(p)} has {vruntime(p)}, and min_vruntime is {low}")
        least = min((signed(vruntime(p) - low) for p in queued if int(p["pid"]) != int(curr["pid"])), default=0)
        if least > 20_000_000:
            wrong("min_vruntime keeps up with the smallest vruntime", f"all are more than {least} ns beyond it")
        if "low" in at.keep and at.keep["looks"] > 2 and low == at.keep["begin"]:
            wrong("min_vruntime grows", f"it has been {low} all the time")
        at.keep.setdefault("begin", low)
        at.keep["looks"] = at.keep.get("looks", 0) + 1
    at.keep["low"] = low


def turns(at):
    if at.where == "first":
        at.keep["n"] = sum(int(task(pid)["nivcsw"]) for pid in at.args[:2])
    elif at.where == "second":
        ms = at.args[2]
        n = sum(int(task(pid)["nivcsw"]) for pid in at.args[:2]) - at.keep["n"]
        if not ms / 5 <= n <= ms / 2.5:
            wrong(f"in {ms} ms two hogs are switched {ms // 4} to {ms // 3} times", f"they were switched {n} times")


def slices(at):
    """Our parent is behind min_vruntime, so that the child stands exactly one slice ahead of that."""
    if at.where == "born":
        p, cfs = task(at.args[0]), cfs_rq()
        nr, load, weight = int(cfs["nr_running"]), int(cfs["load"]["weight"]), WEIGHTS[nice(p) + 20]
        slice_ = max(LATENCY, nr * MIN_GRANULARITY) * weight // load
        ahead = signed(vruntime(p) - min_vruntime()) * weight // 1024
        if int(p["se"]["sum_exec_runtime"]):
            wrong("the parent goes on after fork", "the child has run already")
        if abs(ahead - slice_) > slice_ // 500:
            wrong(f"the slice of {name(p)} among {nr} tasks of weight {load} in all is {slice_} ns", f"it was placed as if it were {ahead} ns")


def newborn(at):
    if at.where == "before":
        at.keep["low"] = min_vruntime()
    elif at.where == "born":
        p, low = task(at.args[0]), at.keep["low"]
        if int(p["se"]["sum_exec_runtime"]):
            wrong("the parent goes on after fork", "the child has run already")
        slice_ = LATENCY // 3                   # the hog, the parent, and itself
        ahead = signed(vruntime(p) - low)
        if not slice_ - 1000 <= ahead <= slice_ + 1_500_000:
            wrong(f"a child begins one slice, {slice_} ns, behind min_vruntime", f"it begins {ahead} ns behind it")


def sleeper(at):
    p = current()
    if at.where == "sleeps":
        at.keep["before"] = vruntime(p)
    elif at.where == "woke":
        back = signed(at.keep["before"] - vruntime(p))
        if back > 0:
            wrong("a sleep of a millisecond gives nothing back: vruntime does not go back", f"it went back by {back} ns")
        if at.args[0] > 10:
            credit = signed(min_vruntime() - vruntime(p))
            if credit > LATENCY // 2 + 1000:
                wrong("a sleeper's credit is at most half a latency, 3 ms", f"it woke {credit} ns behind min_vruntime")
            if credit < 1_000_000:
                wrong("after a long sleep a task is behind the others, by up to 3 ms", f"it is {credit} ns behind min_vruntime")


def set_vruntime(p, value):
    gdb.selected_inferior().write_memory(integer(p["se"]["vruntime"].address), struct.pack("<Q", value & MASK))


def scene(at):
    """args[0] is the only task in the tree, or asleep: its vruntime can be set without breaking the tree's order. When the machine
    goes on, one tick comes at once, and is booked to the running task: that is where its vruntime will stand."""
    cfs, curr = cfs_rq(), current()
    if at.where == "buddies":
        if cfs["skip"] and int(cfs["skip"]) == int(curr["se"].address):
            wrong("a yield counts for one pick", "cfs.skip still names the task that yielded and runs again")
        if cfs["next"] and int(cfs["next"]) == int(curr["se"].address):
            wrong("a wake-up's choice counts for one pick", "cfs.next still names the running task")
    elif at.where == "set":
        if not vruntime(curr):
            wrong("the running task has a vruntime", "it is 0")
        if signed(vruntime(curr) - min_vruntime()) < 0:
            set_vruntime(curr, min_vruntime())
        base = vruntime(curr) + TICK + at.args[1] * 1000
        set_vruntime(task(at.args[0]), base)
        if at.args[2]:
            set_vruntime(task(at.args[2]), base + 300_000)


def wrap(at):
    if at.where == "shift":
        offset = ((1 << 64) - at.args[0] * 1_000_000 - min_vruntime()) & MASK
        for p in tasks():
            set_vruntime(p, vruntime(p) + offset)
        memory = cfs_rq()["min_vruntime"]
        gdb.selected_inferior().write_memory(integer(memory.address), struct.pack("<Q", (min_vruntime() + offset) & MASK))
    elif at.where == "wrapped":
        low = min_vruntime()
        if low >> 63:
            wrong("min_vruntime has gone past 2^64 by now", f"it is {low}, still {(1 << 64) - low} ns before it")
        for p in tree():
            if abs(signed(vruntime(p) - low)) > 60_000_000:
                wrong(f"all vruntimes are near min_vruntime, {low}", f"{name(p)} has {vruntime(p)}")
