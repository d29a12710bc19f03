"""What lab pipe looks at in the kernel: the ring of a pipe, who sleeps on its queues, pages that are free."""
from kernel import *


def pipe_of(p, fd):
    return p["files"]["fdt"]["fd"][fd]["f_inode"]["i_pipe"]


def ring(at):
    if at.where != "ring":
        return
    fd, slots, length = at.args
    pipe = pipe_of(current(), fd)
    head, tail, size = int(pipe["head"]), int(pipe["tail"]), pipe["bufs"].type.range()[1] + 1
    equal("the number of pages in the ring, head - tail,", head - tail, slots)
    buffers = [pipe["bufs"][n % size] for n in range(tail, head)]
    equal("the sum of their len", sum(int(b["len"]) for b in buffers), length)
    for b in buffers:
        equal("the count of a page in the ring", int(b["page"]["count"]["v"]), 1)


def sleepers(queue):
    return [int(entry["private"]) for entry in list_entries(queue["head"], "struct wait_queue_entry", "entry")]


def asleep(at):
    if at.where == "asleep":
        pid, fd, writes = at.args
        p = task(pid)
        equal(f"the state of the {'writer' if writes else 'reader'} (PID {pid})", state(p), "S")
        pipe, queue = pipe_of(p, fd), "wr_wait" if writes else "rd_wait"
        if int(p) not in sleepers(pipe[queue]):
            wrong(f"PID {pid} waits in {queue}", f"it sleeps in {' < '.join(sleeping(p))}")
        if int(pipe["mutex"]["sem"]["count"]):
            wrong("nobody who sleeps holds the pipe's mutex", "it is held")
        at.keep["ran"] = int(p["se"]["sum_exec_runtime"])
    elif at.where == "still":
        ran = int(task(at.args[0])["se"]["sum_exec_runtime"]) - at.keep["ran"]
        if ran:
            wrong("a task that sleeps does not run", f"it ran for {ran} ns in the meantime")


def no_page_lost(at):
    if at.where == "before":
        at.keep["free"] = free_pages()
    elif at.where == "after":
        lost = at.keep["free"] - free_pages()
        if lost > 3:
            wrong("as many pages are free after ten rounds as before", f"{lost} are missing")
