"""Sockets on which everything ends: a port with one answers neither with a reset nor with an error."""

import ctypes
import socket
import struct

SO_ATTACH_FILTER = 26
_NOTHING = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))
_FILTER = struct.pack("@HP", 1, ctypes.addressof(_NOTHING))


def _silent(family, kind, port, protocol=0):
    sock = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _FILTER)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("", port))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


def silent_sockets(ports, ipv6):
    """The sockets for {"tcp": [...], "udp": [...]}; to be called within the namespace."""
    families = [socket.AF_INET, socket.AF_INET6] if ipv6 else [socket.AF_INET]
    kinds = (("tcp", socket.SOCK_STREAM, 0), ("udp", socket.SOCK_DGRAM, 0), ("udp", socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE))
    return [
        _silent(family, kind, port, protocol)
        for family in families
        for name, kind, protocol in kinds
        for port in dict.fromkeys(ports.get(name, []))
    ]
