"""The screen's escape sequences do what Linux's console and xterm do; no sequence, however wrong, goes out of bounds."""
import ctypes
import os
import random
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("O", "build") / "tests/host"
COLS, ROWS = 80, 25


class Screen:
    def __init__(self, lib):
        self.lib = lib
        lib.host_reset()

    def write(self, text):
        data = text.encode() if isinstance(text, str) else text
        self.lib.host_write(data, len(data))
        return self

    def cell(self, x, y):
        """(glyph, attribute) as drawn; the cursor's cell has its colours exchanged."""
        value = self.lib.host_cells()[y * COLS + x]
        return value & 0xff, value >> 8

    def line(self, y):
        return "".join(chr(self.cell(x, y)[0]) for x in range(COLS)).rstrip()

    def lines(self, *which):
        return [self.line(y) for y in which]

    def typed(self):
        buf = ctypes.create_string_buffer(1 << 16)
        n = self.lib.host_typed(buf)
        return buf.raw[:n]


@pytest.fixture(scope="module")
def library():
    BUILD.mkdir(parents=True, exist_ok=True)
    so = BUILD / "vt.so"
    include = subprocess.run(["gcc", "-print-file-name=include"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-ffreestanding", "-nostdinc", "-isystem", include, f"-I{ROOT}",
                    f"-I{ROOT}/include", "-fsanitize=bounds", "-fsanitize-undefined-trap-on-error", "-w", "-o", so,
                    ROOT / "drivers/tty/vt.c", ROOT / "drivers/tty/vt_escape.c", ROOT / "tests/host/vt_host.c"], check=True)
    lib = ctypes.CDLL(str(so))
    lib.host_cells.restype = ctypes.POINTER(ctypes.c_uint16)
    return lib


@pytest.fixture
def s(library):
    return Screen(library)


def test_text_wraps_at_the_last_column_only_when_more_comes(s):
    s.write("x" * COLS)
    assert s.write("\033[6n").typed() == b"\033[1;80R"
    assert s.write("y").lines(0, 1) == ["x" * COLS, "y"]
    assert s.write("\033[?7l\033[3;79Habcd").line(2).endswith("ad")


def test_cursor_moves(s):
    s.write("\033[5;10Ha\033[Ab\033[2Bc\033[4Dd\033[Ee\033[3Gf\033[10dg\033[Hh")
    assert s.lines(0, 3, 4, 5, 6, 9) == ["h", " " * 10 + "b", " " * 9 + "a", " " * 8 + "d  c", "e f", "   g"]
    assert s.write("\033[99;99H\033[6n").typed() == b"\033[25;80R"
    assert s.write("\0337\033[H\0338\033[6n").typed() == b"\033[25;80R"


def test_erase(s):
    s.write("\r\n".join(["abcdef"] * 5) + "\033[2;4H\033[K\033[3;4H\033[1K\033[4;1H\033[2K\033[5;3H\033[1J")
    assert s.lines(0, 1, 2, 3, 4) == ["", "", "", "", "   def"]
    assert s.write("\033[Habcdef\033[3G\033[2X").line(0) == "ab  ef"
    assert s.write("\033[2J").lines(0, 4) == ["", ""]


def test_insert_and_delete(s):
    assert s.write("abcdef\033[3G\033[2@").line(0) == "ab  cdef"
    assert s.write("\033[2P").line(0) == "abcdef"
    assert s.write("\033[4hX\033[4l").line(0) == "abXcdef"
    s.write("\033[H\033[2J1\r\n2\r\n3\r\n4\033[2;1H\033[2L")
    assert s.lines(0, 1, 2, 3, 4) == ["1", "", "", "2", "3"]
    assert s.write("\033[2M").lines(1, 2, 3) == ["2", "3", "4"]


def test_scroll_region(s):
    s.write("\r\n".join("abcdefgh") + "\033[2;4r\033[4;1H\n")
    assert s.lines(0, 1, 2, 3, 4) == ["a", "c", "d", "", "e"]
    assert s.write("\033[2;1H\033M").lines(0, 1, 2, 3, 4) == ["a", "", "c", "d", "e"]
    assert s.write("\033[r\033[25;1H\n").lines(0, 1) == ["", "c"]
    assert s.write("\033[2S\033[T").lines(0, 1, 2) == ["", "d", "e"]


def test_colours(s):
    s.write("a\033[1;31mb\033[0;7mc\033[0;38;5;9md\033[48;5;4;38;2;1;2;3me\033[39;49mf\033[92mg\033[mh")
    assert [s.cell(x, 0)[1] for x in range(8)] == [0x07, 0x09, 0x70, 0x09, 0x49, 0x07, 0x0a, 0x07]
    assert s.write("\r\n\033[44m\033[K\033[m").cell(40, 1)[1] >> 4 == 4


def test_unicode(s):
    s.write("é┌─┐│└┘├┤┬┴┼═║╔╝█•€\033(Bx")
    boxes = [6, 10, 12, 5, 3, 9, 7, 13, 14, 11, 15, 10, 5, 6, 9]
    assert [s.cell(x, 0)[0] for x in range(19)] == [ord("e")] + [128 + b for b in boxes] + [144, 146, 147]
    assert s.line(0)[19:] == "x"


def test_alternate_screen(s):
    s.write("shell\033[?1049h\033[HVI\033[?1049l!")
    assert s.line(0) == "shell!"


def test_answers_and_what_is_swallowed(s):
    assert s.write("\033[c\033[5n").typed() == b"\033[?6c\033[0n"
    assert s.write("\033]0;title\aA\033]2;x\033\\B\033[?2004hC\033[>cD\033[3 qE").line(0) == "ABCDE"


def test_garbage(s):
    rng = random.Random(1)
    finals = "@ABCDEFGHJKLMPSTXZ`acdefghlmnrsu78DEMc"
    for _ in range(4000):
        out = b""
        for _ in range(8):
            kind = rng.random()
            if kind < 0.6:
                nums = [str(rng.choice([0, 1, 2, 5, 7, 25, 38, 48, 80, 1049, 9999, 123456789, rng.randrange(200)])) for _ in range(rng.randrange(5))]
                out += b"\033[" + rng.choice([b"", b"", b"?"]) + ";".join(nums).encode() + rng.choice(finals).encode()
            elif kind < 0.7:
                out += b"\033" + rng.choice(finals).encode()
            else:
                out += bytes(rng.randrange(256) for _ in range(12))
        s.write(out)
    assert s.write("\x18\033c" + "fine").line(0) == "fine"
