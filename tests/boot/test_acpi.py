"""ACPI in a booted machine: tables broken before the kernel reads them, power-off, reset, ctrl-alt-del."""
import json
import re
import struct

import pytest
from cutaway import ISO, ON_LINUX, Machine
from gdbstub import Gdb, symbols

PAGE_OFFSET = 0xffff888000000000
MADE = 0xe0000				# the BIOS's memory, which nobody needs any more


def checked(t, at=9):
    t = bytearray(t)
    t[at] = 0
    t[at] = -sum(t) & 0xff
    return bytes(t)


def table(name, body):
    return checked(struct.pack("<4sIBB6s8sI4sI", name, 36 + len(body), 1, 0, b"CUTAWY", b"TABLE   ", 1, b"TEST", 1) + body)


def madt(n):
    return table(b"APIC", struct.pack("<II", 0xfee00000, 1) + b"".join(struct.pack("<BBHIII", 9, 16, 0, i, 1, i) for i in range(n)))


class Tables:
    """The machine's tables, changed in its memory while it stands at start_kernel."""
    def __init__(self, gdb):
        self.gdb, names = gdb, symbols()
        gdb.go_to(names["start_kernel"])
        info = b"".join(gdb.read(names["boot_info"] + i, 1024) for i in range(0, 16384, 1024))
        self.rsdp_at = names["boot_info"] + info.index(b"RSD PTR ")
        self.rsdp = gdb.read(self.rsdp_at, 36)
        self.rsdt = struct.unpack_from("<I", self.rsdp, 16)[0]
        self.next = MADE

    def read(self, phys):
        n = struct.unpack("<I", self.gdb.read(PAGE_OFFSET + phys + 4, 4))[0]
        return self.gdb.read(PAGE_OFFSET + phys, n)

    def write(self, phys, data):
        self.gdb.write(PAGE_OFFSET + phys, data)

    def make(self, data):
        at, self.next = self.next, self.next + (len(data) + 15) // 16 * 16
        self.write(at, data)
        return at

    def find(self, name):
        for (at,) in struct.iter_unpack("<I", self.read(self.rsdt)[36:]):
            if self.gdb.read(PAGE_OFFSET + at, 4) == name:
                return at
        raise KeyError(name)

    def flip(self, phys, at):
        self.write(phys + at, bytes([self.gdb.read(PAGE_OFFSET + phys + at, 1)[0] ^ 0x40]))

    def entries(self):
        return [at for (at,) in struct.iter_unpack("<I", self.read(self.rsdt)[36:])]

    def set_rsdp(self, rsdt, xsdt, revision=2):
        r = struct.pack("<8sB6sBIIQI", b"RSD PTR ", 0, b"CUTAWY", revision, rsdt, 36, xsdt, 0)
        self.gdb.write(self.rsdp_at, checked(checked(r[:20], 8) + r[20:], 32))


def broken_madt(t): t.flip(t.find(b"APIC"), 45)
def broken_rsdt(t): t.flip(t.rsdt, 12)
def long_madt(t): t.write(t.find(b"APIC") + 4, b"\xff\xff\xff\xff")
def good_xsdt(t): t.set_rsdp(0x1000, t.make(table(b"XSDT", struct.pack(f"<{len(t.entries())}Q", *t.entries()))))
def broken_xsdt(t): t.set_rsdp(t.rsdt, t.make(table(b"XSDT", bytes(64))[:-1] + b"x"))
def wild_xsdt(t): t.set_rsdp(t.rsdt, 1 << 45)


def broken_rsdp(t):
    t.gdb.write(t.rsdp_at + 9, b"x")
    for at in range(0xe0000, 0x100000, 16):	# and the one that the loader copied
        if t.gdb.read(PAGE_OFFSET + at, 8) == b"RSD PTR ":
            t.write(at, b"rsd")


def made(*tables):
    def change(t):
        t.set_rsdp(t.make(table(b"RSDT", b"".join(struct.pack("<I", t.make(one)) for one in tables))), 0, 0)
    return change


def wild_rsdt(t):
    t.set_rsdp(t.make(table(b"RSDT", struct.pack("<4I", 0, 0xfffffff0, 0xd0000000, t.find(b"FACP")))), 0, 0)


def phantom(t):
    """The second processor is 77, which is not there."""
    at = t.find(b"APIC")
    data, i = bytearray(t.read(at)), 44
    while (data[i], data[i + 3]) != (0, 1):
        i += data[i + 1]
    data[i + 3] = 77
    t.write(at, checked(data))


