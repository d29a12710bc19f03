"""The USB descriptor reader on the host: each cut and each changed byte of a descriptor (fuzz_usb.c), under ASan and UBSan."""
from test_lib import BUILD, FLAGS, run


def test_descriptors():
    BUILD.mkdir(parents=True, exist_ok=True)
    run("gcc", *FLAGS, "-DPLAIN", "tests/host/fuzz_usb.c", "-o", BUILD / "usb")
    assert "changed descriptors" in run(BUILD / "usb")
