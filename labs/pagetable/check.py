"""What the grader looks at in the lab pagetable: tables, entries, counters, free pages."""
from kernel import *

ANON = 1 << 5
DIRTY_PAGE = 1 << 4
TABLE_PAGE = 1 << 6
SPECIAL = 1 << 9
PAGE = 4096


def frame(e):
    return (e & FRAME) >> 12


def count_tables(p):
    """Tables below the pgd of a process's user half, looking at each entry on the way."""
    def level(table, shift, base):
        n = 0
        for i, e in enumerate(struct.unpack("<512Q", read(table, PAGE))[:256 if shift == 39 else 512]):
            addr = base + (i << shift)
            if not e:
                continue
            if not e & PRESENT or not e & USER or not e & WRITE:
                wrong("an entry that leads to a table is present, and lets users read and write (the last level decides)",
                      f"the entry at level {(shift - 12) // 9} for {addr:#x} is {e:#x}")
            if not int(page(frame(e))["flags"]) & TABLE_PAGE:
                wrong("an entry above the last level leads to a page that is a table", f"the one for {addr:#x} leads to frame {frame(e):#x}, which is none")
            n += 1 + (level(PAGE_OFFSET + (e & FRAME), shift - 9, addr) if shift > 21 else 0)
        return n
    return level(integer(p["mm"]["pgd"]), 39, 0)


def tables(p):
    """mm->nr_ptes, which must be what a walk finds (M7)."""
    found, says = count_tables(p), int(p["mm"]["nr_ptes"]["v"])
    if found != says:
        wrong(f"mm->nr_ptes is the number of tables (M7): {found}", f"it is {says}")
    return found


def counters(p):
    anon = files = 0
    for addr, e, size in leaves(p):
        if not e & SPECIAL:
            if int(page(frame(e))["flags"]) & ANON:
                anon += 1
            else:
                files += 1
    mm = p["mm"]
    says = int(mm["rss_anon"]["v"]), int(mm["rss_file"]["v"]) + int(mm["rss_shmem"]["v"])
    if says != (anon, files):
        wrong(f"the process's rss is what its tables hold (M7): {anon} anonymous pages, {files} of files", f"the counters say {says[0]} and {says[1]}")


def zero_frame(at):
    zero = integer(var("zero_page"))
    pfn = (zero - integer(var("mem_map"))) // var("zero_page").dereference().type.sizeof
    count = page_count(pfn)
    if count != at.keep.setdefault("zero", count):
        wrong("nobody counts the zero page (M3)", f"its count was {at.keep['zero']} and is {count}")
    return pfn


def nothing_is_left(at):
    """At the end the machine has as many free pages and tables as at the beginning."""
    zero_frame(at)
    now = {"free": free_pages(), "tables": page_state("NR_PAGE_TABLES"), "anon": page_state("NR_ANON_PAGES")}
    if at.where == "begin":
        at.keep["all"] = now
    elif at.where == "end":
        was = at.keep["all"]
        if now["tables"] > was["tables"] + 2:
            wrong("every table is free again", f"{now['tables'] - was['tables']} tables are left over")
        if now["anon"] > was["anon"] + 6:
            wrong("every page is free again", f"{now['anon'] - was['anon']} anonymous pages are left over")
        if now["free"] < was["free"] - 12:
            wrong("every page is free again", f"{was['free'] - now['free']} pages are missing")


# ---- the tests -------------------------------------------------------------------------------

def walk_finds(at):
    p = current()
    if at.where == "mapped":
        addr, i, value = at.args
        e, size = walk(p, addr)
        if size != PAGE:
            wrong(f"{addr:#x} is mapped by a last-level entry", f"the hardware's walk finds {e:#x}, {size} bytes")
        if read_phys((e & FRAME) + i, 1)[0] != value:
            wrong("the entry leads to the page that the program wrote to", f"frame {frame(e):#x} does not hold what it wrote to {addr:#x}")
        if page_count(frame(e)) != 1:
            wrong("the page at each address is its own", f"the page at {addr:#x} has count {page_count(frame(e))}")
    elif at.where == "all":
        tables(p)
        counters(p)


