"""Steps as nftables reports them: trace events of all namespaces, read in their order from one socket of the lab's home."""

import socket
import struct

from netlink import NETLINK_NETFILTER, NLM_F_DUMP, Netlink, attributes, messages, text
from nflog import SO_RCVBUFFORCE
from tracing import BUILT_IN, untraced

NFT_MSG_GETRULE, NFT_MSG_TRACE = 10 << 8 | 7, 10 << 8 | 17
TABLE, CHAIN, HANDLE, TYPE, ID = 1, 2, 3, 4, 6
NETWORK, TRANSPORT, IIF, OIF, MARK = 8, 9, 10, 12, 14
TYPE_POLICY = 1
NFNLGRP_NFTRACE = 9
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_LISTEN_ALL_NSID = 270, 1, 8
# In hexadecimal digits: where an IPv6 header names the next one and where it ends; ICMPv6, and its type redirect.
NEXT_HEADER, HEADER, ICMPV6, REDIRECT = 12, 80, "3a", "89"
HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")


class Rules:
    """The numbers of a namespace's rules by their handle."""

    def __init__(self, netns):
        with netns:
            netlink = Netlink(NETLINK_NETFILTER)
        self.numbers, self.counts = {}, {}
        for family in (socket.AF_INET, socket.AF_INET6):
            for answer in netlink.request(NFT_MSG_GETRULE, bytes([family, 0, 0, 0]), NLM_F_DUMP):
                said = attributes(answer, 4)
                chain = family, text(said[TABLE]), text(said[CHAIN])
                self.counts[chain] = self.counts.get(chain, 0) + 1
                self.numbers[chain + (said[HANDLE],)] = self.counts[chain]
        netlink.close()


class Traced:
    """What has to be known about one namespace to read its events."""

    def __init__(self, netns, names, keep_raw):
        self.netns, self.names, self.keep_raw = netns, names, keep_raw
        self.rules = Rules(netns)
        self.traversals = {}

    def notice(self, said):
        """Keeps what only the first event of a packet in a built-in chain says: devices, hook, and for that one the packet."""
        if NETWORK in said or TRANSPORT in said:
            self.traversals[said[ID]] = {
                "hook": HOOKS.index(text(said[CHAIN])),
                "in": self._device(said, IIF),
                "out": self._device(said, OIF),
                "physin": "",
                "physout": "",
                # Of a later fragment of IPv6 the kernel takes the wrong octets for headers (exthdrs_core.c, ipv6_find_hdr leaves the offset 0).
                "packet": (said[NETWORK] + said.get(TRANSPORT, b"")).hex() if NETWORK in said else "",
            }

    def _device(self, said, kind):
        return self.names[struct.unpack("!I", said[kind])[0]] if kind in said else ""


class NftEvents:
    """The trace events of all namespaces of a case, by their nsid in the lab's home."""

    def __init__(self, traced):
        self.traced = traced
        self.socket = Netlink(NETLINK_NETFILTER).socket
        self.socket.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE)
        self.socket.setblocking(False)

    def read(self):
        """The steps that have come in: ((netns, packet's id), step), the step None where it is only there for tracing."""
        data, ancillary, _, _ = self.socket.recvmsg(1 << 18, 64)
        nsid = next((struct.unpack("=i", value)[0] for level, _, value in ancillary if level == SOL_NETLINK), None)
        traced = self.traced.get(nsid)
        if not traced:
            return
        for kind, body in messages(data):
            if kind == NFT_MSG_TRACE:
                said = attributes(body, 4)
                traced.notice(said)
                # What cannot be shown has no first event (nf_tables_trace.c, nf_trace_fill_pkt_info).
                if said[ID] in traced.traversals and not _is_end_before_policy(said):
                    step = self._step(traced, body[0], said)
                    yield (traced.netns.name, said[ID]), step and {"netns": traced.netns.name, **step}

    def _step(self, traced, family, said):
        table, chain = text(said[TABLE]), text(said[CHAIN])
        where = family, table, chain
        traversal = traced.traversals[said[ID]]
        rule, kind = traced.rules.numbers.get((*where, said.get(HANDLE))), "rule"
        if rule is None:
            rule = traced.rules.counts.get(where, 0) + 1
            kind = "policy" if _is_policy(said) else "return"
        mark = struct.unpack("!I", said[MARK])[0] if MARK in said else 0
        step = {"table": table, "chain": chain, "kind": kind, "rule": rule, "mark": mark, "markAfter": True, **traversal}
        step = untraced(step, traced.keep_raw[family])
        if step:
            traversal.pop("packet", None)
        return step

    def close(self):
        self.socket.close()


def _is_policy(said):
    return struct.unpack("!I", said[TYPE])[0] == TYPE_POLICY


def _is_end_before_policy(said):
    """The end of a chain is an event of its own, without a rule; at that of a built-in chain another one tells the policy."""
    return HANDLE not in said and not _is_policy(said) and text(said[CHAIN]) in BUILT_IN.get(text(said[TABLE]), ())


def rules_first(events):
    """
    The steps with each rule before what it caused.

    The kernel tells of a rule when its target has run (net/netfilter/nf_tables_core.c, nft_do_chain), so the way of the
    answer that a REJECT sends comes before it.
    """
    ordered, ends = [], {}
    for key, step in events:
        at = ends.get(key)
        if at is None:
            at = _came_up(ordered, step, key[0]) if step else len(ordered)
        between = next((other for _, other in ordered[at:] if other), None)
        caused = step and step["kind"] == "rule" and between and _is_sent(between, key[0])
        ordered.insert(at if caused else len(ordered), (key, step))
        ends[key] = len(ordered)
    return [step for _, step in ordered if step]


def _came_up(ordered, step, netns):
    """
    Where what a packet caused began that has no step yet under its number.

    A bridge hands a packet up under another number (nft_trace_fill_id takes it from the device that it came in on), so
    that it is here for the first time after PREROUTING, or at all where PREROUTING has nothing to tell of.
    """
    if step["hook"] not in (HOOKS.index("INPUT"), HOOKS.index("FORWARD")):
        return len(ordered)
    here = [i for i, (_, other) in enumerate(ordered) if other and other["netns"] == netns]
    arrived = [i + 1 for i in here if ordered[i][1]["hook"] == 0]
    if arrived:
        return arrived[-1]
    return here[0] if here and step.get("in") != "lo" else len(ordered)


def _is_sent(step, netns):
    """Whether a rule may have sent the packet of a step; redirects are sent before the rules are asked (ip6_output.c, ip6_forward)."""
    packet = step.get("packet", "")
    is_redirect = packet.startswith(ICMPV6, NEXT_HEADER) and packet.startswith(REDIRECT, HEADER)
    return step["netns"] == netns and step["hook"] == HOOKS.index("OUTPUT") and not is_redirect
