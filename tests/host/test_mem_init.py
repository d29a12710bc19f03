"""mem_init on random memory maps, on the host (mem_init_host.c says how)."""
import re

from test_lib import BUILD, LIBC, TREE, run


def test_mem_init():
    copy = BUILD / "include/asm"
    copy.mkdir(parents=True, exist_ok=True)
    text = (TREE / "include/asm/pgtable.h").read_text()
    for name, value in ("PAGE_OFFSET", "0x200000000000UL"), ("KERNEL_BASE", "0UL"):
        text = re.sub(rf"#define {name} \S+", f"#define {name} {value}", text)
    (copy / "pgtable.h").write_text(text)
    (copy / "x86.h").write_text(re.sub(r'"(cli|sti)"', '"nop"', (TREE / "include/asm/x86.h").read_text()))
    flags = ["-std=gnu11", "-O1", "-g", "-w", "-fno-builtin", "-fno-strict-aliasing", "-no-pie", "-fno-pie", "-mcmodel=large",
             "-fsanitize=undefined", "-fno-sanitize=null", "-fno-sanitize-recover=undefined", "-iquote", BUILD / "include", "-iquote", ".",
             "-iquote", "include", *(f"-D{name}=k_{name}" for name in LIBC)]
    run("gcc", *flags, "tests/host/mem_init_host.c", "lib/string.c", "lib/vsnprintf.c", "lib/bitmap.c", "-o", BUILD / "mem_init")
    assert "150 maps" in run(BUILD / "mem_init")
