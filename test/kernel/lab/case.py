"""One case: namespaces built as the request says, watched, and taken down again."""

import socket
import time
from contextlib import ExitStack

import settings
from counters import Counters
from frames import Frames, deliveries
from kernel import Netns
from links import add_macvlan, add_nsid, add_nsids, add_veth, checksums_in_software, control_socket, settle_links, up
from netlink import Netlink
from nflog import LegacyEvents
from nftbase import create_chains, split_policies
from nftrace import NftEvents, Traced
from silent import silent_sockets
from snapshot import Snapshot, device_names, head
from tools import Failure, all_of, start
from tracing import has_raw, with_trace

TOOLS = {"rules": "iptables", "rules6": "ip6tables"}
FAMILIES = {"rules": socket.AF_INET, "rules6": socket.AF_INET6}
# Reports of the groups that addresses brought are sent two ticks of the kernel's clock later (mcast.c, mld_ifc_event); rules shall not count them.
REPORTS = 0.04


class Case:
    """The namespaces of a build request, with everything that watches them."""

    # Names of the world's devices and numbers of namespaces are never used twice: old ones vanish only after a while.
    serial = 0

    def __init__(self, request):
        self.request = request
        self.backend = request["backend"]
        self.wanted = {namespace["name"]: namespace for namespace in request["namespaces"]}
        self.far = {}
        self.open = ExitStack()
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.open.close()

    def save_tools(self):
        return [(name, f"{tool}-{self.backend}-save") for name, tool in TOOLS.items()]

    def _keep(self, thing):
        self.open.callback(thing.close)
        return thing

    def _build(self):
        self.netns = {name: self._namespace(name, wanted) for name, wanted in self.wanted.items()}
        self.peers = {name: [] for name in self.netns}
        self._links()
        self._settings(skip_missing=True)
        self._settle_links()
        self._each("commands", ["ip", "-batch", "-"])
        self._each("commands6", ["ip", "-6", "-batch", "-"])
        self._each("bridge", ["bridge", "-batch", "-"])
        self._settle_links()
        self._settings()
        if any(_has_ipv6(wanted) for wanted in self.wanted.values()):
            time.sleep(REPORTS)
        self._each("sets", ["ipset", "restore"])
        self._rules()
        self._watch()

    def _namespace(self, name, wanted):
        netns = self._keep(Netns.created(name))
        ipv6 = _has_ipv6(wanted)
        with netns:
            settings.write(settings.QUIET | (settings.QUIET6 if ipv6 else settings.NO_IPV6))
        self._set(netns, wanted, skip_missing=True)
        with control_socket(netns) as control:
            up(control, "lo")
        return netns

    def _links(self):
        links = [(self._end(link["a"]), self._end(link["b"]), link.get("macvlan")) for link in self.request.get("links", [])]
        pairs = [(first, second) for first, second, macvlan in links if not macvlan]
        for (first, device, _), (second, other, _) in pairs:
            self.far[first, device], self.far[second, other] = (second, other), (first, device)
        for (first, _, _), (second, _, _), _ in links:
            if first is not second:
                self._introduce(first, second)
                self._introduce(second, first)
        # Before the links, since the kernel numbers namespaces itself when a link leads there.
        for name, netns in self.netns.items():
            add_nsids(netns, self.peers[name])
        route = self._keep(Netlink(socket.NETLINK_ROUTE))
        self.numbers = {}
        for name, netns in self.netns.items():
            Case.serial += 1
            self.numbers[name] = Case.serial
            add_nsid(route, netns, Case.serial)
        for first, second, macvlan in links:
            try:
                if macvlan:
                    add_macvlan(first, second, macvlan)
                else:
                    add_veth(route, first, second)
            except OSError as error:
                raise Failure("links", first[0].name, f"{first[1]} to {second[1]}: {error.strerror}") from None
        for netns, device in self.far:
            with control_socket(netns) as control:
                checksums_in_software(control, device)
                up(control, device)
        # They compute checksums as the devices do on which they stand, and come up after these.
        for (netns, device, _), _, macvlan in links:
            if macvlan:
                with control_socket(netns) as control:
                    up(control, device)

    def _settle_links(self):
        settle_links(Netns.home, {device for netns, device in self.far if netns is Netns.home})
        for netns in self.netns.values():
            settle_links(netns)

    def _introduce(self, netns, peer):
        if netns is not Netns.home and peer not in self.peers[netns.name]:
            self.peers[netns.name].append(peer)

    def _end(self, end):
        if end is None:
            Case.serial += 1
            return Netns.home, f"w{Case.serial}", None
        if end["netns"] not in self.netns:
            raise Failure("links", end["netns"], f"no such namespace: {end['netns']}")
        return self.netns[end["netns"]], end["device"], end.get("mac")

    def _settings(self, skip_missing=False):
        for name, netns in self.netns.items():
            self._set(netns, self.wanted[name], skip_missing)

    def _set(self, netns, wanted, skip_missing):
        with netns:
            try:
                settings.write(wanted.get("sysctls", {}), skip_missing)
            except OSError as error:
                raise Failure("sysctls", netns.name, error.strerror) from None

    def _each(self, key, argv):
        """Runs a tool in every namespace that has text (or lines) for it, in all at once."""
        texts = {name: wanted[key] for name, wanted in self.wanted.items() if wanted.get(key)}
        lines = {name: text if isinstance(text, str) else "\n".join(text) for name, text in texts.items()}
        all_of([start(key, self.netns[name], argv, f"{text}\n") for name, text in lines.items()])

    def _rules(self):
        for key, tool in TOOLS.items():
            restore = f"{tool}-{self.backend}-restore"
            texts = {name: wanted[key] for name, wanted in self.wanted.items() if key in wanted}
            try:
                all_of([self._restored(key, self.netns[name], restore, with_trace(text)) for name, text in texts.items()])
            except (Failure, OSError):
                # Once more as they came: what is said about a line shall name the line that the caller knows.
                all_of([start(key, self.netns[name], [restore], text) for name, text in texts.items()])
                raise

    def _restored(self, key, netns, restore, rules):
        if self.backend == "legacy":
            return start(key, netns, [restore], rules)
        rest, policies = split_policies(rules)
        create_chains(netns, FAMILIES[key], policies)
        return start(key, netns, [restore, "--noflush"], rest)

    def _watch(self):
        taking = {name: Snapshot(self, netns, self.wanted[name], self.peers[name]) for name, netns in self.netns.items()}
        pending = [output for snapshot in taking.values() for output in snapshot.pending()]
        outputs = iter(all_of(pending))
        self.files = {name: one.finish([next(outputs) for _ in one.pending()]) for name, one in taking.items()}
        names = {name: device_names(files) for name, files in self.files.items()}
        self.frames, self.delivered, self.counters, self.traces = [], [], {}, []
        for name, netns in self.netns.items():
            ipv6 = _has_ipv6(self.wanted[name])
            with netns:
                self.counters[name] = self._keep(Counters(ipv6))
                self.frames.append(self._keep(Frames(netns)))
                self.delivered += [self._keep(one) for one in deliveries(netns, ipv6)]
                for sock in silent_sockets(self.request.get("silent", {}), ipv6):
                    self._keep(sock)
                if self.backend == "legacy" and self._is_traced(name):
                    self.traces.append(self._keep(LegacyEvents(netns, names[name], self._own_raw(name))))
        if self.backend == "nft":
            self.traces.append(self._keep(NftEvents(self._traced(names))))

    def _traced(self, names):
        """The namespaces whose events are read, by their number in the lab's own namespace."""
        numbers = {number: name for name, number in self.numbers.items() if self._is_traced(name)}
        return {number: Traced(self.netns[name], names[name], self._own_raw(name)) for number, name in numbers.items()}

    def _is_traced(self, name):
        return any(key in self.wanted[name] for key in TOOLS)

    def _own_raw(self, name):
        """Whether the namespace's own rules have a raw table, by address family."""
        wanted = self.wanted[name]
        return {socket.AF_INET: has_raw(wanted.get("rules", "")), socket.AF_INET6: has_raw(wanted.get("rules6", ""))}

    def snapshot(self):
        """The files of the snapshot by their path."""
        files = {"snapshot.json": head(self.backend, list(self.netns))}
        for name, own in self.files.items():
            files |= {f"netns/{name}/{file}": text for file, text in own.items()}
        return files


def _has_ipv6(wanted):
    return bool(wanted.get("ipv6")) or "rules6" in wanted
