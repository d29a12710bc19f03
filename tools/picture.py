#!/usr/bin/python3
"""picture.py: make picture.  Address spaces before and after: areas, page tables, frames and who shares them.

    CMD=cow tools/picture.py       boots, runs it, takes a frame of its processes at each line that it prints (user/window.c),
                                   writes build/picture.html; OUT=file.html elsewhere
    BEFORE=2 AFTER=4               frames to begin with; else those between which most pages were copied
"""
import base64
import json
import os
import re
import sys
import zlib
from pathlib import Path

import guest

ENTRY = re.compile(r" *(pgd|pud|pmd|pte) +(\d+) ([0-9a-f]{16}) ([0-9a-f]{16})((?: [A-Za-z]+)*?)(?: pfn ([0-9a-f]+)(?: count (\d+) (anon|file))?)?$")
AREA = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)$")
BITS = {"P": 1, "W": 2, "U": 4, "A": 8, "D": 16, "NX": 32, "special": 64}
ANON = 128
MAX_FRAMES = 60          # user/window.c
PAGE, TABLE = 4096, 512 * 4096


class Film:
    """What window sent, as lists for the page.  A table of 512 entries that is the same in two frames is kept once."""
    def __init__(self, text):
        self.frames, self.pool, self.known = [], [], {}
        self.process = self.file = self.leaf = None
        for line in text.split("\n"):
            if line.startswith("@"):
                self.command(line[1:].split(" ", 1))
            elif line and self.file == "maps":
                start, end, perm, name = AREA.match(line).groups()
                self.process["areas"].append([int(start, 16), int(end, 16), perm, name])
            elif line and self.file == "pagetables":
                self.entry(*ENTRY.match(line).groups())
        self.end_leaf()

    def command(self, words):
        self.end_leaf()
        what, rest = words[0], words[1] if len(words) > 1 else ""
        if what == "frame":
            ms, label = rest.split(" ", 1)
            self.frames.append({"ms": int(ms), "label": re.sub(r"\s+", " ", label).strip(), "processes": []})
        elif what == "process":
            pid, ppid, comm = rest.split(" ", 2)
            self.process = {"pid": int(pid), "ppid": int(ppid), "comm": comm, "areas": [], "upper": [], "leaves": []}
            self.frames[-1]["processes"].append(self.process)
        self.file = rest if what == "file" else None

    def entry(self, level, index, addr, raw, flags, pfn, count, kind):
        addr, bits = int(addr, 16), sum(BITS.get(f, 0) for f in flags.split()) | (ANON if kind == "anon" else 0)
        if level != "pte":
            self.end_leaf()
            self.process["upper"].append([level, int(index), addr, (int(raw, 16) & 0x000ffffffffff000) >> 12, bits])
        elif pfn:
            self.leaf = self.leaf or [addr - addr % TABLE, []]
            self.leaf[1] += [int(index), int(pfn, 16), int(count or 0), bits]

    def end_leaf(self):
        if self.leaf:
            addr, entries = self.leaf
            key = tuple(entries)
            if key not in self.known:
                self.known[key] = len(self.pool)
                self.pool.append(entries)
            self.process["leaves"].append([addr, self.known[key]])
        self.leaf = None

    def anonymous(self, frame):
        """{address: {pid: frame number}} of anonymous pages."""
        out = {}
        for process in self.frames[frame]["processes"]:
            for addr, at in process["leaves"]:
                entries = self.pool[at]
                for i in range(0, len(entries), 4):
                    if entries[i + 3] & ANON:
                        out.setdefault(addr + entries[i] * PAGE, {})[process["pid"]] = entries[i + 1]
        return out

    def best_pair(self):
        """(before, after, pages): frames between which most pages became two, and those pages."""
        pages, best = [self.anonymous(i) for i in range(len(self.frames))], (0, len(self.frames) - 1, [])
        shared = [{a: pids for a, pids in p.items() if len(set(pids.values())) < len(pids)} for p in pages]
        for i, before in enumerate(shared):
            for j in range(i + 1, len(pages)):
                split = [a for a, was in before.items() if became_two(was, pages[j].get(a, {}))]
                if len(split) > len(best[2]):
                    best = i, j, split
        return best


def became_two(was, now):
    """Two processes had one frame, and have two."""
    both = [pid for pid in was if pid in now]
    return any(was[p] == was[q] and now[p] != now[q] for n, p in enumerate(both) for q in both[:n])


def focus(film, frame, split):
    """The page to look at first: the first of those in the area that has most of them."""
    areas = [a for p in film.frames[frame]["processes"] for a in p["areas"]]
    by_area = {}
    for addr in sorted(split):
        area = next((a[0] for a in areas if a[0] <= addr < a[1]), 0)
        by_area.setdefault(area, []).append(addr)
    if by_area:
        return max(by_area.values(), key=len)[0]
    return next((addr for addr in sorted(film.anonymous(frame))), None)


def main():
    command = os.environ.get("CMD", "").strip() or guest.fail("picture", "say what to run: make picture CMD=cow")
    out = Path(os.environ.get("OUT") or guest.BUILD / "picture.html")
    try:
        data, output, status = guest.run("picture", command, os.environ.get("MEM") or "512")
    except guest.Failed as why:
        guest.fail("picture", why)
    if output:
        print(output)
    if status == 127:
        guest.fail("picture", f"exit status 127: the guest's shell found no such command: {command}")
    film = Film(data.decode(errors="replace"))
    if not film.frames:
        guest.fail("picture", f"{command!r} was over before anything could be seen of it")
    if len(film.frames) >= MAX_FRAMES:
        print(f"picture: the first {MAX_FRAMES} frames; later ones were not taken")
    before, after, split = film.best_pair()
    before, after = int(os.environ.get("BEFORE") or before), int(os.environ.get("AFTER") or after)
    if not 0 <= before < len(film.frames) or not 0 <= after < len(film.frames):
        guest.fail("picture", f"there are frames 0 to {len(film.frames) - 1}")
    page = {"command": command, "status": status, "output": output, "frames": film.frames, "pool": film.pool, "before": before,
            "after": after, "focus": focus(film, before, split)}
    packed = base64.b64encode(zlib.compress(json.dumps(page, separators=(",", ":")).encode(), 6)).decode()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(guest.embed("picture.html", {"DATA": packed}))
    print(f"picture: exit status {status}, {len(film.frames)} frames; between {before} and {after} {len(split):,} pages became two\n"
          f"  {os.path.relpath(out):24} {out.stat().st_size / 1e6:6.1f} MB   open it in a browser")


if __name__ == "__main__":
    sys.exit(main())
