"""Netlink messages: written, sent and taken apart."""

import os
import socket
import struct

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
NETLINK_NETFILTER = 12

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")


def attribute(kind, payload):
    """One attribute, padded as the next one needs it."""
    if isinstance(payload, str):
        payload = payload.encode() + b"\0"
    size = ATTRIBUTE.size + len(payload)
    return ATTRIBUTE.pack(size, kind) + payload + bytes(-size % 4)


def attributes(data, at=0):
    """The attributes from an offset on, by their kind."""
    found = {}
    while at + 4 <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, at)
        if size < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + size]
        at += (size + 3) & ~3
    return found


def messages(data):
    """The messages of a datagram: (type, body)."""
    at = 0
    while at + HEADER.size <= len(data):
        size, kind, _, _, _ = HEADER.unpack_from(data, at)
        if size < HEADER.size:
            return
        yield kind, data[at + HEADER.size : at + size]
        at += (size + 3) & ~3


def text(payload):
    return payload.rstrip(b"\0").decode(errors="replace")


class Netlink:
    """A netlink socket of the namespace in which it is opened."""

    def __init__(self, protocol):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self.socket.bind((0, 0))
        self.sequence = 0

    def request(self, kind, body, flags=NLM_F_ACK):
        """Sends a request and gives the bodies of its answers; the kernel's refusal is an OSError."""
        self.sequence += 1
        header = HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | flags, self.sequence, 0)
        self.socket.send(header + body)
        answers = []
        while True:
            for kind, body in messages(self.socket.recv(1 << 20)):
                if kind == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    if number:
                        raise OSError(number, os.strerror(number))
                    return answers
                if kind == NLMSG_DONE:
                    return answers
                answers.append(body)
                if not flags & (NLM_F_ACK | NLM_F_DUMP):
                    return answers

    def batch(self, several):
        """Sends a transaction of (type, body); the first and the last message only frame it."""
        data = b""
        for at, (kind, body) in enumerate(several):
            flags = NLM_F_REQUEST if at in (0, len(several) - 1) else NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK
            self.sequence += 1
            data += HEADER.pack(HEADER.size + len(body), kind, flags, self.sequence, 0) + body
        self.socket.send(data)
        for _ in several[1:-1]:
            self._answer(self.socket.recv(1 << 16))

    def _answer(self, data):
        for kind, body in messages(data):
            number = -struct.unpack_from("=i", body)[0] if kind == NLMSG_ERROR else 0
            if number:
                raise OSError(number, os.strerror(number))

    def close(self):
        self.socket.close()
