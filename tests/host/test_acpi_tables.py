"""The readers of ACPI tables (kernel/x86/acpi_tables.c): what each field means, and that broken tables are refused."""
import ctypes
import os
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("O", "build") / "tests/host"
NR_CPUS = 64


class Madt(ctypes.Structure):
    class IoApic(ctypes.Structure):
        _fields_ = [("phys", ctypes.c_uint64), ("gsi_base", ctypes.c_uint32)]

    class Isa(ctypes.Structure):
        _fields_ = [("gsi", ctypes.c_uint32), ("low", ctypes.c_bool), ("level", ctypes.c_bool)]
    _fields_ = [("lapic", ctypes.c_uint64), ("nr_cpus", ctypes.c_uint), ("nr_ioapics", ctypes.c_uint), ("nr_left_out", ctypes.c_uint),
                ("apic_id", ctypes.c_uint32 * NR_CPUS), ("ioapic", IoApic * 8), ("isa", Isa * 16), ("nmi_lint", ctypes.c_uint8),
                ("nmi_low", ctypes.c_bool)]


class Gas(ctypes.Structure):
    _fields_ = [("space", ctypes.c_uint8), ("addr", ctypes.c_uint64)]


class Fadt(ctypes.Structure):
    _fields_ = [("dsdt", ctypes.c_uint64), ("smi_cmd", ctypes.c_uint32), ("acpi_enable", ctypes.c_uint8), ("reset_value", ctypes.c_uint8),
                ("century", ctypes.c_uint8), ("no_8042", ctypes.c_bool), ("timer32", ctypes.c_bool), ("pm1a_cnt", ctypes.c_uint16),
                ("pm1b_cnt", ctypes.c_uint16), ("pm_timer", ctypes.c_uint16), ("reset", Gas)]


@pytest.fixture(scope="module")
def acpi():
    BUILD.mkdir(parents=True, exist_ok=True)
    lib = BUILD / "acpi.so"
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-w", "-iquote", ".", "-iquote", "include", "-o", lib,
                    "kernel/x86/acpi_tables.c"], check=True, cwd=ROOT)
    lib = ctypes.CDLL(str(lib))
    for name in "acpi_check_rsdp acpi_check_table acpi_parse_madt acpi_parse_fadt".split():
        getattr(lib, name).restype = ctypes.c_char_p
    lib.acpi_find_s5.restype = ctypes.c_bool
    return lib


def table(name, body, revision=3):
    head = struct.pack("<4sIBB6s8sI4sI", name, 36 + len(body), revision, 0, b"CUTAWY", b"TABLE   ", 1, b"TEST", 1)
    return head[:9] + bytes([-sum(head + body) & 0xff]) + head[10:] + body


def cpu(i, flags=1):
    return struct.pack("<BBBBI", 0, 8, i & 0xff, i, flags)


def x2cpu(i, flags=1):
    return struct.pack("<BBHIII", 9, 16, 0, i, flags, i)


def madt(acpi, *entries, lapic=0xfee00000):
    t, m = table(b"APIC", struct.pack("<II", lapic, 1) + b"".join(entries)), Madt()
    return acpi.acpi_check_table(t, len(t)) or acpi.acpi_parse_madt(t, len(t), ctypes.byref(m)), m


def test_madt(acpi):
    err, m = madt(acpi, cpu(0), cpu(2), cpu(4, 2), cpu(6, 0), x2cpu(2), x2cpu(300), cpu(255), b"\x7f\x04ab",
                  struct.pack("<BBBBII", 1, 12, 0, 0, 0xfec00000, 0), struct.pack("<BBBBII", 1, 12, 1, 0, 0xfec01000, 24),
                  struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0), struct.pack("<BBBBIH", 2, 10, 0, 9, 20, 0xf),
                  struct.pack("<BBBBIH", 2, 10, 0, 5, 5, 0xd), struct.pack("<BBBHB", 4, 6, 255, 7, 1),
                  struct.pack("<BBHQ", 5, 12, 0, 0x1fee00000))
    assert err is None and list(m.apic_id[:m.nr_cpus]) == [0, 2, 300]
    assert m.lapic == 0x1fee00000 and m.nr_ioapics == 2
    assert [(m.ioapic[i].phys, m.ioapic[i].gsi_base) for i in range(2)] == [(0xfec00000, 0), (0xfec01000, 24)]
    assert [m.isa[i].gsi for i in range(16)] == [2, 1, 2, 3, 4, 5, 6, 7, 8, 20, 10, 11, 12, 13, 14, 15]
    assert [(m.isa[i].low, m.isa[i].level) for i in (0, 5, 9, 4)] == [(False, False), (False, True), (True, True), (False, False)]
    assert m.nmi_lint == 1 and m.nmi_low


def test_madt_many(acpi):
    err, m = madt(acpi, *(x2cpu(i) for i in range(100)))
    assert err is None and (m.nr_cpus, m.nr_left_out) == (64, 36) and list(m.apic_id) == list(range(64)) and m.nmi_lint == 255
    err, m = madt(acpi, *(struct.pack("<BBBBII", 1, 12, i, 0, 0xfec00000 + i * 4096, i * 24) for i in range(20)), cpu(0))
    assert err is None and m.nr_ioapics == 8


@pytest.mark.parametrize("entries, why", [
    ([], b"no processor"), ([cpu(0, 0), cpu(1, 2)], b"no processor"), ([cpu(0), b"\x00"], b"beyond"), ([cpu(0), b"\x00\x00"], b"beyond"),
    ([cpu(0), b"\x00\x01"], b"beyond"), ([cpu(0), b"\x00\x09" + bytes(6)], b"beyond"), ([cpu(0), b"\x00\x04\x00\x00"], b"too short"),
    ([cpu(0), b"\x09\x08" + bytes(6)], b"too short"), ([cpu(0), b"\x01\x0c" + bytes(10)], b"IO-APIC"),
    ([cpu(0), struct.pack("<BBHQ", 5, 12, 0, 0xfee00800)], b"local APIC")])
