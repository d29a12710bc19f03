"""USB keyboards on xHCI: typed at by QMP on machines without a PS/2 controller, plugged in and out, polled and by MSI."""
import re
import time

import pytest
import usbredir
from cutaway import BUILD, ON_LINUX, Machine
from usbredir import CONFIG, SILENT, STALL

pytestmark = pytest.mark.skipif(ON_LINUX, reason="our driver")
XHCI = ["-device", "qemu-xhci,id=xhci"]
KBD = ["-device", "usb-kbd,id=first"]


def machine(name, qemu, i8042="off", **kw):
    if "iso" not in kw:
        kw["console"] = "quiet console=tty0 console=ttyS0"
    m = Machine(f"usb-{name}", machine=f"q35,i8042={i8042}", display=True, qemu=qemu + ["-trace", "usb_xhci_xfer_success"], **kw)
    m.usb_keyboard = bool(qemu)
    return m


def wait_log(m, text, timeout=60):
    m.run(f"until dmesg | grep -q '{text}'; do sleep 0.1; done", timeout)


def login(m, keyboards=1):
    m.login(180)
    m.wait_screen(lambda lines: any("root@cutaway" in line for line in lines))
    if keyboards:
        wait_log(m, "usb .*: keyboard$")


def types(m, text="echo Typed, by USB! | tr a-z A-Z", want="TYPED, BY USB!"):
    """Types a command at the screen's shell; what it wrote must be what was meant."""
    m.run("rm -f /tmp/typed")
    m.type(f"{text} > /tmp/typed\n")
    assert written(m).strip() == want


def written(m, path="/tmp/typed"):
    """What a file holds as soon as it holds something."""
    return m.run(f"until [ -s {path} ]; do sleep 0.1; done; cat {path}", 60)


@pytest.mark.parametrize("boot", ["pvh", "bios", "uefi"])
def test_types(boot):
    kw = {} if boot == "pvh" else {"iso": BUILD / "cutaway.iso", "uefi": boot == "uefi"}
    with machine(boot, XHCI + KBD, **kw) as m:
        login(m)
        types(m)
        types(m, "A=\"~!@#%^&*()_+{}|<>?[];'\"; echo \"$A\"", "~!@#%^&*()_+{}|<>?[];'")
        m.screenshot(f"usb-{boot}")


@pytest.mark.parametrize("controller, kbd, how", [
    ("nec-usb-xhci,msi=off,msix=off", "usb-kbd", "polled"), ("nec-usb-xhci,msi=on,msix=off", "usb-kbd", "MSI"),
    ("nec-usb-xhci", "usb-kbd", "MSI"), ("qemu-xhci", "usb-kbd,usb_version=1", "MSI"), ("qemu-xhci,p2=15,p3=15", "usb-kbd,port=15", "MSI"),
])
def test_controllers(controller, kbd, how):
    with machine("controllers", ["-device", controller, "-device", kbd]) as m:
        login(m)
        assert re.search(rf"xhci 0000:.*, {how}$", m.run("dmesg"), re.M)
        types(m)
        assert ("xhci_hcd" in m.run("cat /proc/interrupts")) == (how == "MSI")


@pytest.mark.parametrize("word", ["noapic", "nosmp", "maxcpus=3"])
def test_four_processors_and_words(word):
    with machine(word, XHCI + KBD, smp=4, append=word) as m:
        login(m)
        assert (", polled" in m.run("dmesg")) == (word != "maxcpus=3")
        types(m)


def test_beside_ps2():
    """QEMU gives keys to the USB keyboard while there is one; afterwards to the PS/2 one. Both feed one terminal."""
    with machine("ps2", XHCI + KBD, i8042="on", smp=2) as m:
        login(m)
        types(m)
        m.qmp("device_del", id="first")
        wait_log(m, "USB disconnect")
        m.usb_keyboard = False
        types(m, "echo ps2", "ps2")


def test_no_xhci():
    with machine("none", [], i8042="on") as m:
        login(m, 0)
        assert "xhci" not in m.run("dmesg") and "xhci" not in m.run("ps")
        types(m)


def test_plug_in_and_out():
    with machine("plug", XHCI, smp=2) as m:
        login(m, 0)
        assert m.run("cat /proc/bus/pci/devices | grep -c xhci_hcd") == "1\n"
        for n in range(2):
            m.qmp("device_add", driver="usb-kbd", id=f"k{n}", bus="xhci.0")
            wait_log(m, "usb 1-.*: keyboard$")
            types(m, f"echo number {n}", f"number {n}")
            m.qmp("device_del", id=f"k{n}")
            wait_log(m, "USB disconnect")
            m.run("dmesg -c >/dev/null")


