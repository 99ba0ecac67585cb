"""The counters of a namespace's stack (/proc/net/snmp, netstat, snmp6): what has moved since they were last read."""

import os

FILES = ("/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat")
FILE6 = "/proc/thread-self/net/snmp6"


def _read(fd):
    return os.pread(fd, 1 << 16, 0)


def _values(data):
    """The counters by name; header and value lines take turns, or each line has one counter (snmp6)."""
    lines = data.decode().splitlines()
    if lines and ":" not in lines[0]:
        return {name: int(value) for name, value in (line.split() for line in lines)}
    values = {}
    for names, numbers in zip(lines[::2], lines[1::2]):
        group = names.partition(":")[0]
        values |= {f"{group}.{name}": int(number) for name, number in zip(names.split()[1:], numbers.split()[1:])}
    return values


class Counters:
    """The counters of one namespace; opened within it."""

    def __init__(self, ipv6):
        self.fds = [os.open(file, os.O_RDONLY | os.O_CLOEXEC) for file in FILES + ((FILE6,) if ipv6 else ())]
        self.before = [_read(fd) for fd in self.fds]

    def start(self):
        self.before = [_read(fd) for fd in self.fds]

    def moved(self):
        """By how much each counter has moved since the start."""
        moved = {}
        for fd, before in zip(self.fds, self.before):
            after = _read(fd)
            if after != before:
                old, new = _values(before), _values(after)
                moved |= {name: count - old.get(name, 0) for name, count in new.items() if count != old.get(name, 0)}
        return moved

    def close(self):
        for fd in self.fds:
            os.close(fd)
