import { parseAddress } from "../model/address.ts";
import { type Draw, over } from "./draw.ts";

/** Whether a NAT target of this rule may name ports (libxt_NAT.c of iptables; ICMP's are identifiers). */
export function mapsPorts(d: Draw): boolean {
  return over(d, "tcp", "udp", "sctp", "dccp", "icmp");
}

/** One port, or rarely a range: where a source's port in it is not free, the kernel picks one at random. */
export function drawPorts(d: Draw, manip: "src" | "dst"): string {
  const port = d.chance(16) ? d.pick([1, 65_535]) : d.natPort();
  return `${port}${d.chance(manip === "src" ? 12 : 4) ? `-${Math.min(65_535, port + d.integer(1, 20))}` : ""}`;
}

function drawAddresses(d: Draw, manip: "src" | "dst"): readonly string[] {
  const first = d.natAddress(manip);
  if (!d.chance(6)) return [first];
  const second = d.natAddress(manip);
  return (parseAddress(first) ?? 0) < (parseAddress(second) ?? 0) ? [first, second] : [second, first];
}

/** `--to-destination` or `--to-source`: addresses, ports or both. */
export function drawTo(d: Draw, manip: "src" | "dst"): string {
  const withPorts = mapsPorts(d) && d.chance(2);
  const addresses = withPorts && d.chance(6) ? "" : [...new Set(drawAddresses(d, manip))].join("-");
  if (!withPorts) return addresses;
  const ports = drawPorts(d, manip);
  const base = manip === "dst" && /^(\d+)-(?!\1$)/.test(ports) && d.chance(4) ? `/${d.port("dst") || 1}` : "";
  return `${d.family === 6 && addresses !== "" ? `[${addresses}]` : addresses}:${ports}${base}`;
}