def test_two_keyboards_and_what_is_none():
    others = ["usb-mouse", "usb-tablet", "usb-hub"]
    with machine("many", ["-device", "qemu-xhci,id=xhci,p2=8,p3=8"] + KBD + [w for o in others for w in ("-device", o)]) as m:
        login(m)
        m.run("until [ $(dmesg | grep -c 'no keyboard, left alone') = 3 ]; do sleep 0.1; done")
        types(m)
        m.run("dmesg -c >/dev/null")
        m.qmp("device_add", driver="usb-kbd", id="second", bus="xhci.0")
        wait_log(m, "usb 1-.*: keyboard$")
        types(m, "echo second", "second")
        m.qmp("device_del", id="second")
        wait_log(m, "USB disconnect")
        types(m, "echo first", "first")


@pytest.fixture(scope="module")
def keys():
    with machine("keys", XHCI + KBD) as m:
        login(m)
        yield m


def test_repeat(keys):
    """250 ms, then 30 a second, by the guest's clock; the release ends it."""
    keys.run("rm -f /tmp/held /tmp/after")
    keys.type("cat > /tmp/held; cut -d' ' -f1 /proc/uptime > /tmp/after\n")
    keys.run("until [ -e /tmp/held ]; do sleep 0.1; done")		# from here on keys are for cat
    before = float(keys.run("cut -d' ' -f1 /proc/uptime"))
    keys.press(("x", True))
    keys.wait_screen(lambda lines: any(line.startswith("x" * 40) for line in lines))
    keys.press(("x", False))
    keys.key("ret")
    keys.key("ctrl", "d")
    after, held = float(written(keys, "/tmp/after")), keys.run("cat /tmp/held")
    assert set(held) == {"x", "\n"}
    assert 40 <= len(held) <= (after - before - 0.2) * 31 + 3, (held, before, after)
    keys.run("sleep 0.5")
    types(keys, "echo over", "over")		# nothing came meanwhile


def test_control_alt_caps_arrows(keys):
    keys.type("""awk 'BEGIN { print >"/tmp/runs"; close("/tmp/runs"); getline }'\n""")
    keys.run("until [ -e /tmp/runs ]; do sleep 0.1; done")
    keys.key("ctrl", "c")
    types(keys, "echo after $?", "after 130")
    types(keys, "echo once", "once")
    keys.run("rm /tmp/typed")
    keys.key("up")
    keys.type("\n")
    assert written(keys) == "once\n"
    keys.key("caps_lock")
    keys.type("x=1a\n")
    keys.key("caps_lock")
    types(keys, "echo $X", "1A")
    keys.type("cat -v > /tmp/alt\n")
    keys.run("until [ -e /tmp/alt ]; do sleep 0.1; done")
    keys.key("alt", "x")
    keys.key("f5")
    keys.key("delete")
    keys.key("ret")
    keys.key("ctrl", "d")
    assert written(keys, "/tmp/alt") == "^[x^[[[E^[[3~\n"


def test_held_key_goes_up_with_its_keyboard(keys):
    """Control is down when the keyboard is pulled out: the next one types letters."""
    keys.press(("ctrl", True))
    keys.qmp("device_del", id="first")
    wait_log(keys, "USB disconnect")
    keys.run("dmesg -c >/dev/null")
    keys.qmp("device_add", driver="usb-kbd", id="first", bus="xhci.0")
    wait_log(keys, "usb 1-.*: keyboard$")
    keys.press(("ctrl", False))
    types(keys)


def test_plugging_leaks_nothing(keys):
    """Slots, pages, slab objects: as many after 50 rounds as before."""
    def rounds(n):
        for _ in range(n):
            keys.qmp("device_add", driver="usb-kbd", id="again", bus="xhci.0")
            wait_log(keys, "usb 1-.*: keyboard$")
            keys.qmp("device_del", id="again")
            wait_log(keys, "USB disconnect")
            keys.run("dmesg -c >/dev/null")
        time.sleep(1)
        return [int(x) for x in re.findall(r"(?:MemFree|Slab|PageTables|KernelStack):\s*(\d+)", keys.run("cat /proc/meminfo"))]

    keys.run("dmesg -c >/dev/null")
    first = rounds(5)
    second = rounds(50)
    assert abs(first[0] - second[0]) < 50 * 4, (first, second)


def test_ctrl_alt_del():
    with machine("cad", XHCI + KBD) as m:
        login(m)
        m.key("ctrl", "alt", "delete")
        assert m.wait_exit(30) == 0
        assert "Restarting system" in m.log()


