"""Become a program that ends when its starter ends, and that does not run as root.

    python -I local/servers/launch.py STARTER_PID SIGNAL UID GID PROGRAM [ARGUMENT ...]

A `kill -9` gives the starter no chance to stop what it started. Linux can: it sends the signal
that we ask for here. Elsewhere this process stays, looks every half second whether the starter
is alive, and sends the signal itself. UID and GID of -1 change nothing.

A file of its own, run by path and without the project, so that it starts in about 20 ms and can
still be read after it has given up root's rights.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_SECONDS = 0.5


def end_with_starter(starter: int, number: int) -> None:
    """Ask Linux to signal this process when its parent ends; leave at once if it has."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != starter:
        sys.exit("The process that asked for this program is gone.")


def _become(uid: int, gid: int) -> None:
    if uid == -1:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _watch(starter: int, number: int, program: list[str]) -> int:
    """Run the program as a child and pass on signals and the starter's end."""
    child = subprocess.Popen(program)

    def pass_on(received: int, _frame: object) -> None:
        child.send_signal(received)

    for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(caught, pass_on)
    while child.poll() is None:
        if os.getppid() != starter:
            child.send_signal(number)
            return child.wait()
        time.sleep(LOOK_SECONDS)
    return child.returncode


def main() -> None:
    """Read the arguments and become the program."""
    starter, number, uid, gid = map(int, sys.argv[1:5])
    program = sys.argv[5:]
    _become(uid, gid)
    if sys.platform == "linux":
        end_with_starter(starter, number)  # after _become(): a change of user forgets it
        os.execv(program[0], program)  # noqa: S606 the caller names the program
    sys.exit(_watch(starter, number, program))


if __name__ == "__main__":
    main()
