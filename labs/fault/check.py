"""What the grader looks at in the lab fault: entries, page counts, VMAs, counters."""
from kernel import *

ANON = 1 << 5
SPECIAL = 1 << 9
PAGE = 4096


def frame(e):
    return (e & FRAME) >> 12


def is_anon(pfn):
    return bool(int(page(pfn)["flags"]) & ANON)


def zero_frame(at):
    """The zero page: its frame. Nobody counts it, nobody writes to it."""
    zero = integer(var("zero_page"))
    pfn = (zero - integer(var("mem_map"))) // var("zero_page").dereference().type.sizeof
    if any(read_phys(pfn << 12, PAGE)):
        wrong("the zero page is all zeros", "somebody wrote to it")
    count = page_count(pfn)
    if count != at.keep.setdefault("zero", count):
        wrong("nobody counts the zero page (M3)", f"its count was {at.keep['zero']} and is {count}")
    return pfn


def counters(p):
    """M7: the process's counters say what its tables hold."""
    anon = files = 0
    for addr, e, size in leaves(p):
        if not e & SPECIAL:
            if is_anon(frame(e)):
                anon += 1
            else:
                files += 1
    mm = p["mm"]
    says = int(mm["rss_anon"]["v"]), int(mm["rss_file"]["v"]) + int(mm["rss_shmem"]["v"])
    if says != (anon, files):
        wrong(f"the process's rss is what its tables hold (M7): {anon} anonymous pages, {files} of files", f"the counters say {says[0]} and {says[1]}")
    return anon


def pages_lost(at):
    zero_frame(at)
    now = free_pages(), page_state("NR_ANON_PAGES")
    if at.where == "begin":
        at.keep["all"] = now
    elif at.where == "end":
        free, anon = at.keep["all"]
        if now[1] > anon + 6:
            wrong("no anonymous page is left over", f"{now[1] - anon} are")
        if now[0] < free - 12:
            wrong("every page is free again", f"{free - now[0]} pages are missing after the test")


def vma_of(p, addr):
    vma = p["mm"]["mmap"]
    for _ in range(1000):
        if not vma:
            return None
        if integer(vma["vm_start"]) <= addr < integer(vma["vm_end"]):
            return vma
        vma = vma["vm_next"]
    wrong("the list of VMAs ends", "it does not")


# ---- the tests -------------------------------------------------------------------------------

def reading_takes_nothing(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    p, zero = current(), zero_frame(at)
    addr, n, step = at.args
    counters(p)
    if at.where == "gone":
        return
    for i in range(n):
        e, size = walk(p, addr + i * PAGE)
        if not size:
            wrong("a page that was touched has an entry", f"page {i} has none")
        if step and i % step == 0:
            if frame(e) == zero or not is_anon(frame(e)) or page_count(frame(e)) != 1 or not e & WRITE or e & SPECIAL:
                wrong("a page that was written is an anonymous page of its own, writable, count 1", f"the entry of page {i} is {e:#x}")
        elif frame(e) != zero or e & WRITE or not e & SPECIAL:
            wrong("a page that was only read is the zero page, read-only and special", f"the entry of page {i} is {e:#x}")


def only_what_is_touched(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    p = current()
    addr, n, size = at.args
    anon = counters(p)
    if at.where == "mapped":
        return
    found = len(list(leaves(p, addr, addr + size * PAGE)))
    if found != n:
        wrong(f"{n} pages have been touched, so {n} are there", f"{found} are")


def file_pages_are_shared(at):
    pages_lost(at)
    p = current()
    if at.where == "written":
        counters(p)
        e, size = walk(p, at.args[0] + 3 * PAGE)
        if not e & WRITE or not e & DIRTY or page_count(frame(e)) != 3:
            wrong("a shared page that is written is writable, dirty, and has count 3: the cache and two entries (M1)",
                  f"its entry is {e:#x}, its count {page_count(frame(e))}")
    if at.where != "mapped":
        return
    whole, part, _ = at.args
    counters(p)
    for i in range(20):
        e, size = walk(p, whole + i * PAGE)
        if not size:
            wrong("a page that was read is mapped", f"page {i} of the file is not")
        pg = page(frame(e))
        if not pg["mapping"] or int(pg["index"]) != i:
            wrong("a mapped file shows the page cache's own pages", f"page {i} of the mapping is a page that is not in the cache at {i}")
        owners = 2 + (9 <= i < 17)
        if page_count(frame(e)) != owners:
            wrong(f"page {i} of the file has {owners} owners: the cache and each entry (M1)", f"its count is {page_count(frame(e))}")
        if e & WRITE:
            wrong("the entry allows no more than the VMA (M5)", f"the entry of page {i} is writable")
    for i in range(8):
        if pfn_of(p, part + i * PAGE) != pfn_of(p, whole + (9 + i) * PAGE):
            wrong("a mapping that begins at page 9 of the file shows page 9 first", f"its page {i} is another one than the file's page {9 + i}")


def private_is_private(at):
    pages_lost(at)
    if at.where != "written":
        return
    p = current()
    addr = at.args[0]
    counters(p)
    for i in (0, 2):
        e, size = walk(p, addr + i * PAGE)
        if not size or not is_anon(frame(e)) or page(frame(e))["mapping"]:
            wrong("a page of a private mapping that was written is an anonymous copy", f"page {i} is a page of the file")
        if page_count(frame(e)) != 1 or not e & WRITE:
            wrong("the copy is writable and has one owner", f"entry {e:#x}, count {page_count(frame(e))}")
    for i in (1, 3):
        e, size = walk(p, addr + i * PAGE)
        if size and (e & WRITE or is_anon(frame(e))):
            wrong("a page that was not written is the file's, read-only", f"the entry of page {i} is {e:#x}")


def the_stack_grows(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    p = current()
    addr, exact, _ = at.args
    vma = vma_of(p, addr)
    if not vma:
        wrong(f"the stack's VMA has grown down to {addr:#x}", "no VMA has this address")
    start = integer(vma["vm_start"])
    if exact and start != addr & -PAGE:
        wrong(f"the stack grows to the page that was touched, {addr & -PAGE:#x}", f"its VMA begins at {start:#x}")
    if integer(vma["vm_pgoff"]) != start >> 12:
        wrong("vm_pgoff of anonymous memory follows vm_start", f"vm_start is {start:#x}, vm_pgoff {integer(vma['vm_pgoff']):#x}")
    total = stack = 0
    v = p["mm"]["mmap"]
    while v:
        n = integer(v["vm_end"]) - integer(v["vm_start"]) >> 12
        total += n
        stack += n if int(v["vm_flags"]) & 0x100 else 0
        v = v["vm_next"]
    says = int(p["mm"]["total_vm"]), int(p["mm"]["stack_vm"])
    if says != (total, stack):
        wrong(f"total_vm and stack_vm are what the VMAs say (M7): {total} and {stack}", f"they are {says[0]} and {says[1]}")
    counters(p)
