"""What a lab's check.py works with: the kernel's structures, read by gdb while the machine stands still.

All of tools/gdb/cutaway.py (var, container_of, list_entries, tree_nodes, tasks, state, comm, path_of ...) and the functions below.
Lists and trees of a broken kernel may be rings: the walks here end after LIMIT nodes, and the check fails.
"""
import contextlib
import io
import os
import struct
import sys

import gdb

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tools/gdb"))
with contextlib.redirect_stdout(io.StringIO()):
    import cutaway

LIMIT = 100_000
MASK = (1 << 64) - 1
PAGE_OFFSET, FRAME = cutaway.PAGE_OFFSET, cutaway.FRAME
PRESENT, WRITE, USER, ACCESSED, DIRTY, LARGE, GLOBAL, NX = (1 << bit for bit in (0, 1, 2, 5, 6, 7, 8, 63))


class Wrong(Exception):
    """The kernel's state is not what it should be."""


def wrong(expected, happened):
    raise Wrong(expected, happened)


def equal(what, got, expected):
    if got != expected:
        wrong(f"{what} is {expected}", f"it is {got}")


def bounded(walk):
    def walked(*args):
        for i, node in enumerate(walk(*args)):
            if i > LIMIT:
                wrong("lists end", f"{walk.__name__} still walks after {LIMIT} nodes")
            yield node
    return walked


cutaway.list_entries = list_entries = bounded(cutaway.list_entries)
tree_nodes = bounded(cutaway.tree_nodes)
var, container_of, state, comm, path_of, name_of = (cutaway.var, cutaway.container_of, cutaway.state, cutaway.comm,
                                                     cutaway.path_of, cutaway.name_of)
tasks = bounded(cutaway.tasks)


def integer(value):
    return int(value) & MASK


def task(pid):
    """The task_struct of a PID; Wrong when there is none."""
    for p in tasks():
        if int(p["pid"]) == pid:
            return p
    wrong(f"there is a task with PID {pid}", "there is none")


def current():
    """The task that runs on CPU 0."""
    return var("runqueues")[0]["curr"]


def read(addr, size):
    return bytes(gdb.selected_inferior().read_memory(addr & MASK, size))


def read_phys(phys, size):
    """Physical memory, through the kernel's direct map."""
    return read(PAGE_OFFSET + phys, size)


def read_u64(addr):
    return struct.unpack("<Q", read(addr, 8))[0]


def string(addr, limit=400):
    text = b""
    while len(text) < limit and b"\0" not in text:
        try:
            text += read(addr + len(text), min(64 - (addr + len(text)) % 64, limit - len(text)))
        except gdb.MemoryError:
            break
    return text.split(b"\0")[0].decode(errors="replace")


def walk(p, addr):
    """(entry, page size) of the entry that maps addr in the address space of task p; (0, 0) where nothing is."""
    table = integer(p["mm"]["pgd"])
    for shift in (39, 30, 21, 12):
        entry = read_u64(table + 8 * (addr >> shift & 511))
        if not entry & PRESENT:
            return (entry if shift == 12 else 0), 0
        if shift == 12 or shift < 39 and entry & LARGE:
            return entry, 1 << shift
        table = PAGE_OFFSET + (entry & FRAME)


def pfn_of(p, addr):
    """The page frame that task p sees at addr, or None."""
    entry, size = walk(p, addr)
    return ((entry & FRAME & ~(size - 1)) + (addr & (size - 1))) >> 12 if size else None


def page(pfn):
    """The struct page of a frame."""
    return var("mem_map")[pfn]


def page_count(pfn):
    return int(page(pfn)["count"]["v"])


def leaves(p, low=0, high=1 << 47):
    """(address, entry, size) of all that is mapped in the user half of task p."""
    def level(table, base, shift):
        entries = struct.unpack("<512Q", read(table, 4096))
        for i, entry in enumerate(entries[:256] if shift == 39 else entries):
            addr = base + (i << shift)
            if not entry & PRESENT or addr >= high or addr + (1 << shift) <= low:
                continue
            if shift == 12 or shift < 39 and entry & LARGE:
                yield addr, entry, 1 << shift
            else:
                yield from level(PAGE_OFFSET + (entry & FRAME), addr, shift - 9)
    yield from bounded(level)(integer(p["mm"]["pgd"]), 0, 39)


def free_pages():
    """Pages that nobody has: the buddy's and those in the CPUs' stacks."""
    pcp = var("pcp")
    low, high = pcp.type.range()
    return int(var("zone")["free_pages"]) + sum(int(pcp[cpu]["n"]) for cpu in range(low, min(high, 3) + 1))


def page_state(item):
    """A counter of pages in use (enum vm_stat), as global_page_state() adds it up."""
    return sum(int(var("cpus")[cpu]["vmstat"][int(gdb.parse_and_eval(item))]) for cpu in range(int(var("nr_cpus"))))


def log_since(start):
    """The lines of the kernel's log from byte `start` on; how far it goes is int(var("log_head"))."""
    ring, head, tail = var("log_buf"), int(var("log_head")), max(int(var("log_tail")), start)
    size = ring.type.sizeof
    text = read(integer(ring.address), size) * 2
    return text[tail % size:tail % size + head - tail].decode(errors="replace").splitlines()


def symbol(addr):
    """The function at addr, or its number."""
    text = gdb.execute(f"info symbol {addr & MASK:#x}", to_string=True)
    return text.split()[0] if " in section" in text else f"{addr & MASK:#x}"


def callers(rbp, depth=8):
    """The functions that frame pointers lead to."""
    names = []
    while depth and rbp >= PAGE_OFFSET and not rbp & 7:
        try:
            up, ret = struct.unpack("<QQ", read(rbp, 16))
        except gdb.MemoryError:
            break
        if ret < 0xffffffff80000000:
            break
        names.append(symbol(ret - 1))
        if not rbp < up < rbp + 0x8000:
            break
        rbp, depth = up, depth - 1
    return names


def backtrace(depth=8):
    """Where the processor is: function names, innermost first."""
    pc, rbp = (integer(gdb.parse_and_eval(f"(long){r}")) for r in ("$pc", "$rbp"))
    if pc < 1 << 47:
        return ["user mode"]
    return [symbol(pc)] + callers(rbp, depth)


def sleeping(p, depth=5):
    """Where a task that is switched out waits: function names without the scheduler's own."""
    sp = integer(p["thread"]["sp"])
    try:                                # as __switch_to_asm leaves the stack: r15 r14 r13 r12 rbx rbp return
        names = callers(read_u64(sp + 40), depth + 4)
    except gdb.MemoryError:
        return ["?"]
    return [n for n in names if n not in ("schedule", "__schedule", "context_switch", "preempt_schedule")][:depth]
