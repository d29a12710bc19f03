"""Booting: log, command line words, finding init, memory sizes, processors, what is missing is said."""
import re
import subprocess

import pytest
from cutaway import BUILD, INITRAMFS, ON_LINUX, Machine, archive, batch


def test_boots_to_a_prompt():
    with Machine("boot-prompt") as m:
        m.login()
        assert "Linux" in m.run("uname -s")
        log = m.log()
        assert re.search(r"^\[ *0\.\d{6}\] ", log, re.M), "log lines begin with [seconds.microseconds]"
        assert re.search(r"Freeing unused kernel.* memory: \d+K", log)
        m.sendline("poweroff")
        m.expect("the system is going down", 20)
        assert m.wait_exit(30) == 0


def test_dmesg_and_cmdline():
    with Machine("boot-dmesg", append="unknown.word=7 quiet") as m:
        m.login()
        assert "unknown.word=7" in m.run("cat /proc/cmdline")
        dmesg = m.run("dmesg")
        assert "Command line:" in dmesg or "command line:" in dmesg
        assert re.search(r"^\[ *\d+\.\d{6}\] ", dmesg, re.M)


def test_unknown_words_go_to_init():
    script = "#!/bin/busybox sh\necho \"args: $*\"\necho \"env: $COLOUR\"\n/bin/busybox poweroff -f\n"
    with Machine("boot-words", append="quiet COLOUR=blue one -- two three", files={"/init": script}) as m:
        m.expect(r"args: ([^\r\n]*)\r\n", 60)
        args = m.serial.match.group(1).decode().split()
        assert [a for a in args if a in ("one", "two", "three")] == ["one", "two", "three"]
        m.expect("env: blue", 10)
        m.wait_exit()


@pytest.mark.parametrize("words, args, env", [
    ("a b=c -- d e=f \"g h\" i=\"j k\"", ["a", "d", "e=f", "g h", "i=j k"], {"b": "c"}),
    ("\"a=b c\" x=\"y z\" \"q r\" =e", ["q r", "=e"], {"a": "b c", "x": "y z"}),		# GRUB quotes the first way
    ("one init=/none two rdinit=/init three", ["three"], {}),
    ("TERM=vt100 A=1 A=2 B= foo.bar=3 foo.baz", [], {"TERM": "vt100", "A": "2", "B": ""}),
    (" ".join(f"x.{i}=1" for i in range(70)) + " panic=1 last", ["last"], {}),
])
def test_words_are_split_as_on_linux(words, args, env):
    script = "#!/bin/busybox sh\nset -o noglob\nfor _w; do echo \"<$_w>\"; done\nenv\necho end\n/bin/busybox poweroff -f\n"
    with Machine("boot-split", append="quiet " + words, files={"/init": script}) as m:
        m.expect("end\r\n", 60)
        lines = m.before().splitlines()
        m.wait_exit()
    assert [line[1:-1] for line in lines if line.startswith("<")] == args
    found = dict(line.split("=", 1) for line in lines if line[:1].isalpha() and "=" in line)
    assert {name: found.get(name) for name in env} == env and set(found) == {*env, "HOME", "TERM", "PATH", "SHLVL", "PWD"} & set(found), found


def test_too_many_words_for_init():
    with Machine("boot-words-many", append=" ".join(f"w{i}" for i in range(40))) as m:
        m.expect(r"Kernel panic - not syncing: Too many boot (init vars|words for init) at `w\d+'", 60)


@pytest.mark.parametrize("words", ["rdinit=/sbin/other", "init=/nowhere rdinit=/sbin/other"])
def test_rdinit(words):
    script = "#!/bin/busybox sh\necho 'other init runs'\n/bin/busybox poweroff -f\n"
    with Machine("boot-rdinit", append=words, files={"/usr/sbin/other": script}) as m:
        m.expect("other init runs", 60)
        m.wait_exit()


@pytest.mark.skipif(ON_LINUX, reason="Linux looks for a root disk")
@pytest.mark.parametrize("found", ["sbin/init", "etc/init", "bin/init", "bin/sh"])
def test_init_is_found_where_linux_looks(found):
    script = f"#!/busybox sh\necho 'found {found}'\n/busybox poweroff -f\n"
    files = {"/busybox": open("/bin/busybox", "rb").read(), "/" + found: script, "/dev": None, "/proc": None}
    with Machine("boot-find", initrd=archive(files)) as m:
        m.expect(f"found {found}", 60)
        m.wait_exit()


