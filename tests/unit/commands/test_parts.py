"""What a part of the program sets up before it runs."""

import platform
import subprocess
import sys

import pytest

# Threads that ask for memory at the same time, and how many heaps the C library holds then.
HEAPS = """
import ctypes, sys, threading
from data.commands import parts
if sys.argv[1] == "small":
    parts._keep_memory_small()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
asked, told = threading.Barrier(6), threading.Barrier(6)
def ask():
    libc.malloc(5000)
    asked.wait()
    told.wait()
threads = [threading.Thread(target=ask) for _ in range(5)]
for thread in threads:
    thread.start()
asked.wait()
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
told.wait()
print(open(sys.argv[2]).read().count("<heap nr"))
"""


def heaps(how: str, path: str) -> int:
    argv = (sys.executable, "-c", HEAPS, how, path)
    return int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has heaps to be limited")
def test_a_part_with_many_threads_holds_two_heaps(tmp_path) -> None:
    assert heaps("usual", str(tmp_path / "usual")) > 2
    assert heaps("small", str(tmp_path / "small")) <= 2