def test_madt_refused(acpi, entries, why):
    assert why in madt(acpi, *entries)[0]


def test_every_byte_counts(acpi):
    t = table(b"APIC", struct.pack("<II", 0xfee00000, 1) + cpu(0) + cpu(1))
    assert acpi.acpi_check_table(t, len(t)) is None
    for i in range(len(t)):
        assert acpi.acpi_check_table(t[:i] + bytes([t[i] ^ 0x10]) + t[i + 1:], len(t))
    for cut in range(len(t)):
        assert acpi.acpi_check_table(t[:cut], cut)


def rsdp(revision=2, rsdt=0x1000, xsdt=0x123456000, length=36, bad=0):
    r = bytearray(b"RSD PTR \0CUTAWY" + struct.pack("<BIIQI", revision, rsdt, length, xsdt, 0))
    r[8] = -sum(r[:20]) & 0xff
    r[32] = -sum(r) & 0xff
    r[9 if bad == 1 else 33] += bool(bad)
    return bytes(r)


def test_rsdp(acpi):
    a, b = ctypes.c_uint64(), ctypes.c_uint64()

    def look(r):
        return acpi.acpi_check_rsdp(r, ctypes.byref(a), ctypes.byref(b))
    assert look(rsdp()) is None and (a.value, b.value) == (0x1000, 0x123456000)
    assert look(rsdp(0, bad=2)) is None and (a.value, b.value) == (0x1000, 0)
    assert b"checksum" in look(rsdp(bad=1)) and b"extended checksum" in look(rsdp(bad=2))
    assert b"length" in look(rsdp(length=40)) and b"signature" in look(b"x" + rsdp()[1:])


def fadt(acpi, length=244, revision=3, **fields):
    where = {"dsdt": (40, "I"), "smi": (48, "I"), "pm1a": (64, "I"), "pm1b": (68, "I"), "tmr": (76, "I"), "century": (108, "B"),
             "arch": (109, "H"), "flags": (112, "I"), "reset": (116, "BBBBQ"), "value": (128, "B"), "xdsdt": (140, "Q"),
             "xpm1a": (172, "BBBBQ"), "xtmr": (208, "BBBBQ")}
    t, f = bytearray(244), Fadt()
    t[8] = revision
    for name, value in fields.items():
        struct.pack_into("<" + where[name][1], t, where[name][0], *(value if isinstance(value, tuple) else (value,)))
    assert acpi.acpi_parse_fadt(bytes(t[:length]), length, ctypes.byref(f)) is None
    return f


def test_fadt(acpi):
    old = dict(dsdt=0x1000, smi=0xb2, pm1a=0x604, pm1b=0x704, tmr=0x608)
    f = fadt(acpi, 116, 1, **old, century=0x32, flags=1 << 10, reset=(1, 8, 0, 0, 0xcf9), value=6)
    assert (f.dsdt, f.pm1a_cnt, f.pm1b_cnt, f.pm_timer, f.century, f.no_8042, f.timer32, f.reset.addr) == (
        0x1000, 0x604, 0x704, 0x608, 0x32, False, False, 0)
    f = fadt(acpi, 129, **old, arch=2, flags=1 << 10 | 1 << 8, reset=(1, 8, 0, 0, 0xcf9), value=6)
    assert (f.reset.space, f.reset.addr, f.reset_value, f.no_8042, f.timer32) == (1, 0xcf9, 6, False, True)
    f = fadt(acpi, **old, xdsdt=0x100002000, xpm1a=(1, 16, 0, 0, 0x1804), xtmr=(0, 32, 0, 0, 0xfed00000), century=200)
    assert (f.dsdt, f.pm1a_cnt, f.pm1b_cnt, f.pm_timer, f.no_8042, f.century) == (0x100002000, 0x1804, 0x704, 0x608, True, 0)
    assert acpi.acpi_parse_fadt(bytes(100), 100, ctypes.byref(f)) == b"is too short"


@pytest.mark.parametrize("aml, want", [
    (b"\x08_S5_\x12\x06\x04\x00\x00\x00\x00", (0, 0)), (b"\x08_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00", (5, 6)),
    (b"\x08\\_S5_\x12\x08\x04\x0a\x07\x01\x00\x00", (7, 1)), (b"\x08_S5_\x12\x48\x00\x04\x0b\x05\x00\x0c\x03\x00\x00\x00", (5, 3)),
    (b"\x08_S5_\x12\x05\x01\x0b\x05\x06", (5, 6)), (b"x_S5_\x12\x06\x04\x00\x00\x00\x00", None), (b"\x08_S5_\x11\x06\x04\x01\x01\x01", None),
    (b"\x08_S5_\x12\x06\x04\x0a", None), (b"\x08_S5_\x12\x06\x00\x01\x01", None), (b"\x08_S5_\x12\x06\x04\xff\x01\x01", None),
    (b"x_S5_y\x08_S5_\x12\x06\x02\x01\x01", (1, 1)), (b"\x08_S5_\x12\xc6", None), (b"_S5_", None), (b"", None)])
def test_s5(acpi, aml, want):
    for around in (b"", b"\x10 before"):
        t, typ = table(b"DSDT", around + aml), (ctypes.c_uint8 * 2)()
        assert (tuple(typ) if acpi.acpi_find_s5(t, len(t), typ) else None) == want
