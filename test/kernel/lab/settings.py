"""Sysctls of the namespace in which the process is."""

import functools
import os

QUIET = {
    "net.ipv4.icmp_ratemask": "0",
    "net.ipv4.icmp_echo_ignore_all": "1",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    "net.ipv4.conf.lo.send_redirects": "0",
    "net.netfilter.nf_log.2": "nfnetlink_log",
}
NO_IPV6 = {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.default.disable_ipv6": "1"}
QUIET6 = {
    "net.netfilter.nf_log.10": "nfnetlink_log",
    "net.ipv6.icmp.ratelimit": "0",
    "net.ipv6.icmp.ratemask": "",
    "net.ipv6.icmp.echo_ignore_all": "1",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.dad_transmits": "0",
    "net.ipv6.conf.default.accept_ra": "0",
    "net.ipv6.conf.default.accept_redirects": "0",
    "net.ipv6.conf.default.autoconf": "0",
    "net.ipv6.conf.default.router_solicitations": "0",
    "net.ipv6.conf.default.addr_gen_mode": "1",
    "net.ipv6.conf.all.accept_dad": "0",
    # The first report of a group is sent after a random part of this time: never.
    "net.ipv6.conf.default.mldv1_unsolicited_report_interval": "1000000000",
    "net.ipv6.conf.default.mldv2_unsolicited_report_interval": "1000000000",
}

CONF = (
    "accept_local accept_redirects accept_source_route arp_accept arp_announce arp_filter arp_ignore arp_notify bc_forwarding "
    "drop_unicast_in_l2_multicast "
    "forwarding ignore_routes_with_linkdown log_martians mc_forwarding proxy_arp proxy_arp_pvlan route_localnet rp_filter "
    "send_redirects shared_media src_valid_mark"
).split()
CONF6 = (
    "accept_ra accept_redirects accept_source_route accept_untracked_na disable_ipv6 drop_unicast_in_l2_multicast "
    "drop_unsolicited_na force_forwarding forwarding hop_limit mc_forwarding mtu proxy_ndp seg6_enabled use_oif_addrs_only"
).split()
IPV4 = (
    "fib_multipath_hash_policy fwmark_reflect ip_default_ttl ip_forward ip_forward_use_pmtu ip_local_port_range "
    "ip_local_reserved_ports ip_no_pmtu_disc ip_nonlocal_bind ipfrag_high_thresh ipfrag_low_thresh ipfrag_max_dist ipfrag_time"
).split()
IPV6 = (
    "anycast_src_echo_reply fib_multipath_hash_policy flowlabel_reflect fwmark_reflect icmp/echo_ignore_all icmp/echo_ignore_anycast "
    "icmp/echo_ignore_multicast icmp/error_anycast_as_unicast icmp/ratelimit icmp/ratemask ip6frag_high_thresh ip6frag_low_thresh "
    "ip6frag_time ip_nonlocal_bind max_dst_opts_length max_dst_opts_number max_hbh_length max_hbh_opts_number"
).split()


def path_of(name):
    """The file of a sysctl; `/` in a name stands for a dot within one of its parts, as sysctl itself writes it."""
    return "/proc/sys/" + name.translate({ord("."): "/", ord("/"): "."})


def write(settings, skip_missing=False):
    """Writes settings in their order; the first that is refused is an OSError with its name."""
    for name, value in settings.items():
        try:
            with open(path_of(name), "wb", buffering=0) as file:
                file.write(f"{value}\n".encode())
        except OSError as error:
            if not (skip_missing and isinstance(error, FileNotFoundError)):
                raise OSError(error.errno, f"{name} = {value}: {error.strerror}") from None


def _some(folder, prefix):
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith(prefix))
    except FileNotFoundError:
        return []


def _names(ipv6):
    net = "/proc/sys/net/"
    paths = [f"bridge/{name}" for name in _some(net + "bridge", "bridge-nf-")]
    for device in _some(net + "ipv4/conf", ""):
        paths += [f"ipv4/conf/{device}/{name}" for name in CONF]
    paths += [f"ipv4/{name}" for name in IPV4 + _some(net + "ipv4", "icmp_")]
    if ipv6:
        for device in _some(net + "ipv6/conf", ""):
            paths += [f"ipv6/conf/{device}/{name}" for name in CONF6]
        paths += [f"ipv6/{name}" for name in IPV6]
    return paths + [f"netfilter/{name}" for name in _some(net + "netfilter", "nf_conntrack_")]


@functools.cache
def _name_of(path):
    return ("net/" + path).translate({ord("."): "/", ord("/"): "."})


def report(ipv6):
    """The settings that decide about packets, as `sysctl -a` prints them."""
    lines = []
    for path in _names(ipv6):
        try:
            fd = os.open("/proc/sys/net/" + path, os.O_RDONLY)
        except OSError:
            continue
        try:
            value = os.read(fd, 4096)
        except OSError:
            continue
        finally:
            os.close(fd)
        lines.append(f"{_name_of(path)} = {value.decode().strip()}\n")
    return "".join(lines)