@pytest.fixture(scope="module")
def redir(tmp_path_factory):
    """A machine with one good keyboard, and a port for devices made of Python: plug(control) plugs one in."""
    path = str(tmp_path_factory.mktemp("redir") / "socket")
    with machine("redir", XHCI + ["-chardev", f"socket,id=redir,path={path},server=on,wait=off", "-device", "usb-redir,chardev=redir"]
                 + KBD, smp=2) as m:
        login(m)

        def plug(*args, **kw):
            m.run("dmesg -c > /dev/null")
            m.device = usbredir.Keyboard(path, m.transfers, *args, **kw)
            return m.device

        def unplug():
            m.device.close()
            time.sleep(0.5)
        m.plug, m.unplug = plug, unplug
        yield m


def when(request, value, answer):
    """Changes the answer to one request of the device."""
    return lambda setup, right: (answer(right, setup) if callable(answer) else answer) if setup[1:3] == (request, value) else right


@pytest.mark.parametrize("speed", [usbredir.LOW, usbredir.FULL])
def test_reports(redir, speed):
    """The requests that a keyboard gets, and reports of several keys at once."""
    kbd = redir.plug(speed=speed)
    wait_log(redir, "usb 1-.*: keyboard$")
    assert (0x21, 11, 0, 0, 0) in kbd.seen and (0x21, 10, 0, 0, 0) in kbd.seen	# SET_PROTOCOL(boot), SET_IDLE
    assert kbd.receiving.wait(60)
    redir.run("rm -f /tmp/typed")
    for keys, modifiers in [((4,), 2), ((), 0), ((5, 6), 0), ((5, 6, 7), 0), ((1,) * 6, 0), ((7,), 0), ((), 0)]:
        kbd.report(*keys, modifiers=modifiers)
    kbd.report(0x18, modifiers=1)		# ^U
    kbd.report()
    for usage in b"\x08\x06\x0b\x12\x2c\x1e\x37\x2c" b"\xb7\x38\x17\x10\x13\x38\x17\x1c\x13\x08\x07\x28":	# "echo 1. >/tmp/typed"
        kbd.report(usage & 0x7f, modifiers=usage >> 6 & 2)
        kbd.report()
    assert written(redir) == "1.\n"
    redir.unplug()
    wait_log(redir, "USB disconnect")


@pytest.mark.parametrize("control, says", [
    (when(6, 0x200, STALL), "refuses a request"), (when(6, 0x100, STALL), "refuses a request"), (when(11, 0, STALL), "refuses a request"),
    (when(6, 0x100, SILENT), "does not answer"), (when(11, 0, SILENT), "does not answer"),
    (when(6, 0x100, lambda right, setup: right[:10]), "has broken descriptors"),
    (when(6, 0x200, b""), "has broken descriptors"),
    (when(6, 0x200, lambda right, setup: CONFIG[:20]), "has broken descriptors"),		# fewer than it said
    (when(6, 0x200, lambda right, setup: right[:2] + b"\xff\xff" + right[4:]), "has broken descriptors"),
    (when(6, 0x200, lambda right, setup: right[:2] + b"\0\0" + right[4:]), "has broken descriptors"),
    (when(6, 0x200, lambda right, setup: right[:9] + b"\0" + right[10:]), "has broken descriptors"),	# a piece without length
    (when(6, 0x200, lambda right, setup: right[:18] + b"\xf0" + right[19:]), "has broken descriptors"),	# one beyond the end
    (when(6, 0x200, lambda right, setup: right[:31] + b"\0\0" + right[33:]), "has broken descriptors"),	# reports of 0 bytes
    (when(6, 0x200, lambda right, setup: right[:14] + b"\x08" + right[15:]), "no keyboard, left alone"),
])
def test_broken_devices(redir, control, says):
    """Each is named and left alone; the other keyboard types on, and the next device is served."""
    redir.plug(control)
    types(redir, "echo on", "on")
    wait_log(redir, says)
    assert not re.search(r": keyboard\r?$", redir.run("dmesg"), re.M)
    redir.unplug()


def test_refusals_that_do_no_harm(redir):
    """Many keyboards stall SET_IDLE. One whose reports fail is given up, and works when it is plugged in again."""
    for control in when(10, 0, STALL), lambda setup, right: right:
        kbd = redir.plug(control)
        wait_log(redir, "usb 1-.*: keyboard$")
        assert kbd.receiving.wait(60)
        kbd.report(status=usbredir.STATUS_STALL)
        wait_log(redir, "no more reports")
        redir.unplug()
        wait_log(redir, "USB disconnect")
        types(redir, "echo on", "on")
