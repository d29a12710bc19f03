"""What lab buddy looks at: the lists of free blocks and mem_map, page by page."""
import struct

from kernel import *

BUDDY, FREE = 2, 512                    # PG_buddy, PG_free
STRUCT = gdb.lookup_type("struct page").sizeof
FIELD = {f.name: f.bitpos // 8 for f in gdb.lookup_type("struct page").fields() if f.name}


def orders():
    return var("zone")["list"].type.range()[1] + 1


def blocks():
    """[(pfn, order)] of all free blocks, by the lists; each block is what its list says."""
    base, found = integer(var("mem_map")), []
    flags, order_at = FIELD["flags"], FIELD["order"]
    for order in range(orders()):
        number = 0
        for entry in list_entries(var("zone")["list"][order], "struct page", "lru"):
            raw, number = read(integer(entry), STRUCT), number + 1
            pfn = (integer(entry) - base) // STRUCT
            if not 0 <= pfn < int(var("max_pfn")):
                wrong("the lists hold struct pages of mem_map", f"the list of order {order} has {integer(entry):#x}")
            if pfn & (1 << order) - 1:
                wrong("a block of order n begins at a multiple of 2^n", f"pfn {pfn:#x} is in the list of order {order}")
            bits, = struct.unpack_from("<I", raw, flags)
            if not bits & BUDDY:
                wrong("the head of a free block has PG_buddy", f"pfn {pfn:#x} of order {order} has flags {bits:#x}")
            equal(f"the order field of pfn {pfn:#x}, which is in the list of order {order},", struct.unpack_from("<I", raw, order_at)[0], order)
            found.append((pfn, order))
        equal(f"zone.nr[{order}], the number of blocks of order {order},", int(var("zone")["nr"][order]), number)
    return found


def stack():
    """pfns of the free pages that the processor keeps."""
    pcp, base = var("pcp")[0], integer(var("mem_map"))
    return [(integer(pcp["pages"][i]) - base) // STRUCT for i in range(int(pcp["n"]))]


def sound():
    """M2, all of it; the blocks."""
    found, owner = blocks(), {}
    for pfn, order in found + [(p, 0) for p in stack()]:
        for frame in range(pfn, pfn + (1 << order)):
            if frame in owner:
                wrong("a free page is in one place", f"pfn {frame:#x} is in {owner[frame]} and in {pfn:#x} of order {order}")
            owner[frame] = f"{pfn:#x} of order {order}"
    equal("zone.free_pages", int(var("zone")["free_pages"]), sum(1 << o for _, o in found))
    memory = read(integer(var("mem_map")), STRUCT * int(var("max_pfn")))
    lost = [pfn for pfn in range(int(var("max_pfn")))
            if struct.unpack_from("<I", memory, pfn * STRUCT + FIELD["flags"])[0] & FREE and pfn not in owner]
    if lost:
        wrong("every page that is marked free is in a list", f"{len(lost)} are in none, the first is pfn {lost[0]:#x}")
    return found


def merged():
    """No two buddies of one order are free."""
    found = set(blocks())
    for pfn, order in sorted(found):
        if order < orders() - 1 and (pfn ^ 1 << order, order) in found:
            wrong("free buddies are one block", f"pfn {min(pfn, pfn ^ 1 << order):#x} and its buddy are both free blocks of order {order}")
    return found


def large():
    """Pages in blocks of order 8 and more."""
    return sum(1 << order for _, order in blocks() if order >= 8)


def nothing_wasted(at):
    if at.where == "before":
        at.keep["free"] = free_pages()
    elif at.where == "after":
        gone = at.keep["free"] - free_pages()
        if not at.args[0] <= gone <= at.args[0] + 24:
            wrong(f"{at.args[0]} to {at.args[0] + 24} pages are gone", f"{gone} are")
    elif at.where == "freed":
        gone = at.keep["free"] - free_pages()
        if gone > 24:
            wrong("the pages came back", f"{gone} did not")


def large_blocks(at):
    if at.where == "begin":
        at.keep["begin"] = free_pages()
    elif at.where == "before":
        at.keep["free"] = free_pages()
    elif at.where == "table":
        table = current()["files"]["fdt"]
        if int(table["max_fds"]) <= at.args[0]:
            wrong(f"the table has room for descriptor {at.args[0]}", f"it has {int(table['max_fds'])}")
        pfn = (integer(table["fd"]) - PAGE_OFFSET) >> 12
        gone = at.keep["free"] - free_pages()
        if pfn & 15:
            wrong("16 pages begin at a multiple of 16", f"the table begins at pfn {pfn:#x}")
        if not 12 <= gone <= 40:
            wrong("12 to 40 pages are gone for the table", f"{gone} are")
    elif at.where == "end" and at.keep["begin"] - free_pages() > 24:
        wrong("the table came back when its process died", f"{at.keep['begin'] - free_pages()} pages did not")


def every_page_once(at):
    if at.where == "look":
        sound()


def smallest_first(at):
    if at.where == "before":
        at.keep["large"] = large()
    elif at.where == "after":
        sound()
        if large() < at.keep["large"]:
            wrong(f"{at.args[0]} pages come from small blocks", f"{at.keep['large'] - large()} pages of the blocks of order 8 and more were split")


def all_merged(at):
    if at.where == "look":
        merged()
    elif at.where == "end":
        sound()


def out_of_order(at):
    if at.where == "before":
        at.keep["large"] = large()
    elif at.where == "after":
        merged()
        if at.keep["large"] - large() > 512:
            wrong("what was split has become large blocks again", f"{at.keep['large'] - large()} pages have not")


def churn(at):
    if at.where in ("before", "after"):
        merged()
    elif at.where == "end":
        sound()
