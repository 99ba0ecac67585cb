#!/usr/bin/env python3
"""Asks iptables and this machine's kernel about every rule of corpus.ndjson and writes down what they answer.

    unshare -n python3 test/extensions/record-corpus.py [FILE...]

FILEs hold further rules, one {"family", "table", "chain", "rule"} a line. Needs root, iptables 1.8.9 (legacy and nft), and ipset.
"saved" is the line that iptables-legacy-save prints ("=" where it is the rule unchanged), "nft" that of iptables-nft-save where it is another one. "refused" is what
iptables-legacy-restore says where it refuses the rule itself; rules that only the kernel refuses are left out, unless nft takes them.
"kept" says why nettrace takes a rule that iptables refuses.
"""
import collections
import json
import pathlib
import re
import socket
import struct
import subprocess
import sys

CORPUS = pathlib.Path(__file__).with_name("corpus.ndjson")
HOOKS = {
    "filter": ["INPUT", "FORWARD", "OUTPUT"],
    "nat": ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
    "mangle": ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    "raw": ["PREROUTING", "OUTPUT"],
    "security": ["INPUT", "FORWARD", "OUTPUT"],
}
BATCH = 60
RATES = "--rateest-interval 250.0ms --rateest-ewmalog 500.0ms"
NETLINK_NETFILTER = 12


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


def add_accounting(name):
    """What `nfacct add` does (nfnetlink_acct.c): NFNL_MSG_ACCT_NEW with NFACCT_NAME."""
    attribute = struct.pack("=HH", 4 + len(name) + 1, 1) + name.encode() + b"\0"
    body = struct.pack("=BBH", 0, 0, 0) + attribute + b"\0" * (-len(attribute) % 4)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(body), 7 << 8, 0x405, 1, 0) + body)
        if struct.unpack_from("=i", kernel.recv(4096), 16)[0] != 0:
            sys.exit(f"the kernel makes no accounting object {name}")


def prepare():
    run("ip", "link", "set", "lo", "up")
    for family, name in ((4, "inet"), (6, "inet6")):
        run("ipset", "create", f"s{family}-hash-ip", "hash:ip", "family", name, "counters", "timeout", "0", "skbinfo")
        run("ipset", "create", f"s{family}-hash-ip-port", "hash:ip,port", "family", name)
        run("ipset", "create", f"s{family}-hash-ip-port-net", "hash:ip,port,net", "family", name)
        run("ipset", "create", f"s{family}-bitmap-port", "bitmap:port", "range", "0-65535")
        run("ipset", "create", f"s{family}-list-set", "list:set")
    add_accounting("web")


class Asker:
    """Loads rules of one table, as many at a time as go together."""

    def __init__(self, family, backend, table):
        self.tool = f"{'iptables' if family == 4 else 'ip6tables'}-{backend}"
        self.table = table
        self.answers = {}

    def load(self, rules):
        lines = self.estimators() if any("-m rateest" in rule["rule"] for rule in rules) else []
        lines += [f"*{self.table}", *(f":{hook} ACCEPT" for hook in HOOKS[self.table]), ":OTHER -"]
        first = len(lines) + 1
        lines += [f"-A {rule['chain']} {rule['rule']}" for rule in rules] + ["COMMIT", ""]
        return first, run(f"{self.tool}-restore", text="\n".join(lines))

    def estimators(self):
        """Another table, whose rules make what -m rateest asks."""
        rules = (f"-A ESTIMATE -j RATEEST --rateest-name {name} {RATES}" for name in ("e1", "e2"))
        return ["*raw" if self.table == "security" else "*security", ":ESTIMATE -", *rules, "COMMIT"]

    def saved(self):
        found = collections.defaultdict(list)
        for line in run(f"{self.tool}-save", "-t", self.table).stdout.split("\n"):
            if chain := re.match(r"-A (\S+)", line):
                found[chain[1]].append(line)
        return found

    def ask(self, rules):
        if not rules:
            return
        first, done = self.load(rules)
        if done.returncode == 0:
            return self.take(rules)
        at = re.search(r"Error occurred at line: (\d+)|line (\d+): RULE_APPEND failed", done.stderr)
        if len(rules) == 1:
            by = "iptables" if at and at[1] and int(at[1]) == first else "kernel"
            words = [line for line in done.stderr.split("\n") if line.strip() and not line.startswith("Warning")]
            message = re.sub(r"^ip6?tables-restore v[\d.]+ \(\w+\): ", "", words[0] if words else "")
            self.answers[rules[0]["id"]] = {"refused": message or f"exit {done.returncode}", "by": by}
            return None
        index = int(at[1] or at[2]) - first if at else -1
        parts = (rules[:index], rules[index : index + 1], rules[index + 1 :]) if 0 <= index < len(rules) else halves(rules)
        for part in parts:
            self.ask(part)
        return None

    def take(self, rules):
        saved = self.saved()
        wanted = collections.defaultdict(list)
        for rule in rules:
            wanted[rule["chain"]].append(rule)
        if len(rules) > 1 and any(len(saved[chain]) != len(wanted[chain]) for chain in wanted):
            for part in halves(rules):
                self.ask(part)
            return
        for chain, expected in wanted.items():
            for rule, line in zip(expected, saved[chain]):
                self.answers[rule["id"]] = {"saved": line}


def halves(rules):
    middle = len(rules) // 2
    return rules[:middle], rules[middle:]


def record(rules):
    for number, rule in enumerate(rules):
        rule["id"] = number
    tables = collections.defaultdict(list)
    for rule in rules:
        tables[rule["family"], rule["table"]].append(rule)
    answers = {}
    for backend in ("legacy", "nft"):
        answers[backend] = {}
        for (family, table), group in tables.items():
            asker = Asker(family, backend, table)
            for start in range(0, len(group), BATCH):
                asker.ask(group[start : start + BATCH])
            run(f"{asker.tool}-restore", text=f"*{table}\nCOMMIT\n")
            answers[backend].update(asker.answers)
    for rule in rules:
        legacy, nft = answers["legacy"].get(rule["id"], {}), answers["nft"].get(rule["id"], {})
        entry = {key: rule[key] for key in ("family", "table", "chain", "rule")}
        if "saved" in legacy:
            entry["saved"] = "=" if legacy["saved"] == f"-A {rule['chain']} {rule['rule']}" else legacy["saved"]
        elif legacy.get("by") == "iptables":
            entry["refused"] = legacy["refused"]
        elif "saved" not in nft:
            continue
        if "saved" in nft and nft["saved"] != legacy.get("saved"):
            entry["nft"] = nft["saved"]
        if "kept" in rule and "refused" in entry:
            entry["kept"] = rule["kept"]
        yield entry


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def main():
    prepare()
    known = {}
    for path in [*([CORPUS] if CORPUS.exists() else []), *sys.argv[1:]]:
        for rule in read(path):
            known.setdefault((rule["family"], rule["table"], rule["chain"], rule["rule"]), rule)
    entries = list(record(list(known.values())))
    CORPUS.write_text("".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries), encoding="utf-8")
    print(f"{len(entries)} rules, {sum('saved' in entry for entry in entries)} of them accepted")


main()
