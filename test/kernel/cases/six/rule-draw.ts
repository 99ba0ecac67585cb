import { RuleDraw } from "../rule-draw.ts";
import { SERVICE6 } from "./addresses.ts";

const WIDE = ["::/0", "2001:db8::/32", "fe80::/10", "ff00::/8", "::1/128", "2001:db8:96::/48"];
const GROUPS = ["ff02::1", "ff02::2", "ff02::1:ff00:1"];
const LENGTHS = [32, 48, 64, 112, 120, 124, 127, 128];
const OWN_RANGE = "2001:db8:9::1";

/** The same for rules of IPv6. */
export class RuleDraw6 extends RuleDraw {
  override address(_side: "src" | "dst"): string {
    const { hosts, locals, remotes, linkLocals } = this.topology.pools;
    return this.dice.weighted(
      [10, this.pick(hosts)],
      [6, this.pick(locals)],
      [2, this.pick(remotes)],
      [2, SERVICE6],
      [2, this.pick(linkLocals ?? locals)],
      [1, this.pick(GROUPS)],
    );
  }

  override network(side: "src" | "dst"): string {
    if (this.chance(4)) return `${this.address(side)}/${this.pick(LENGTHS)}`;
    return this.pick(this.chance(8) ? WIDE : this.topology.pools.networks);
  }

  override range(side: "src" | "dst"): readonly [string, string] {
    const address = this.address(side);
    const start = address.lastIndexOf(":") + 1;
    const last = Number.parseInt(address.slice(start) || "0", 16);
    const at = (value: number) => `${address.slice(0, start)}${Math.min(0xffff, Math.max(0, value)).toString(16)}`;
    return [at(last - this.integer(0, 3)), at(last + this.integer(0, 5))];
  }

  override natAddress(manip: "src" | "dst"): string {
    const { hosts, locals, remotes } = this.topology.pools;
    if (manip === "src") return this.dice.weighted([3, this.pick(locals)], [1, this.pick(hosts)], [1, OWN_RANGE]);
    return this.dice.weighted([6, this.pick(hosts)], [2, this.pick(locals)], [1, this.pick(remotes)], [1, OWN_RANGE]);
  }
}
