"""A training's process: memory in large pages, asked for once, with the same program and arguments."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
PROGRAM = "import os, sys; from fruitlab.process import large_pages; large_pages(); print(os.getpid(), os.environ.get('GLIBC_TUNABLES'), sys.argv[1:])"


@pytest.mark.skipif(not SWITCH.exists() or "[never]" in SWITCH.read_text(), reason="Linux with transparent huge pages only")
@pytest.mark.parametrize("already", [None, "", "glibc.malloc.check=1"])
def test_it_starts_anew_once_as_the_same_process_unless_the_environment_says_otherwise(already):
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"} | ({} if already is None else {"GLIBC_TUNABLES": already})
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "a b", "--c=d"], env=environment, stdout=subprocess.PIPE, text=True)
    expected = "glibc.malloc.hugetlb=1" if already is None else already
    assert process.communicate()[0].strip() == f"{process.pid} {expected} ['a b', '--c=d']"
