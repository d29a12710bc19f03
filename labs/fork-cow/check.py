"""What the grader looks at in the lab fork-cow: entries, page counts, counters, free pages."""
from kernel import *

ANON = 1 << 5
SPECIAL = 1 << 9
PAGE = 4096


def entry(pid, addr, what):
    """The present entry for addr in the address space of a process."""
    e, size = walk(task(pid), addr)
    if not size:
        wrong(f"{what} is mapped", f"the entry for {addr:#x} in process {pid} is {e:#x}: not present")
    return e


def frame(e):
    return (e & FRAME) >> 12


def same_page(at, parent, child, addr, count):
    """One page, read-only in both, counted for each."""
    a, b = entry(parent, addr, "the parent's page"), entry(child, addr, "the page that the child inherits")
    if frame(a) != frame(b):
        wrong("after fork parent and child map the same page", f"{addr:#x} is frame {frame(a):#x} in the parent, {frame(b):#x} in the child")
    for who, e in (("parent", a), ("child", b)):
        if e & WRITE:
            wrong("a shared page is read-only for both", f"the {who}'s entry for {addr:#x} is writable ({e:#x})")
    if page_count(frame(a)) != count:
        wrong(f"a page with {count} owners has count {count} (M1)", f"the page at {addr:#x} has count {page_count(frame(a))}")


def own_page(pid, addr, who):
    """A page that nobody else has; writable, as it was written to."""
    e = entry(pid, addr, who)
    if page_count(frame(e)) != 1:
        wrong(f"{who} is its owner's alone, count 1", f"the page at {addr:#x} has count {page_count(frame(e))}")
    return e


def zero_is_zero(at):
    zero = integer(var("zero_page"))
    pfn = (zero - integer(var("mem_map"))) // var("zero_page").dereference().type.sizeof
    if any(read_phys(pfn << 12, PAGE)):
        wrong("the zero page is all zeros", "somebody wrote to it")
    count = page_count(pfn)
    if count != at.keep.setdefault("zero", count):
        wrong("nobody counts the zero page (M3)", f"its count was {at.keep['zero']} and is {count}")
    return pfn


def counters(pid):
    """M7: what the counters say is what a walk finds."""
    p = task(pid)
    found = {"anon": 0, "file": 0}
    for addr, e, size in leaves(p):
        if e & SPECIAL:
            continue
        found["anon" if int(page(frame(e))["flags"]) & ANON else "file"] += 1
    anon = int(p["mm"]["rss_anon"]["v"])
    files = int(p["mm"]["rss_file"]["v"]) + int(p["mm"]["rss_shmem"]["v"])
    if anon != found["anon"]:
        wrong(f"rss_anon is what its page tables hold (M7): {found['anon']}", f"rss_anon of process {pid} is {anon}")
    if files != found["file"]:
        wrong(f"rss_file and rss_shmem are what its page tables hold (M7): {found['file']}", f"they are {files} in process {pid}")


def pages_lost(at):
    """Free pages at the end of the test are those of its beginning; a few may have gone into caches."""
    zero_is_zero(at)
    if at.where == "begin":
        at.keep["free"] = free_pages()
        at.keep["anon"] = page_state("NR_ANON_PAGES")
    elif at.where == "end":
        anon = page_state("NR_ANON_PAGES") - at.keep["anon"]
        missing = at.keep["free"] - free_pages()
        if missing > 12:
            wrong("every page is free again when its last owner is gone", f"{missing} pages are missing after the test")
        if anon > 6 or anon < -6:
            wrong("as many anonymous pages as before the test", f"NR_ANON_PAGES has changed by {anon:+}")


# ---- the tests -------------------------------------------------------------------------------

