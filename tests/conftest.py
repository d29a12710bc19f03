"""Tests of Cutaway.  `make test` runs all, `make test T=mm/cow` those whose name holds this."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
