"""
The built-in chains of iptables-nft, created in one transaction of our own before iptables-nft-restore is asked.

It would create only those that the rules name, while iptables-nft-save prints them all; and with each policy that it sets
it waits for the kernel to forget the chain of before, tens of milliseconds that no case needs (nf_tables_api.c,
nft_rcv_nl_event).
"""

import re
import struct

from netlink import NETLINK_NETFILTER, Netlink, attribute
from tracing import BUILT_IN

NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN = 16, 17, 10 << 8, 10 << 8 | 3
NFTABLES = 10
HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 150}
NAT_PRIORITIES = {"PREROUTING": -100, "OUTPUT": -100, "INPUT": 100, "POSTROUTING": 100}
POLICIES = {"DROP": 0, "ACCEPT": 1}
_DECLARED = re.compile(r"^:(\S+) (ACCEPT|DROP)( \[0:0\])?$")


def split_policies(rules):
    """The rules without the declarations of built-in chains, and per table the policies that these say."""
    lines, policies, table = [], {}, None
    for line in rules.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
            policies.setdefault(table, {})
        declared = _DECLARED.match(line.strip())
        if declared and declared[1] in BUILT_IN.get(table, ()):
            policies[table][declared[1]] = declared[2]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n", policies


def create_chains(netns, family, policies):
    """Creates tables with all their built-in chains and the policies given."""
    with netns:
        netlink = Netlink(NETLINK_NETFILTER)
    batch = [(NFNL_MSG_BATCH_BEGIN, struct.pack("!BBH", 0, 0, NFTABLES))]
    for table in (table for table in policies if table in BUILT_IN):
        batch.append((NFT_MSG_NEWTABLE, bytes([family, 0, 0, 0]) + attribute(1, table)))
        batch += [(NFT_MSG_NEWCHAIN, _chain(family, table, chain, policies[table])) for chain in BUILT_IN[table]]
    batch.append((NFNL_MSG_BATCH_END, struct.pack("!BBH", 0, 0, NFTABLES)))
    netlink.batch(batch)
    netlink.close()


def _chain(family, table, chain, policies):
    nat = table == "nat"
    priority = NAT_PRIORITIES[chain] if nat else PRIORITIES[table]
    kind = "nat" if nat else "route" if (table, chain) == ("mangle", "OUTPUT") else "filter"
    hook = attribute(1, struct.pack("!I", HOOKS.index(chain))) + attribute(2, struct.pack("!i", priority))
    policy = struct.pack("!I", POLICIES[policies.get(chain, "ACCEPT")])
    names = attribute(1, table) + attribute(3, chain)
    return bytes([family, 0, 0, 0]) + names + attribute(4 | 0x8000, hook) + attribute(5, policy) + attribute(7, kind)
