"""What the grader looks at in the lab elf: VMAs, pages of text, and where the mm says that things are."""
from kernel import *

ANON = 1 << 5
PAGE = 4096


def down(addr):
    return addr & -PAGE


def up(addr):
    return down(addr + PAGE - 1)


def segments(ehdr):
    """(flags, offset, start, end of the file's part, end) of each PT_LOAD, from the headers in the program's memory."""
    phoff, = struct.unpack("<Q", read(ehdr + 32, 8))
    size, number = struct.unpack("<HH", read(ehdr + 54, 4))
    found = []
    for i in range(number):
        kind, flags, offset, vaddr, _, filesz, memsz = struct.unpack("<IIQQQQQ", read(ehdr + phoff + i * size, 48))
        if kind == 1:
            found.append((flags, offset, vaddr, vaddr + filesz, vaddr + memsz))
    if not found:
        wrong("the program's headers lie in its memory", f"at {ehdr:#x} there are none")
    return found


def vmas(p):
    vma, found = p["mm"]["mmap"], []
    while vma and len(found) < 1000:
        found.append(vma)
        vma = vma["vm_next"]
    return found


def vma_of(p, addr):
    for vma in vmas(p):
        if integer(vma["vm_start"]) <= addr < integer(vma["vm_end"]):
            return vma
    wrong(f"{addr:#x} lies in a VMA", "it does not")


def rights(flags):
    return "".join(c if flags & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))


# ---- the tests -------------------------------------------------------------------------------

def areas(at):
    if at.where != "program":
        return
    p = current()
    for flags, offset, start, file_end, end in segments(at.args[0]):
        want = (1 if flags & 4 else 0) | (2 if flags & 2 else 0) | (4 if flags & 1 else 0)
        for addr in range(down(start), up(file_end), PAGE) if file_end > start else ():
            vma = vma_of(p, addr)
            got = int(vma["vm_flags"])
            if not vma["vm_file"] or vma["vm_file"]["f_inode"] != p["mm"]["exe_file"]["f_inode"]:
                wrong("the part of a segment that is in the file is a mapping of the file", f"the area at {addr:#x} is none")
            if got & 7 != want:
                wrong(f"the segment at {start:#x} is mapped {rights(want)}, as its p_flags say", f"it is {rights(got)}")
            if got & 8:
                wrong("the mapping is private: what the program writes does not go to the file", f"the area at {addr:#x} is shared")
            where = (integer(vma["vm_pgoff"]) << 12) + addr - integer(vma["vm_start"])
            if where != down(offset) + addr - down(start):
                wrong(f"{addr:#x} shows byte {down(offset) + addr - down(start):#x} of the file", f"it shows byte {where:#x}")
        for addr in range(up(file_end), up(end), PAGE):
            vma = vma_of(p, addr)
            got = int(vma["vm_flags"])
            if vma["vm_file"]:
                wrong("pages that are wholly behind p_filesz are anonymous memory", f"the one at {addr:#x} maps a file")
            if got & 7 != 3 | want & 4:
                wrong("bss can be read and written", f"it is {rights(got)} at {addr:#x}")
    text = sum(1 for _ in segments(at.args[0]))
    mine = [v for v in vmas(p) if v["vm_file"]]
    if len(mine) > text:
        wrong(f"{text} segments are at most {text} mappings of the file", f"there are {len(mine)}")


def text_is_shared(at):
    if at.where != "text":
        return
    p = current()
    for addr in at.args:
        pfn = pfn_of(p, addr)
        if pfn is None:
            continue                        # not touched yet by this one: fine
        pg = page(pfn)
        if int(pg["flags"]) & ANON or not pg["mapping"]:
            wrong("text and constants are the page cache's own pages", f"the page at {addr:#x} is a copy")
    if pfn_of(p, at.args[1]) is None:
        wrong("the page that runs is mapped", "it is not")
    anon = int(p["mm"]["rss_anon"]["v"])
    if anon > 40:
        wrong("a program that has just begun has a few pages of its own", f"it has {anon}")


def heap(at):
    if at.where != "heap":
        return
    mm = current()["mm"]
    ehdr, brk, data = at.args
    loads = segments(ehdr)
    end = up(max(s[4] for s in loads))
    start_brk = integer(mm["start_brk"])
    if start_brk & (PAGE - 1) or not end <= start_brk <= end + (32 << 20):
        wrong(f"the heap begins at a page behind the last segment, {end:#x}, at most 32 MiB away", f"start_brk is {start_brk:#x}")
    equal("brk before the first call", integer(mm["brk"]), brk)
    code = [s for s in loads if s[0] & 1]
    equal("start_code", hex(integer(mm["start_code"])), hex(min(s[2] for s in code)))
    equal("end_code", hex(integer(mm["end_code"])), hex(max(s[3] for s in code)))
    equal("start_data", hex(integer(mm["start_data"])), hex(max(s[2] for s in loads)))
    equal("end_data", hex(integer(mm["end_data"])), hex(max(s[3] for s in loads)))


def stack_layout(at):
    if at.where != "stack":
        return
    mm = current()["mm"]
    argv, envp, argc = at.args
    first = read_u64(argv)
    equal("arg_start, where the first argument lies,", hex(integer(mm["arg_start"])), hex(first))
    last = read_u64(argv + 8 * (argc - 1))
    end = last + len(string(last)) + 1
    equal("arg_end, behind the last argument,", hex(integer(mm["arg_end"])), hex(end))
    equal("env_start", hex(integer(mm["env_start"])), hex(end))
    p = envp
    while read_u64(p):
        if read_u64(p) != end:
            wrong("the strings of envp follow each other and argv's", f"{read_u64(p):#x} is not at {end:#x}")
        end += len(string(end)) + 1
        p += 8
    equal("env_end", hex(integer(mm["env_end"])), hex(end))
    aux = p + 8
    saved = [int(mm["saved_auxv"][i]) & MASK for i in range(50)]
    on_stack = struct.unpack("<20Q", read(aux, 160))
    if tuple(saved[:20]) != on_stack:
        wrong("mm->saved_auxv, for /proc/PID/auxv, is the vector on the stack", "they differ")
    if not integer(mm["arg_start"]) > aux:
        wrong("the vectors lie below the strings", f"auxv is at {aux:#x}, the strings at {integer(mm['arg_start']):#x}")
