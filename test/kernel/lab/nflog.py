"""Steps as legacy iptables reports them: messages of TRACE, read from group 0 of nfnetlink_log."""

import re
import socket
import struct

from netlink import NETLINK_NETFILTER, Netlink, attribute, attributes, messages, text
from tracing import untraced

NFULNL_MSG_PACKET, NFULNL_MSG_CONFIG = 4 << 8, 4 << 8 | 1
NFULA_CFG_CMD, NFULA_CFG_MODE = 1, 2
NFULNL_CFG_CMD_BIND, NFULNL_COPY_PACKET = 1, 2
HDR, MARK, TIMESTAMP, INDEV, OUTDEV, PHYSINDEV, PHYSOUTDEV, PAYLOAD, PREFIX = 1, 2, 3, 4, 5, 6, 7, 9, 10
SO_RCVBUFFORCE = 33

_MESSAGE = re.compile(r"^TRACE: (\w+):(.+):(rule|return|policy):(\d+) ?$")


class LegacyEvents:
    """The trace messages of one namespace; opened within it."""

    def __init__(self, netns, names, keep_raw):
        self.netns, self.names, self.keep_raw = netns.name, names, keep_raw
        self.netlink = Netlink(NETLINK_NETFILTER)
        self.socket = self.netlink.socket
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._configure(attribute(NFULA_CFG_CMD, bytes([NFULNL_CFG_CMD_BIND])))
        self._configure(attribute(NFULA_CFG_MODE, struct.pack("!IBx", 0xFFFF, NFULNL_COPY_PACKET)))
        self.socket.setblocking(False)

    def _configure(self, setting):
        self.netlink.request(NFULNL_MSG_CONFIG, bytes(4) + setting)

    def read(self):
        """The steps that have come in: (time in nanoseconds or 0, step)."""
        for kind, body in messages(self.socket.recv(1 << 18)):
            if kind != NFULNL_MSG_PACKET:
                continue
            said = attributes(body, 4)
            found = _MESSAGE.match(text(said.get(PREFIX, b"")))
            if not found:
                continue
            step = untraced(self._step(found, said), self.keep_raw[body[0]])
            if step:
                yield self._time(said), step

    def _step(self, found, said):
        table, chain, kind, rule = found.groups()
        return {
            "netns": self.netns,
            "table": table,
            "chain": chain,
            "kind": kind,
            "rule": int(rule),
            "mark": struct.unpack("!I", said[MARK])[0] if MARK in said else 0,
            "hook": said[HDR][2],
            "in": self._device(said, INDEV),
            "out": self._device(said, OUTDEV),
            "physin": self._device(said, PHYSINDEV),
            "physout": self._device(said, PHYSOUTDEV),
            "packet": said.get(PAYLOAD, b"").hex(),
        }

    def _device(self, said, kind):
        return self.names[struct.unpack("!I", said[kind])[0]] if kind in said else ""

    def _time(self, said):
        if TIMESTAMP not in said:
            return 0
        seconds, microseconds = struct.unpack("!QQ", said[TIMESTAMP])
        return seconds * 1_000_000_000 + microseconds * 1000

    def close(self):
        self.netlink.close()
