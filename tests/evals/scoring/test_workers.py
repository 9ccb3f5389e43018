"""Worker processes: what happens to them when their parent is interrupted."""

from __future__ import annotations

import subprocess
import sys

INTERRUPTED_AT_BIRTH = """
import os, signal, multiprocessing.util as util
from evals.scoring.workers import local_workers

def spawn_then_interrupt(*args, spawn=util.spawnv_passfds):
    born = spawn(*args)
    os.kill(os.getpid(), signal.SIGINT)
    return born

if __name__ == "__main__":
    # A shell that starts the tests in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with local_workers(1) as workers:
            util.spawnv_passfds = spawn_then_interrupt
            workers.submit(int)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_while_a_worker_is_born_leaves_no_orphan_without_orders() -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT_BIRTH]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.stdout == "interrupted\n", ended.stderr
    assert ended.stderr == ""
    assert ended.returncode == 0
