"""Sends one packet into a case and gathers all that happens until nothing moves any more."""

import errno
import select
import socket
import time

from frames import SO_TIMESTAMPNS, time_of
from kernel import OneCpu
from nftrace import rules_first
from tools import Run

SO_MARK, SO_BINDTODEVICE = 36, 25
IP_TRANSPARENT, IPV6_TRANSPARENT, IPV6_TCLASS = 19, 75, 67
# Of one packet; a hundred times what goes from router to router until its TTL is used up.
MOST_EVENTS = 200_000
TOLD_OF_ENDLESS = 12


class Overrun(RuntimeError):
    """The kernel reported more than the lab can take in, or there is no end of it."""


class Marker:
    """
    A datagram to ourselves through the loopback device.

    All packets wait in the one queue of their CPU (net/core/dev.c, enqueue_to_backlog); when this one has come through, so
    has everything before it. Open all the time, it also keeps the kernel taking the time of packets as they come in.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(self.socket.getsockname())
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(5)
        while not self._is_timed():
            pass

    def pass_through(self):
        self.socket.send(b".")
        self.socket.recv(1)

    def _is_timed(self):
        """Whether a packet has the time of its arrival already: the kernel begins with that a little after it was asked to."""
        self.socket.send(b".")
        sent = time.time_ns()
        time.sleep(0.001)
        return time_of(self.socket.recvmsg(1, 64)[1]) <= sent


class Sender:
    """Sends into the namespaces of a case."""

    def __init__(self, case, marker):
        self.case, self.marker = case, marker
        self.sockets = {}
        self.watched = {}
        self.poll = select.epoll()
        case.open.callback(self.close)
        for kind in ("frames", "delivered"):
            for one in getattr(case, kind):
                self._watch(one, kind)
        for trace in case.traces:
            self._watch(trace, "steps")

    def _watch(self, source, kind):
        self.watched[source.socket.fileno()] = (source, kind)
        self.poll.register(source.socket.fileno(), select.EPOLLIN)

    def close(self):
        self.poll.close()
        for sock in self.sockets.values():
            sock.close()

    def send(self, request):
        """The answer to a request to send."""
        self._drain({"frames": [], "delivered": [], "steps": []})
        for counters in self.case.counters.values():
            counters.start()
        seen = {"frames": [], "delivered": [], "steps": []}
        with OneCpu():
            now = time.time_ns()
            error = self._write(request)
            endless = not self._settles(seen, request.get("quiet", 0))
        if endless:
            self._stop()
            seen = {kind: events[:TOLD_OF_ENDLESS] for kind, events in seen.items()}
        moved = {name: counters.moved() for name, counters in self.case.counters.items()}
        frames = _ordered(seen["frames"])
        answer = {
            "time": str(self._time(request, frames) or now),
            "steps": self._steps(seen),
            "frames": [frame for _, frame in frames],
            "delivered": [packet for _, packet in _ordered(seen["delivered"])],
            "counters": {name: counts for name, counts in moved.items() if counts},
        }
        return {**answer, **({"error": error} if error else {}), **({"endless": True} if endless else {})}

    def _steps(self, seen):
        if self.case.backend == "nft":
            return rules_first(seen["steps"])
        return [step for _, step in _ordered(_refined(seen))]

    def _stop(self):
        """Ends what goes round: what is told of it would be taken for the next case's."""
        for netns in self.case.netns.values():
            Run(netns, ["ip", "link", "set", "group", "default", "down"]).finish()

    def _write(self, request):
        try:
            if "frame" in request:
                netns, device = self._far_end(request)
                self._socket(netns, "frames").sendto(bytes.fromhex(request["frame"]), (device, 0))
            else:
                self._send_packet(request, bytes.fromhex(request["packet"]))
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
        return None

    def _far_end(self, request):
        end = self.case.far.get((self.case.netns[request["netns"]], request["device"]))
        if not end:
            raise ValueError(f"{request['netns']} has no link {request['device']}")
        return end

    def _send_packet(self, request, packet):
        netns = self.case.netns[request["netns"]]
        family = socket.AF_INET6 if packet[0] >> 4 == 6 else socket.AF_INET
        sock = self._socket(netns, family)
        sock.setsockopt(socket.SOL_SOCKET, SO_MARK, request.get("mark", 0))
        sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, request.get("device", "").encode() + b"\0")
        source, destination = (packet[8:24], packet[24:40]) if family == socket.AF_INET6 else (packet[12:16], packet[16:20])
        if family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, packet[1])
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, int.from_bytes(packet[:2], "big") >> 4 & 0xFF)
        self._bind(sock, family, socket.inet_ntop(family, source))
        sock.sendto(packet, (socket.inet_ntop(family, destination), 0))

    def _bind(self, sock, family, source):
        """Routed by its source, as the packets of ordinary sockets are once they have one; also by one that is not the namespace's."""
        try:
            sock.bind((source, 0))
        except OSError:
            sock.bind(("", 0))

    def _socket(self, netns, kind):
        key = netns, kind
        if key not in self.sockets:
            with netns:
                if kind == "frames":
                    self.sockets[key] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
                else:
                    self.sockets[key] = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW)
                    level, option = (socket.IPPROTO_IP, IP_TRANSPARENT) if kind == socket.AF_INET else (socket.IPPROTO_IPV6, IPV6_TRANSPARENT)
                    self.sockets[key].setsockopt(level, option, 1)
                    if kind == socket.AF_INET:
                        self.sockets[key].setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
                        # For broadcasts too, as any sender of whole packets may.
                        self.sockets[key].setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return self.sockets[key]

    def _settles(self, seen, quiet):
        """Takes everything in until a whole round through the CPU's queue brings nothing new; False when there is no end of it."""
        try:
            self._drain(seen)
            while True:
                self.marker.pass_through()
                if not self._drain(seen, quiet):
                    return True
        except Overrun:
            return False

    def _drain(self, seen, quiet=0):
        moved = False
        while ready := self.poll.poll(quiet / 1000):
            moved = True
            for fd, _ in ready:
                source, kind = self.watched[fd]
                try:
                    while len(seen[kind]) < MOST_EVENTS:
                        seen[kind] += source.read()
                    raise Overrun()
                except BlockingIOError:
                    pass
                except OSError as error:
                    raise Overrun() if error.errno == errno.ENOBUFS else RuntimeError(str(error)) from error
        return moved

    def _time(self, request, frames):
        """When the packet was seen at its device; of a local packet, when it was sent."""
        if "frame" not in request:
            return None
        where = request["netns"], request["device"], "in"
        return next((time for time, frame in frames if (frame["netns"], frame["device"], frame["direction"]) == where), None)


def _ordered(timed):
    """By time, but never against the order within a namespace; what has no time belongs to what came before it there."""
    last, found = {}, []
    for time, what in timed:
        last[what["netns"]] = max(last.get(what["netns"], 0), time)
        found.append((last[what["netns"]], what))
    return sorted(found, key=lambda one: one[0])


def _refined(seen):
    """Steps with the whole time of the frame that they are about; the kernel's message has microseconds only."""
    exact = {(frame["netns"], time // 1000): time for time, frame in reversed(seen["frames"]) if frame["direction"] == "in"}
    return [(exact.get((step["netns"], time // 1000), time), step) for time, step in seen["steps"]]