def fork_shares_pages(at):
    zero = zero_is_zero(at)
    if at.where != "shared":
        return
    parent, child, p = at.args
    for i in range(0, 24, 3):
        same_page(at, parent, child, p + i * PAGE, 2)
        for pid in (parent, child):
            e, size = walk(task(pid), p + (i + 1) * PAGE)
            if size and (frame(e) != zero or not e & SPECIAL or e & WRITE):
                wrong("memory that was only read is the zero page, read-only and special", f"its entry in process {pid} is {e:#x}")
            if walk(task(pid), p + (i + 2) * PAGE)[0]:
                wrong("memory that was never touched has no entry", f"process {pid} has one")
    counters(parent)
    counters(child)


def large_and_sparse(at):
    if at.where == "page":
        same_page(at, *at.args, 2)


def a_write_copies_one_page(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    parent, child, p = at.args
    theirs = {"before": (), "child wrote": (3,), "parent wrote": (3, 5)}[at.where]
    for i in range(8):
        if i not in theirs:
            same_page(at, parent, child, p + i * PAGE, 2)
            continue
        a, b = own_page(parent, p + i * PAGE, "the parent's page"), own_page(child, p + i * PAGE, "the child's page")
        if frame(a) == frame(b):
            wrong("who writes gets a copy", f"parent and child still share the page at {p + i * PAGE:#x}")
        writer = b if i == 3 else a
        if not writer & WRITE or not writer & DIRTY:
            wrong("the copy is writable and dirty for who wrote", f"its entry is {writer:#x}")
        if not int(page(frame(writer))["flags"]) & ANON:
            wrong("the copy is an anonymous page", f"its flags are {int(page(frame(writer))['flags']):#x}")
    counters(parent)
    counters(child)


def the_last_one_keeps_its_page(at):
    if at.where in ("begin", "end"):
        return
    pid, _, p = at.args
    frames = []
    for i in range(8):
        e = entry(pid, p + i * PAGE, "the page")
        frames.append(frame(e))
        if at.where == "shared" and (e & WRITE or page_count(frame(e)) != 2):
            wrong("the child shares the page, read-only, count 2", f"entry {e:#x}, count {page_count(frame(e))}")
        if at.where == "alone" and page_count(frame(e)) != 1:
            wrong("when the child is gone the page has count 1", f"page {i} has count {page_count(frame(e))}")
        if at.where == "wrote" and not e & WRITE:
            wrong("the page is writable after the write", f"its entry is {e:#x}")
    if at.where == "alone":
        at.keep["frames"] = frames
    if at.where == "wrote" and frames != at.keep["frames"]:
        n = sum(a != b for a, b in zip(frames, at.keep["frames"]))
        wrong("the last owner of a page writes to it where it is", f"{n} of 8 pages were copied once more")


def many_sharers(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    pid, _, p = at.args
    for i in range(8):
        want = {"five": 5, "wrote": min(1 + i, 5), "alone": 1}[at.where]
        got = page_count(frame(entry(pid, p + i * PAGE, "the parent's page")))
        if got != want:
            wrong(f"page {i} has {want} owner(s), so its count is {want} (M1)", f"it is {got}")
    counters(pid)


def nothing_is_lost(at):
    pages_lost(at)
    if at.where in ("begin", "end"):
        return
    for pid in at.args[:2]:
        if pid:
            counters(pid)
    pid, parent, p = at.args
    for i in range(64):
        e = entry(pid, p + i * PAGE, "the page")
        if e & WRITE and page_count(frame(e)) != 1:
            wrong("a page that is writable has count 1 (M6)", f"page {i} of process {pid} is writable with count {page_count(frame(e))}")


def zero_page(at):
    zero = zero_is_zero(at)
    if at.where == "sharing":
        e = entry(at.args[0], at.args[2] + 4 * PAGE, "memory that was only read")
        if frame(e) != zero or e & WRITE:
            wrong("memory that was only read is still the zero page, read-only", f"its entry is {e:#x}")
        for pid in at.args[:2]:
            if pid:
                counters(pid)


def pages_of_files(at):
    if at.where == "files":
        counters(at.args[0])
        counters(at.args[1])
    pages_lost(at)
