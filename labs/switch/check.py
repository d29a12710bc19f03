"""What the grader reads of the kernel in the lab `switch`: stacks of tasks that are switched out, who has which address space, states,
run queue and wait queues."""
from kernel import *

KSTACK_SIZE = 16384
RUNNING, INTERRUPTIBLE, UNINTERRUPTIBLE, WAKEKILL = 0, 1, 2, 0x100


def name(p):
    return f"PID {int(p['pid'])} ({comm(p)})"


def stacks(at):
    if at.where != "look":
        return
    curr = current()
    if not int(curr["on_cpu"]):
        wrong("the task that runs has on_cpu set", f"{name(curr)} has not")
    if integer(gdb.parse_and_eval("$fs_base")) == 0:
        wrong("the running program has its fs base", "it is 0")
    for p in tasks():
        if int(p) == int(curr) or int(p["exit_state"]):
            continue
        if int(p["on_cpu"]):
            wrong("one task is on the processor", f"{name(p)} has on_cpu too")
        low, sp = integer(p["stack"]), integer(p["thread"]["sp"])
        if not int(p["pid"]):
            low = sp & ~(KSTACK_SIZE - 1)       # the boot stack
        if not low <= sp < low + KSTACK_SIZE:
            wrong(f"thread.sp of {name(p)} lies on its stack at {low:#x}", f"it is {sp:#x}")
        rbp, ret = struct.unpack("<QQ", read(sp + 40, 16))
        where = symbol(ret - 1)
        if where not in ("context_switch", "__schedule") and symbol(ret) != "ret_from_fork":
            wrong("six registers and the way back to context_switch lie at thread.sp", f"for {name(p)} the way leads to {where}")
        if where != "ret_from_fork" and symbol(ret) != "ret_from_fork" and int(p["pid"]) and not low <= rbp < low + KSTACK_SIZE:
            wrong(f"the saved rbp of {name(p)} is one of its stack", f"it is {rbp:#x}")


def spaces(at):
    if at.where == "begin":
        at.keep["free"] = free_pages()
    elif at.where == "look":
        if int(var("runqueues")[0]["prev_mm"]):
            wrong("what was borrowed has been given back by finish_task_switch", "rq->prev_mm is still set")
        for p in tasks():
            mm, active = int(p["mm"]), int(p["active_mm"])
            if int(p["exit_state"]):
                continue
            if mm and mm != active:
                wrong(f"{name(p)} runs in its own address space", "its active_mm is another one")
            if not mm and active:
                wrong("a kernel thread borrows only while it runs", f"{name(p)} has active_mm set")
            if mm and int(p["mm"]["mm_count"]["v"]) != 1:
                wrong(f"mm_count of {name(p)} is 1: the users, and nobody who borrows", f"it is {int(p['mm']['mm_count']['v'])}")
    elif at.where == "end":
        lost = at.keep["free"] - free_pages()
        if lost > 8:
            wrong("the address spaces of 16 dead children are freed", f"{lost} pages are missing")


def pipe_of(p, fd):
    return p["files"]["fdt"]["fd"][fd]["f_inode"]["i_pipe"]


def waiters(queue):
    return list(list_entries(queue["head"], "struct wait_queue_entry", "entry"))


def in_tree(p):
    node = p["se"]["run_node"].address
    return any(int(n) == int(node) for n in tree_nodes(var("runqueues")[0]["cfs"]["tasks_timeline"]["root"]["node"]))


def is_asleep(p, bits):
    if int(p["state"]) != bits:
        wrong(f"{name(p)} sleeps: state {bits:#x}", f"its state is {int(p['state']):#x}")
    if int(p["on_rq"]) or int(p["se"]["on_rq"]) or in_tree(p):
        wrong(f"{name(p)} is in no run queue while it sleeps", "on_rq is set, or it is in the tree")


def used(p):
    return int(p["se"]["sum_exec_runtime"]), int(p["nvcsw"])


def asleep(at):
    if at.where not in ("first", "second"):
        return
    p = task(at.args[0])
    is_asleep(p, INTERRUPTIBLE)
    queue = waiters(pipe_of(p, at.args[1])["rd_wait"])
    if len(queue) != 1 or int(queue[0]["private"]) != int(p):
        wrong("the pipe's wait queue has one entry, the reader's", f"it has {len(queue)}")
    if at.where == "second" and used(p) != at.keep["used"]:
        wrong("a sleeper does not run", f"in 20 ms it ran {used(p)[0] - at.keep['used'][0]} ns")
    at.keep["used"] = used(p)


def clean(at):
    if at.where == "awake" and int(current()["state"]):
        wrong("who waits no longer is in state 0, running", f"back in user mode its state is {int(current()['state']):#x}")
    if at.where == "clean":
        pipe = pipe_of(current(), at.args[0])
        left = len(waiters(pipe["rd_wait"])) + len(waiters(pipe["wr_wait"]))
        if left:
            wrong("nobody waits at the pipe any more", f"{left} entries are in its wait queues: they lie on stacks of the dead")
        if waiters(current()["signal"]["wait_chldexit"]):
            wrong("nobody waits for a child any more", "wait_chldexit has an entry")


def nvcsw(at):
    if at.where in ("first", "second"):
        p = task(at.args[0])
        if at.where == "second" and used(p) != at.keep["used"]:
            wrong("SIGCONT does not wake a reader: it is not stopped", f"it was woken {used(p)[1] - at.keep['used'][1]} times")
        is_asleep(p, INTERRUPTIBLE)
        at.keep["used"] = used(p)


def vfork(at):
    rq = var("runqueues")[0]
    if at.where in ("first", "second"):
        p = task(at.args[0])
        is_asleep(p, UNINTERRUPTIBLE | WAKEKILL)
        if int(rq["nr_uninterruptible"]) != 1:
            wrong("one task sleeps in state D, and is counted", f"nr_uninterruptible is {int(rq['nr_uninterruptible'])}")
        if at.where == "second" and used(p) != at.keep["used"]:
            wrong("vfork's parent does not run", f"in 10 ms it ran {used(p)[0] - at.keep['used'][0]} ns")
        at.keep["used"] = used(p)
        queue = waiters(current()["vfork_done"]["wait"])
        if len(queue) != 1:
            wrong("the completion has one waiter", f"it has {len(queue)}")
    elif at.where in ("after", "end"):
        if int(rq["nr_uninterruptible"]):
            wrong("nobody is in state D any more", f"nr_uninterruptible is {int(rq['nr_uninterruptible'])}")
