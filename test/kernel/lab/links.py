"""Veth pairs between namespaces, their offloads, and the numbers by which namespaces know each other (nsid)."""

import ctypes
import fcntl
import socket
import struct

from kernel import Netns
from netlink import NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, Netlink, attribute

RTM_NEWLINK, RTM_GETLINK, RTM_NEWNSID = 16, 18, 88
IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 5, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER, IFLA_MACVLAN_MODE = 1, 2, 1, 1
MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
NETNSA_NSID, NETNSA_FD = 1, 3
IFF_UP = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCETHTOOL = 0x8913, 0x8914, 0x8946
ETHTOOL_STXCSUM = 0x17


def _end(netns, device, mac):
    about = bytes(16) + attribute(IFLA_IFNAME, device)
    if mac:
        about += attribute(IFLA_ADDRESS, bytes.fromhex(mac.replace(":", "")))
    return about + attribute(IFLA_NET_NS_FD, struct.pack("=i", netns.fd))


def add_veth(route, first, second):
    """Adds a veth pair; an end is (netns, device, mac or None)."""
    peer = attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, _end(*second)))
    body = _end(*first) + attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, "veth") + peer)
    route.request(RTM_NEWLINK, body, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)


def add_macvlan(end, lower, mode):
    """Adds a macvlan, an end, on a device that is there: (netns, device, …)."""
    with lower[0]:
        route = Netlink(socket.NETLINK_ROUTE)
        index = socket.if_nametoindex(lower[1])
    data = attribute(IFLA_INFO_DATA, attribute(IFLA_MACVLAN_MODE, struct.pack("=I", MACVLAN_MODES[mode])))
    body = _end(*end) + attribute(IFLA_LINK, struct.pack("=i", index))
    body += attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, "macvlan") + data)
    try:
        route.request(RTM_NEWLINK, body, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)
    finally:
        route.close()


def add_nsids(netns, others):
    """Numbers other namespaces within a namespace, from 0 on."""
    with netns:
        route = Netlink(socket.NETLINK_ROUTE)
    for number, other in enumerate(others):
        add_nsid(route, other, number)
    route.close()


def add_nsid(route, other, number):
    body = bytes(4) + attribute(NETNSA_NSID, struct.pack("=i", number)) + attribute(NETNSA_FD, struct.pack("=i", other.fd))
    route.request(RTM_NEWNSID, body)


def _request_of(device, rest):
    return struct.pack("16s", device.encode()) + rest


def up(control, device):
    """Brings a device up in the namespace of the socket."""
    flags = struct.unpack_from("=H", fcntl.ioctl(control, SIOCGIFFLAGS, _request_of(device, bytes(16))), 16)[0]
    fcntl.ioctl(control, SIOCSIFFLAGS, _request_of(device, struct.pack("=H14x", flags | IFF_UP)))


def checksums_in_software(control, device):
    """Switches transmit checksum offload off, and with it segmentation offload: frames are then seen as on a real wire."""
    value = ctypes.create_string_buffer(struct.pack("=II", ETHTOOL_STXCSUM, 0))
    fcntl.ioctl(control, SIOCETHTOOL, _request_of(device, struct.pack("=Q8x", ctypes.addressof(value))))


def settle_links(netns, devices=None):
    """
    Lets the devices of a namespace, or some of them, take up what has happened to their carriers.

    A device that came up before its peer drops everything until linkwatch has run, up to a second later; who asks for its
    link does not wait (rtnetlink.c, rtnl_getlink). Twice, since a bridge changes after its ports.
    """
    with netns:
        route = Netlink(socket.NETLINK_ROUTE)
        indexes = [index for index, name in socket.if_nameindex() if devices is None or name in devices]
    for index in indexes * 2:
        route.request(RTM_GETLINK, struct.pack("=BxHiII", 0, 0, index, 0, 0), flags=0)
    route.close()


def control_socket(netns):
    """A socket for ioctls within a namespace."""
    with netns:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def world_up():
    """Makes the lab's own namespace the world at the far ends: it has no addresses, answers nothing and forwards nothing."""
    with control_socket(Netns.home) as control:
        up(control, "lo")
