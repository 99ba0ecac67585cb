"""System calls that Python's library lacks: namespaces, mounts, and dying with the parent."""

import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 0x40000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    """The result of a C call; its errno as an exception when it failed."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


class Netns:
    """A network namespace that lives as long as this object's file descriptor, and whatever else is open in it."""

    home = None

    def __init__(self, name):
        self.name = name
        self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @classmethod
    def created(cls, name):
        """A new namespace; the process is back at home afterwards."""
        checked(libc.unshare(CLONE_NEWNET), "unshare")
        try:
            return cls(name)
        finally:
            cls.home.enter()

    def enter(self):
        checked(libc.setns(self.fd, CLONE_NEWNET), "setns")

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        self.enter()
        return self

    def __exit__(self, *_):
        Netns.home.enter()


def move_to_private_home():
    """Leaves the machine's own network and /run for ones that vanish with this process, however it ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    checked(libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    checked(libc.mount(None, b"/", None, MS_REC_PRIVATE, None), "mount")
    # iptables has its lock in /run, and iproute2 its names.
    checked(libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None), "mount")
    Netns.home = Netns("world")


class OneCpu:
    """Keeps the process on the CPU where it is: packets then move through that CPU's queue alone, first in first out."""

    def __enter__(self):
        self.all = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {libc.sched_getcpu()})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.all)