CASES = {
    "phantom": (phantom, "CPU with APIC ID 77 does not answer; left out", 1),
    "broken-madt": (broken_madt, "table APIC at 0x[0-9a-f]+ has a wrong checksum", 1),
    "long-madt": (long_madt, "table APIC at 0x[0-9a-f]+ has a wrong length", 1),
    "broken-rsdt": (broken_rsdt, "table RSDT at 0x[0-9a-f]+ has a wrong checksum", 1),
    "broken-rsdp": (broken_rsdp, "table RSDP from the boot loader has a wrong checksum", 1),
    "good-xsdt": (good_xsdt, "ACPI: APIC", 2),
    "broken-xsdt": (broken_xsdt, "table XSDT at 0xe0000 has a wrong checksum", 2),
    "wild-xsdt": (wild_xsdt, "table XSDT at 0x200000000000 is at an impossible address", 2),
    "wild-rsdt": (wild_rsdt, "table .* at 0xd0000000 has a wrong length", 1),
    "no-cpu": (made(madt(0)), "table APIC at 0x[0-9a-f]+ names no processor", 1),
    "cut-entry": (made(table(b"APIC", struct.pack("<II", 0xfee00000, 1) + b"\x00\x08\x00\x00\x01")), "table APIC at 0x[0-9a-f]+ has an entry that", 1),
    "many": (made(madt(100)), "100 processors are too many: 64 of them are used", 1),
}


@pytest.mark.skipif(ON_LINUX, reason="stops at Cutaway's start_kernel")
@pytest.mark.parametrize("case", CASES)
def test_tables(case, tmp_path):
    change, message, cpus = CASES[case]
    with Machine(f"acpi-{case}", smp=2, append="nosmp" if case == "many" else "",
                 qemu=["-S", "-gdb", f"unix:{tmp_path}/gdb,server=on,wait=off"]) as m:
        gdb = Gdb(tmp_path / "gdb")
        change(Tables(gdb))
        gdb.ask("D")
        m.login()
        assert re.search(message, m.log()), m.log()
        assert ("not used" in m.log()) == (case not in ("good-xsdt", "many", "phantom"))
        if cpus == 1:
            assert m.run("nproc").strip() == "1"


MACHINES = {
    "q35": dict(machine="q35", smp=4),
    "pc": dict(machine="pc"),
    "q35-noacpi": dict(machine="q35", qemu=["-no-acpi"]),
    "pc-noacpi": dict(machine="pc", qemu=["-no-acpi"]),
    "acpi=off": dict(append="acpi=off"),
    "ovmf": dict(iso=ISO, uefi=True, smp=2, display=True),
}


def end_of(m):
    """Why QEMU ended: the reason of its SHUTDOWN event."""
    assert m.wait_exit(60) == 0
    for line in m._qmp:
        event = json.loads(line)
        if event.get("event") == "SHUTDOWN":
            return event["data"]["reason"]


@pytest.mark.parametrize("how", ["poweroff", "reboot"])
@pytest.mark.parametrize("which", MACHINES)
def test_the_end(which, how):
    """poweroff and reboot; the date on the way: boots with another century in the clock than ours."""
    if (which, how) == ("pc-noacpi", "poweroff"):
        pytest.skip("such a machine can't be turned off by software")
    options = dict(MACHINES[which])
    options["qemu"] = options.get("qemu", []) + ["-rtc", "base=2004-02-29T12:34:56"]
    with Machine(f"end-{which}-{how}", **options) as m:
        m.login(120)
        assert re.match(r"2004-02-29 12:[345]", m.run("date -u '+%F %T'"))
        m.qmp("query-status")
        m.sendline(how)
        m.expect("the system is going down", 20)
        assert end_of(m) == {"poweroff": "guest-shutdown", "reboot": "guest-reset"}[how]


@pytest.mark.parametrize("init", [True, False])
def test_ctrl_alt_del(init):
    """SIGINT for init, which asked for it (and ends all politely); a restart at once when nobody did."""
    script = "#!/bin/busybox sh\necho ready\nwhile :; do /bin/busybox sleep 9; done\n"
    with Machine("ctrl-alt-del", files=None if init else {"/init": script}) as m:
        if init:
            m.login()
        else:
            m.expect("ready", 60)
        m.qmp("query-status")
        m.key("ctrl", "alt", "delete", wait=False)
        if init:
            m.expect("the system is going down", 20)
        assert end_of(m) == "guest-reset"
