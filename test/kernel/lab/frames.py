"""What goes over the devices of a namespace, and what arrives at its sockets."""

import socket
import struct

from nflog import SO_RCVBUFFORCE

ETH_P_ALL = 3
SO_TIMESTAMPNS, SOL_PACKET, PACKET_AUXDATA = 35, 263, 8
TP_STATUS_CSUMNOTREADY, TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 8, 16, 64
PACKET_TYPES = ("host", "broadcast", "multicast", "otherhost", "outgoing")
IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_FLOWINFO = 49, 50, 51, 52, 11
PROTOCOLS = (1, 6, 17, 33, 47, 50, 51, 89, 132, 136)
PROTOCOLS6 = (6, 17, 33, 41, 47, 50, 58, 89, 132, 135, 136)


def _prepared(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.setblocking(False)
    return sock


def time_of(ancillary):
    """The time that the kernel gave a packet, in nanoseconds; 0 without."""
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("=qq", value)
            return seconds * 1_000_000_000 + nanoseconds
    return 0


class Frames:
    """All frames on all devices of a namespace; opened within it."""

    def __init__(self, netns):
        self.netns = netns.name
        self.socket = _prepared(socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(ETH_P_ALL)))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)

    def read(self):
        """A frame that has come in: (time in nanoseconds, frame)."""
        data, ancillary, _, address = self.socket.recvmsg(1 << 17, 256)
        device, kind = address[0], PACKET_TYPES[address[2]]
        frame = {"netns": self.netns, "device": device, "direction": "out" if kind == "outgoing" else "in", "type": kind}
        for level, name, value in ancillary:
            if level == SOL_PACKET and name == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value)
                if status & TP_STATUS_VLAN_VALID:
                    # The kernel has taken the tag off already; on the wire it is there.
                    tag = struct.pack("!HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
                    data = data[:12] + tag + data[12:]
                if status & TP_STATUS_CSUMNOTREADY:
                    frame["checksum"] = "partial"
        yield time_of(ancillary), {**frame, "frame": data.hex()}

    def close(self):
        self.socket.close()


class Delivered:
    """Copies of what is delivered locally in a namespace, of one protocol; opened within it."""

    def __init__(self, netns, family, protocol):
        self.netns, self.family, self.protocol = netns.name, family, protocol
        self.socket = _prepared(socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol))
        if family == socket.AF_INET6:
            for option in (IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_FLOWINFO):
                self.socket.setsockopt(socket.IPPROTO_IPV6, option, 1)

    def read(self):
        """A packet that has come in: (time in nanoseconds, packet). Of IPv6 the kernel gives no header."""
        data, ancillary, _, address = self.socket.recvmsg(1 << 17, 256)
        if self.family == socket.AF_INET:
            said = {"packet": data.hex()}
        else:
            about = {kind: value for level, kind, value in ancillary if level == socket.IPPROTO_IPV6}
            said = {
                "protocol": self.protocol,
                "source": address[0].partition("%")[0],
                "destination": socket.inet_ntop(socket.AF_INET6, about[IPV6_PKTINFO][:16]),
                "hopLimit": struct.unpack("=i", about[IPV6_HOPLIMIT])[0],
                "flow": struct.unpack("!I", about[IPV6_FLOWINFO])[0] if IPV6_FLOWINFO in about else 0,
                "payload": data.hex(),
            }
        yield time_of(ancillary), {"netns": self.netns, **said}

    def close(self):
        self.socket.close()


def deliveries(netns, ipv6):
    """The sockets that take copies of what is delivered; to be called within the namespace."""
    found = [Delivered(netns, socket.AF_INET, protocol) for protocol in PROTOCOLS]
    return found + [Delivered(netns, socket.AF_INET6, protocol) for protocol in PROTOCOLS6 if ipv6]
