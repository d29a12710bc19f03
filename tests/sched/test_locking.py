"""docs/locking.md says what the source says."""
import subprocess
import sys
from cutaway import TOP


def test_table_is_the_enum():
    done = subprocess.run([sys.executable, TOP / "tools/locking.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