@pytest.mark.skipif(ON_LINUX, reason="Linux's texts differ")
class TestSayWhatIsMissing:
    def test_no_init(self):
        with Machine("boot-noinit", initrd=archive({"/file": "x"})) as m:
            m.expect(r"Kernel panic[^\r\n]*[Nn]o (working )?init[^\r\n]*\r\n", 60)
            for tried in ("/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh"):
                assert tried in m.log()

    def test_no_initramfs(self):
        with Machine("boot-noinitramfs", initrd=None) as m:
            m.expect(r"(?i)panic[^\r\n]*initramfs|no initramfs", 60)

    @pytest.mark.parametrize("keep", [0.3, 0.9, 0.02])
    def test_truncated_initramfs(self, keep):
        data = INITRAMFS.read_bytes()
        with Machine("boot-cut", initrd=data[:int(len(data) * keep)]) as m:
            m.expect(r"(?i)panic[^\r\n]*(initramfs|cut short|truncated)", 60)

    def test_garbage_initramfs(self):
        with Machine("boot-garbage", initrd=b"this is no archive\n" * 1000) as m:
            m.expect(r"(?i)panic[^\r\n]*(initramfs|cpio|archive)", 60)

    def test_no_long_mode(self):
        with Machine("boot-qemu32", cpu="qemu32") as m:
            m.expect(r"(?i)long mode|64-bit", 60)

    def test_no_nx(self):
        with Machine("boot-nonx", cpu="qemu64,-nx") as m:
            m.expect(r"(?i)\bNX\b|no-execute", 60)

    @pytest.mark.parametrize("cpu, what", [("qemu32", "no long mode"), ("qemu64,-nx", "no NX")])
    def test_on_the_framebuffer_too(self, cpu, what):
        with Machine("boot-iso-cpu", cpu=cpu, iso=BUILD / "cutaway.iso", display=True) as m:
            m.expect(f"Cutaway: this processor has {what}[^\r]*\r\n", 60)
            assert what in m.screen_text()[0]		# each letter stands there before the next is sent

    @pytest.mark.parametrize("mem", ["4", "8"])
    def test_too_little_memory(self, mem):
        with Machine(f"boot-{mem}m", mem=mem) as m:
            m.expect(r"(panic[^\r\n]*)?too little memory", 60)

    def test_mem_word_leaves_too_little(self):
        with Machine("boot-mem-word", append="mem=5M") as m:
            m.expect(r"panic[^\r\n]*too little memory: this machine has 5120 KiB", 60)

    def test_init_without_its_interpreter(self):
        with Machine("boot-nointerp", initrd=archive({"/init": "#!/nope\n"})) as m:
            m.expect(r"Failed to execute /init \(error -2\)", 60)

    def test_init_dies(self):
        with Machine("boot-initdies", append="rdinit=/usr/bin/false") as m:
            m.expect(r"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", 60)

    def test_panic_word_reboots(self):
        with Machine("boot-panic1", append="rdinit=/usr/bin/false panic=1") as m:
            m.expect(r"Kernel panic", 60)
            assert m.wait_exit(30) == 0


@pytest.mark.parametrize("mem", ["24", "32", "64", "128", "1024", "4096", "16384"])
def test_memory_sizes(mem):
    if ON_LINUX and int(mem) < 128:
        pytest.skip("Linux needs more")
    with Machine(f"boot-mem{mem}", mem=mem) as m:
        m.login()
        total = int(re.search(r"MemTotal: *(\d+)", m.run("cat /proc/meminfo")).group(1))
        assert ON_LINUX or total > int(mem) * 1024 * 0.80, f"{total} KiB of {mem} MiB"
        m.run("dd if=/dev/zero of=/tmp/x bs=64k count=16 2>/dev/null && ls / | sort | head -3")


@pytest.mark.skipif(ON_LINUX, reason="about our size")
def test_kernel_is_small():
    """Kernel, its tables and page structs take under 4 MiB of 128 (initramfs apart)."""
    with Machine("boot-small", mem="128") as m:
        m.login()
        total = int(re.search(r"MemTotal: *(\d+)", m.run("cat /proc/meminfo")).group(1))
        assert 128 * 1024 - total < 4096 + 1024


@pytest.mark.parametrize("cpu", ["qemu64", "Nehalem", "SandyBridge", "Haswell", "EPYC", "max"])
def test_processors(cpu):
    out = batch(f"boot-cpu-{cpu}", "pi 1\nring\ntwoways | tail -1", cpu=cpu)
    assert "Not a bit was lost" in out
    assert "All refused" in out


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_machines(machine):
    with Machine(f"boot-{machine}", machine=machine) as m:
        m.login()
        m.run("true")


@pytest.mark.skipif(ON_LINUX, reason="our limit")
def test_time_to_init():
    """Kernel entry to init's first instruction: under 60 ms of guest time by instruction count."""
    with Machine("boot-icount", icount=True, machine="pc", append="quiet", mem="256") as m:
        m.login(120)
        dmesg = m.run("dmesg", 60)
        times = [float(t) for t in re.findall(r"^\[ *(\d+\.\d+)\] .*(?:Run|Freeing unused)", dmesg, re.M)]
        assert times and max(times) < 0.060, dmesg[-1500:]


def test_exec_of_archive_made_by_cpio(tmp_path):
    """An archive with directories after their files, hard links and odd names, as cpio makes them."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/one").write_text("same\n")
    (tmp_path / "d/two").hardlink_to(tmp_path / "d/one")
    (tmp_path / "a name with spaces").write_text("spaces\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "link").symlink_to("d/one")
    names = "d\nd/one\nd/two\na name with spaces\nempty\nlink\n"
    data = subprocess.run(["cpio", "-o", "-H", "newc", "--owner", "0:0", "--quiet"], input=names.encode(),
                          cwd=tmp_path, capture_output=True, check=True).stdout
    out = batch("boot-cpio", "cd /; cat 'a name with spaces' link d/two; stat -c '%h %s' d/one empty",
                initrd=INITRAMFS.read_bytes() + data)
    assert out == "spaces\nsame\nsame\n2 5\n1 0\n"


@pytest.mark.parametrize("boot", ["bios", "uefi", "bios-disk", "pc-bios"])
@pytest.mark.skipif(ON_LINUX, reason="our image")
def test_image(boot):
    with Machine(f"iso-{boot}", iso=BUILD / "cutaway.iso", uefi=boot == "uefi", disk=boot == "bios-disk",
                 machine="pc" if boot.startswith("pc") else "q35", display=True) as m:
        m.login(180)
        assert "error:" not in m.log() and ("Welcome to GRUB!" in m.log() or boot != "uefi")
        assert "Linux" in m.run("uname -s")
        m.sendline("poweroff")
        m.wait_exit(60)


@pytest.mark.skipif(ON_LINUX, reason="our image")
def test_image_is_small():
    assert (BUILD / "cutaway.iso").stat().st_size < 16 << 20
