"""Multiboot2 information that lies: written by hand into a machine that stands at the PVH door, which then goes in by GRUB's."""
import struct

import pytest
from cutaway import ON_LINUX, Machine
from gdbstub import Gdb, symbols

pytestmark = pytest.mark.skipif(ON_LINUX, reason="our door")
INFO = 0x80000				# where nothing is
RAM = [(0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0xf0000, 0x10000, 2), (0x100000, 0xfee0000, 1), (0xffe0000, 0x20000, 2)]
MODULE, WORDS, FRAMEBUFFER, NAME = 3, 1, 8, 2


def tag(kind, data):
    return struct.pack("<II", kind, 8 + len(data)) + data + bytes(-len(data) % 8)


def memory_map(regions, entry_size=24):
    return tag(6, struct.pack("<II", entry_size, 0) + b"".join(struct.pack("<QQII", *r, 0) for r in regions))


def words(text):
    return tag(WORDS, b"console=ttyS0 panic=-1 " + text + b"\0")


def framebuffer(pitch, width, height, bpp=32):
    return tag(FRAMEBUFFER, struct.pack("<QIIIBBH6B", 0xfd000000, pitch, width, height, bpp, 1, 0, 16, 8, 8, 8, 0, 8))


def boot(name, tags, patterns, display=False):
    """Boots with these tags (modules: a list of functions of the archive's place); which pattern came."""
    with Machine(name, gdb=True, append="", display=display) as m:
        gdb, names = Gdb(m.dir / "gdb"), symbols()
        gdb.go_to(names["pvh_start"])
        start_info = gdb.registers()["rbx"]
        start, size = struct.unpack("<QQ", gdb.read(struct.unpack("<Q", gdb.read(start_info + 16, 8))[0], 16))
        body = b"".join(t(start, start + size) if callable(t) else t for t in tags) + tag(0, b"")
        gdb.write(INFO, struct.pack("<II", 8 + len(body), 0) + body)
        gdb.set_registers(rax=0x36d76289, rbx=INFO, rip=names["_start"])
        gdb.file.write(b"$c#63")
        gdb.file.flush()
        return m.expect(patterns, 60), m.log()


def module(start, end):
    return tag(MODULE, struct.pack("<II", start, end) + b"initramfs\0")


RUN = words(b"CUTAWAY_RUN=/none")


@pytest.mark.parametrize("tags", [
    [RUN, module, memory_map(RAM), tag(NAME, b"FAKE 1.0\0"), tag(14, b"RSD PTR "), framebuffer(4096, 1024, 768)],
    [RUN, module, module, memory_map(RAM)],				# the same memory twice
    [RUN, module, memory_map([*RAM, (0xc0000, 0x40000, 1)])],		# ROM is no RAM
    [RUN, module, memory_map([*RAM, (1 << 47, 1 << 40, 1), (1 << 62, 1 << 62, 2)])],
    [RUN, module, memory_map([(n << 20, 1 << 19, 1) for n in range(16, 256)] + [*RAM] + [(0x200000, 0x1000, 2)] * 300)],
    [RUN, module, memory_map(RAM), framebuffer(100, 1024, 768)],
    [RUN, module, memory_map(RAM), framebuffer(4, 1, 1)],
    [words(b"CUTAWAY_RUN=/none " + b"x" * 5000), module, memory_map(RAM)],
], ids=["right", "module-twice", "rom", "far-ram", "many-regions", "narrow-screen", "tiny-screen", "long-line"])
def test_boots_all_the_same(tags):
    got, log = boot("multiboot", tags, ["init: CUTAWAY_RUN: status 127"], display=True)
    assert "BUG" not in log and "WARNING" not in log


@pytest.mark.parametrize("tags, message", [
    ([RUN, module], "too little memory: this machine has 0 KiB"),
    ([RUN, module, memory_map(RAM, entry_size=8)], "too little memory"),
    ([RUN, memory_map(RAM)], "no initramfs"),
    ([RUN, tag(MODULE, b""), memory_map(RAM)], "no initramfs"),
    ([RUN, lambda start, end: tag(MODULE, struct.pack("<II", 0x8000000, 0x8001000)), memory_map(RAM)], "can't be unpacked"),
], ids=["no-map", "short-entries", "no-module", "short-module", "module-of-nothing"])
def test_says_what_is_wrong(tags, message):
    boot("multiboot-wrong", tags, [f"Kernel panic - not syncing: [^\r\n]*{message}"])
