"""What the grader reads of the kernel in the lab `syscall`: the names, limits and locks themselves, and what the log says."""
from kernel import *

KSTACK_SIZE = 16384
POISON = 0x5a


def no_sleeping_lock():
    p = current()
    held = int(p["nr_held_sleeping"])
    if held:
        name = p["held_locks"][0]["name"].string()
        wrong("a call gives back every lock that it took", f"back in user mode the task still holds {held} ({name})")
    if int(var("uts_mutex")["sem"]["count"]):
        wrong("uts_mutex is free between two calls", "it is taken")


def no_lock_held(at):
    if at.where in ("failed", "worked"):
        no_sleeping_lock()


def stored_name(text, size):
    stored = read(integer(var("utsname_node").address), 65)
    wanted = read(text, size) + bytes(65 - size)
    if stored != wanted:
        wrong(f"the kernel's utsname_node is {wanted[:size]!r} and zeros", f"its 65 bytes are {stored!r}")


def hostname(at):
    if at.where == "is":
        no_sleeping_lock()
        stored_name(integer(at.args[0]), at.args[1])


def sysinfo(at):
    if at.where != "sysinfo":
        return
    (uptime, *loads, total, free, shared, _, _, _, procs, _, _, _, _, unit, _) = struct.unpack("<q9QHHI2QII", read(at.args[0], 112))
    now = int(var("jiffies")) / 1000
    if not now - 2 < uptime < now + 2:
        wrong(f"uptime is in seconds: {now:.0f} since boot", f"it says {uptime}")
    pages = int(var("totalram_pages"))
    equal("totalram * mem_unit", total * unit, pages * 4096)
    if abs(free * unit - free_pages() * 4096) > 64 * 4096:
        wrong(f"freeram * mem_unit is about {free_pages() * 4096}", f"it is {free * unit}")
    equal("sharedram * mem_unit", shared * unit, page_state("NR_SHMEM") * 4096)
    equal("procs", procs, int(var("nr_tasks")["v"]))
    equal("loads[0], with 16 bits of fraction,", loads[0], int(var("avenrun")[0]) << 5)


def poison(at):
    """Before the call: the kernel stack of the task, which is empty while it is in user mode, is filled."""
    if at.where == "poison":
        gdb.selected_inferior().write_memory(integer(current()["stack"]), bytes([POISON]) * KSTACK_SIZE)
    elif at.where == "name":
        stored_name(integer(at.args[0]), at.args[1])


def rlimit(at):
    if at.where == "nofile":
        limit = current()["signal"]["rlim"][7]
        got = int(limit["rlim_cur"]), int(limit["rlim_max"])
        if got != at.args[:2]:
            wrong(f"RLIMIT_NOFILE is {at.args[0]}, {at.args[1]} now", f"the kernel has {got[0]}, {got[1]}")


def log(at):
    if at.where != "told":
        return
    text = gdb.execute("ct-dmesg", to_string=True)
    for name in ("lab-one", "lab-two"):
        for call in ("401 (?)", "29 (shmget)"):
            line = f"{name}[{at.args[0]}]: unimplemented syscall {call}"
            count = text.count(line)
            if count != 1:
                wrong(f"the log says once `{line}`", f"it says so {count} times")
