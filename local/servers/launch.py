"""Run a program that ends when its starter ends, as another user if need be.

    python -I local/servers/launch.py STARTER_PID SIGNAL UID GID PROGRAM [ARGUMENT ...]

A starter that is killed with SIGKILL cannot stop its children. On Linux the kernel sends them
SIGNAL instead, as requested here, and this process becomes the program. On other systems this
process remains, checks every half second whether the starter lives, and sends SIGNAL itself.
UID and GID of -1 keep the current user.

It is run by its path and imports nothing of the project: it starts in about 20 ms, and a user
without access to the project can run it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
POLL_SECONDS = 0.5


def end_with_starter(starter: int, number: int) -> None:
    """Ask Linux to signal this process when its parent ends; exit if that has already happened."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != starter:
        sys.exit("The process that started this program has ended; start it again.")


def _change_user(uid: int, gid: int) -> None:
    if uid == -1:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _run_as_child(starter: int, number: int, program: list[str]) -> int:
    """Run the program as a child, pass signals on, and signal it when the starter has ended."""
    child = subprocess.Popen(program)

    def pass_on(received: int, _frame: object) -> None:
        child.send_signal(received)

    for forwarded in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(forwarded, pass_on)
    while child.poll() is None:
        if os.getppid() != starter:
            child.send_signal(number)
            return child.wait()
        time.sleep(POLL_SECONDS)
    return child.returncode


def main() -> None:
    """Run the program that the arguments name."""
    starter, number, uid, gid = map(int, sys.argv[1:5])
    program = sys.argv[5:]
    _change_user(uid, gid)
    if sys.platform == "linux":
        end_with_starter(starter, number)  # after _change_user(), which would undo it
        os.execv(program[0], program)  # noqa: S606 the caller names the program
    sys.exit(_run_as_child(starter, number, program))


if __name__ == "__main__":
    main()
