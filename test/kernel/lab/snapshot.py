"""The snapshot of a namespace, taken with the commands that a user would run."""

import json
import platform
import re

import settings
from tools import start
from tracing import has_raw, without_trace

_DECODER = json.JSONDecoder()


def head(backend, names):
    """snapshot.json"""
    return json.dumps({"version": 1, "kernel": platform.release(), "backend": backend, "namespaces": names})


def _texts(output, count):
    """The texts of JSON values that follow one another."""
    found, at = [], 0
    for _ in range(count):
        at += len(output[at:]) - len(output[at:].lstrip())
        if at == len(output):
            found.append("[]")
            continue
        end = _DECODER.raw_decode(output, at)[1]
        found.append(output[at:end])
        at = end
    return found


def _split_rules(output):
    """The routes and the policy rules of one output."""
    routes, rules = [], []
    for line in output.splitlines(keepends=True):
        (rules if re.match(r"\d+:\t", line) else routes).append(line)
    return "".join(routes), "".join(rules)


class Snapshot:
    """The snapshot of one namespace under way: started for all namespaces first, finished afterwards."""

    def __init__(self, case, netns, wanted, peers):
        self.wanted, self.peers, self.netns = wanted, peers, netns
        self.ipv6 = wanted.get("ipv6") or "rules6" in wanted
        self.links = self._ip("-j", "-d", lines="link show\naddr show\nneigh show\n")
        self.routes = self._ip(lines="route show table all\nrule show\n")
        self.routes6 = self._ip("-6", lines="route show table all\nrule show\n") if self.ipv6 else None
        self.saved = {name: self._tool([tool, "-c"]) for name, tool in case.save_tools() if name in wanted}
        self.sets = self._tool(["ipset", "save"]) if "sets" in wanted else None
        commands = [*wanted.get("commands", []), *wanted.get("commands6", [])]
        bridged = "bridge" in wanted or any(re.search(r"\btype bridge\b", line) for line in commands)
        lines = "link show\nfdb show\nvlan show\n"
        self.bridge = self._tool(["bridge", "-j", "-batch", "-"], lines) if bridged else None

    def _tool(self, argv, stdin=""):
        return start("snapshot", self.netns, argv, stdin)

    def _ip(self, *options, lines):
        return self._tool(["ip", *options, "-batch", "-"], lines)

    def pending(self):
        """The outputs still to be waited for, so that none is left behind when one fails."""
        several = [self.links, self.routes, self.routes6, *self.saved.values(), self.sets, self.bridge]
        return [output for output in several if output]

    def finish(self, outputs):
        """The files by their name, from the outputs of pending()."""
        said = dict(zip(self.pending(), outputs))
        files = {}
        files["ip-link.json"], files["ip-addr.json"], files["ip-neigh.json"] = _texts(said[self.links], 3)
        files["ip-route.txt"], files["ip-rule.txt"] = _split_rules(said[self.routes])
        files["ip6-route.txt"] = ""
        if self.routes6:
            files["ip6-route.txt"], files["ip6-rule.txt"] = _split_rules(said[self.routes6])
        for name, file in (("rules", "iptables-save.txt"), ("rules6", "ip6tables-save.txt")):
            output = self.saved.get(name)
            files[file] = without_trace(said[output], has_raw(self.wanted[name])) if output else ""
        files["ipset-save.txt"] = said[self.sets] if self.sets else ""
        if self.bridge:
            bridge = ("bridge-link.json", "bridge-fdb.json", "bridge-vlan.json")
            files |= zip(bridge, _texts(said[self.bridge], 3))
        with self.netns:
            files["sysctl.txt"] = settings.report(self.ipv6)
            files["conntrack.txt"] = self._conntrack()
        ids = (f"nsid {number} (iproute2 netns name: {peer.name})\n" for number, peer in enumerate(self.peers))
        files["netns-ids.txt"] = "".join(ids)
        return files

    def _conntrack(self):
        try:
            with open("/proc/sys/net/netfilter/nf_conntrack_count") as file:
                if int(file.read()) == 0:
                    return ""
        except OSError:
            return ""
        return conntrack_of(self.netns)


def conntrack_of(netns):
    """The connections of a namespace, as `conntrack -L` prints them."""
    return start("conntrack", netns, ["conntrack", "-L", "-o", "extended"])()


def device_names(files):
    """Names of devices by their index, from a snapshot's files."""
    return {link["ifindex"]: link["ifname"] for link in json.loads(files["ip-link.json"])}
