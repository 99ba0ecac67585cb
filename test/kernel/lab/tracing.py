"""The TRACE rule that stands first in raw PREROUTING and OUTPUT: into the text of rules, out of it, and out of steps."""

import re

CHAINS = ("PREROUTING", "OUTPUT")
BUILT_IN = {
    "raw": CHAINS,
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
_INSERT = [f"-I {chain} -j TRACE" for chain in CHAINS]
_TRACE = {f"-A {chain} -j TRACE" for chain in CHAINS}


def has_raw(rules):
    """Whether the rules have a raw table of their own."""
    return re.search(r"^\*raw\s*$", rules, re.M) is not None


def with_trace(rules):
    """The rules with TRACE inserted at the end of their raw table, which is added where they have none."""
    lines, table = [], None
    for line in rules.splitlines() + ([] if has_raw(rules) else ["*raw", "COMMIT"]):
        if line.strip() == "COMMIT" and table == "raw":
            lines += _INSERT
        elif line.startswith("*"):
            table = line[1:].strip()
        lines.append(line)
    return "\n".join(lines) + "\n"


def without_trace(saved, keep_raw):
    """What iptables-save would have said without tracing."""
    sections, current = [], []
    for line in saved.splitlines(keepends=True):
        current.append(line)
        if line.startswith("# Completed"):
            sections.append(current)
            current = []
    sections.append(current)
    return "".join("".join(_stripped(section)) for section in sections if keep_raw or "*raw\n" not in section)


def _stripped(section):
    if "*raw\n" not in section:
        return section
    kept, seen = [], set()
    for line in section:
        rule = re.sub(r"^\[\d+:\d+\] ", "", line.strip())
        if rule in _TRACE and rule not in seen:
            seen.add(rule)
        else:
            kept.append(line)
    return kept


def untraced(step, keep_raw):
    """A step as it would be without the TRACE rule; None if it is that rule's own, or of a table that is only there for it."""
    if step["table"] != "raw":
        return step
    if not keep_raw:
        return None
    if step["chain"] not in CHAINS:
        return step
    return {**step, "rule": step["rule"] - 1} if step["rule"] > 1 else None
