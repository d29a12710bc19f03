"""Busybox applets (applets.txt): the guest's output is the host's, byte for byte, from the same busybox."""
import base64
import io
import lzma
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from cutaway import BUILD, SLOW, Machine, batch

HERE = Path(__file__).parent


def cases():
    """The commands: a backslash at a line's end joins it to the next by a newline."""
    text = re.sub(r"^#.*\n", "", (HERE / "applets.txt").read_text(), flags=re.M)
    return [c.replace("\0", "\n") for c in text.replace("\\\n", "\0").splitlines() if c]


def fixture_files():
    text = "The quick brown fox jumps over the lazy dog.\nShe sells sea shells, and he said the sea is blue.\n\nlast line, without a fox\n"
    files = {
        "text": text, "a.txt": "one\ntwo\nthree\n", "b.txt": "one\n2\nthree\nfour\n",
        "words": "pear\napple\nbanana\ncherry\napple\nfig\n", "nums": "10\n9\n100\n-3\n2.5\n1\n",
        "numbers": "".join(f"{i}\n" for i in range(1, 101)), "dups": "a\na\nb\nc\nc\nc\na\n",
        "table": "root:x:0:first\nbin:y:12:second\nuser:x:1000:third\nmail:z:8:fourth\n",
        "tabs": "a\tb\tc\n\tindented\nend \t\n", "spaces": "        eight\n    four    more\n", "special": "a.b\naxb\na*b\n",
        "crlf": "one\r\ntwo\r\n", "list": "text\nwords\nd\n", "bin": bytes(range(256)) * 3 + b"some readable text\0\1\2",
        "patch.diff": "--- a.txt\n+++ a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n",
        "d/script": "#!/bin/sh\necho \"script: $0 $*\" | sed 's,/.*/,,'\n", "d/inner/needle.txt": "a needle here\n", "d/plain": "plain\n",
        "parts/10first": "#!/bin/sh\necho first\n", "parts/20second": "#!/bin/sh\necho second\n",
    }
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name in ("inside.txt", "dir/other.txt"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.uname, info.gname = 9, 1000000000, "root", "root"
            t.addfile(info, io.BytesIO(b"from tar\n"))
    files["sample.tar"] = tar.getvalue()
    files["sample.xz"] = lzma.compress(b"xz was here\n" * 5)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr(zipfile.ZipInfo("in.zip.txt"), "zipped\n")
    files["sample.zip"] = archive.getvalue()
    files["sample.a"] = b"!<arch>\n" + b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (b"m.txt/", 0, 0, 0, 0o644, 4) + b"ar!\n"
    return {k: v if isinstance(v, bytes) else v.encode() for k, v in files.items()}


SETUP = "find . -type f -exec chmod 644 {} +; chmod 755 d d/inner parts d/script parts/*; ln -s ../text d/link; touch -d '2020-01-01 00:00:00' d/* *"
RUN = "env -i PATH=\"$PATH\" HOME=/root TZ=UTC0 LC_ALL=C sh"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """{number: (status, output)} of busybox on the host."""
    top = tmp_path_factory.mktemp("applets")
    bindir = top / "bin"
    bindir.mkdir()
    for applet in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split():
        (bindir / applet).symlink_to("/bin/busybox")
    results = {}
    for nr, command in enumerate(cases()):
        work = top / str(nr) / "w"
        for name, data in fixture_files().items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(data)
        env = {"PATH": str(bindir), "HOME": "/root", "TZ": "UTC0", "LC_ALL": "C"}
        subprocess.run(["/bin/busybox", "sh", "-c", SETUP], cwd=work, env=env, check=True)
        (top / "command").write_text(command + "\n")
        done = subprocess.run(["/bin/busybox", "sh", str(top / "command")], cwd=work, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, umask=0o022, restore_signals=True)
        out = done.stdout.replace(str(top / "command").encode(), b"command")
        results[nr] = (done.returncode if done.returncode >= 0 else 128 - done.returncode, out)
    return results


@pytest.fixture(scope="module")
def guest():
    files = {f"/tests/fix/{name}": data for name, data in fixture_files().items()}
    for nr, command in enumerate(cases()):
        files[f"/tests/c/{nr}"] = command + "\n"
    script = f"""export PATH=/usr/bin:/usr/sbin
umask 022
n=0
while [ $n -lt {len(cases())} ]; do
	rm -rf /tmp/w; mkdir /tmp/w; cd /tmp/w; cp -r /tests/fix/. .; {{ {SETUP}; }}
	cp /tests/c/$n /tmp/command
	{RUN} /tmp/command > /tmp/out 2>&1 < /dev/null
	echo "@@case $n $?"; base64 /tmp/out
	n=$((n + 1))
done"""
    results = {}
    text = batch("applets", script, files, timeout=600, mem="512")
    for part in text.split("@@case ")[1:]:
        head, _, body = part.partition("\n")
        nr, status = head.split()
        results[int(nr)] = (int(status), base64.b64decode(body).replace(b"/tmp/command", b"command"))
    return results


@pytest.mark.parametrize("nr", range(len(cases())), ids=lambda nr: f"{nr}-{re.sub(r'[^a-z0-9]+', '_', cases()[nr][:30])}")
def test_applet(nr, host, guest):
    assert guest[nr] == host[nr], cases()[nr]


BASH = HERE / "bash.sh"


def test_bash_static():
    """Debian's bash-static runs a script full of arithmetic, arrays and traps with the host's output."""
    if not os.path.exists("/usr/bin/bash-static"):
        pytest.skip("bash-static is not installed")
    host = subprocess.run(["/usr/bin/bash-static", str(BASH)], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, cwd="/tmp")
    out = batch("bash", "cd /tmp; /tests/bash /tests/bash.sh; echo \"status $?\"",
                {"/tests/bash": Path("/usr/bin/bash-static"), "/tests/bash.sh": BASH}, timeout=180)
    assert out == host.stdout + f"status {host.returncode}\n"
