"""Run a program, as another user if requested; end it when the process that started it ends.

    python -I local/servers/launch.py STARTER_PID SIGNAL UID GID PROGRAM [ARGUMENT ...]

The starter, the process with STARTER_PID, cannot stop its children if it is killed with SIGKILL.
On Linux this script asks the kernel to send SIGNAL in that case, and then executes the program in
its place. On other systems it stays, checks every half second that the starter is still running,
and sends SIGNAL itself when it is not.
UID and GID of -1 keep the current user.

The script is run by its path and imports nothing from the project, so that it starts in about 20 ms
and a user without access to the project can run it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
POLL_SECONDS = 0.5


def end_with_starter(starter: int, signal_number: int) -> None:
    """Ask Linux to signal this process when its parent ends; exit if that has already happened."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal_number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != starter:
        sys.exit("The process that started this program has ended; start it again.")


def _change_user(uid: int, gid: int) -> None:
    if uid == -1:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _run_as_child(starter: int, signal_number: int, program: list[str]) -> int:
    """Run the program as a child, forward signals, and signal it when the starter has ended."""
    child = subprocess.Popen(program)

    def forward(number: int, _frame: object) -> None:
        child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, forward)
    while child.poll() is None:
        if os.getppid() != starter:
            child.send_signal(signal_number)
            return child.wait()
        time.sleep(POLL_SECONDS)
    return child.returncode


def main() -> None:
    """Run the program that the arguments name."""
    starter, signal_number, uid, gid = map(int, sys.argv[1:5])
    program = sys.argv[5:]
    _change_user(uid, gid)
    if sys.platform == "linux":
        end_with_starter(starter, signal_number)  # after _change_user(), which would undo it
        os.execv(program[0], program)  # noqa: S606 the caller names the program
    sys.exit(_run_as_child(starter, signal_number, program))


if __name__ == "__main__":
    main()