def tables_are_shared(at):
    if at.where in ("begin", "ready", "end"):
        return
    addr, more, _ = at.args
    n = tables(current())
    if at.where == "none":
        at.keep["n"] = n
    elif n - at.keep["n"] != more:
        wrong(f"what was touched so far took {more} new tables", f"it took {n - at.keep['n']}")


def lookup(at):
    p = current()
    if at.where == "pagemap":
        addr, there, pfn = at.args
        mine = pfn_of(p, addr)
        if (mine is not None) != bool(there) or there and mine != pfn:
            wrong(f"/proc/self/pagemap shows for {addr:#x} what the tables hold: {mine}", f"it shows {pfn if there else None}")
    elif at.where == "before":
        at.keep["n"] = tables(p)
    elif at.where == "after":
        n = tables(p)
        if n != at.keep["n"]:
            wrong("pte_lookup makes no tables", f"looking made {n - at.keep['n']}")


def unmap_gives_back(at):
    nothing_is_left(at)
    if at.where in ("begin", "end"):
        return
    p = current()
    addr, n, _ = at.args
    counters(p)
    if at.where == "touched":
        at.keep["touched"] = int(p["mm"]["rss_anon"]["v"]), free_pages()
        return
    anon, free = at.keep["touched"]
    if anon - int(p["mm"]["rss_anon"]["v"]) != n:
        wrong(f"rss_anon falls by {n} when {n} pages are unmapped", f"it falls by {anon - int(p['mm']['rss_anon']['v'])}")
    if free_pages() - free < n - 3:         # the program itself may have written to a page meanwhile
        wrong(f"munmap of {n} pages frees {n} pages", f"{free_pages() - free} became free")
    for a, e, size in leaves(p, addr, addr + n * PAGE):
        wrong("no entry is left where nothing is mapped (M5)", f"the entry for {a:#x} is {e:#x}")


def shared_and_special(at):
    zero = zero_frame(at)
    if at.where in ("begin", "end"):
        return
    p = current()
    addr, n, zeros = at.args
    counters(p)
    if at.where == "mapped":
        frames = [pfn_of(p, addr + i * PAGE) for i in range(n)]
        at.keep["frames"] = [f for f in frames if f]
        at.keep["written"] = frames[2]
        at.keep["count"] = [page_count(f) for f in at.keep["frames"]]
        e, size = walk(p, zeros)
        if not size or frame(e) != zero:
            wrong("memory that was only read is the zero page", f"its entry is {e:#x}")
        return
    for a, e, size in leaves(p, addr, addr + n * PAGE):
        wrong("no entry is left of what was unmapped or cut off", f"the entry for {a:#x} is {e:#x}")
    if at.where == "unmapped":
        for f, count in zip(at.keep["frames"], at.keep["count"]):
            if page_count(f) != count - 1:
                wrong(f"a page of a file that was mapped once loses one reference: {count - 1} is left", f"its count is {page_count(f)}")
        if not int(page(at.keep["written"])["flags"]) & DIRTY_PAGE:
            wrong("a page whose entry was dirty becomes PG_dirty: the file has been written to", "its flags have no PG_dirty")


def tables_go_too(at):
    nothing_is_left(at)
    if at.where in ("begin", "ready", "end"):
        return
    n = tables(current())
    if at.where == "before":
        at.keep.setdefault("n", n)
    if at.where == "touched" and n - at.keep["n"] != 7:
        wrong("four pages in two gigabytes need 7 tables", f"they took {n - at.keep['n']}")
    if at.where != "touched" and n != at.keep["n"]:
        wrong("tables that serve nobody are freed, of all levels", f"{n - at.keep['n']} tables are still there")


def neighbours_stay(at):
    nothing_is_left(at)
    if at.where in ("begin", "end"):
        return
    tables(current())
    for addr in at.args:
        if pfn_of(current(), addr) is None:
            wrong("the tables of areas that are still mapped stay", f"{addr:#x} has lost its page")
