import type { Draw } from "../../../src/extensions/draw.ts";
import type { Family } from "../../../src/model/address.ts";
import type { Hook, TableName } from "../../../src/model/rule.ts";
import type { Topology } from "./case.ts";
import type { Dice } from "./dice.ts";

/** Ports of all traffic and most rules; each has a silent listener in every namespace. */
export const PORTS: readonly number[] = [21, 22, 53, 69, 80, 443, 6443, 8080, 8081, 30080, 40000, 40001, 40002, 40003];

/** Ports at the ends of ranges, which NAT rules draw as well. */
export const ODD_PORTS: readonly number[] = [1, 1023, 1024, 65535];

/** A set that rules can name, and the lines that make it. */
export interface SetPlan {
  readonly name: string;
  readonly kind: string;
  readonly dimensions: number;
  readonly family: Family;
  readonly lines: readonly string[];
}

/** What rule is drawn. */
export interface Where {
  readonly family: Family;
  readonly table: TableName;
  readonly hooks: readonly Hook[];
  readonly protocol: string | undefined;
  readonly backend: "legacy" | "nft";
  readonly sets: readonly SetPlan[];
}

/** What specs draw their random rules from: the values of the case's own traffic. */
export class RuleDraw implements Draw {
  readonly family: Family;
  readonly table: TableName;
  readonly hooks: readonly Hook[];
  readonly protocol: string | undefined;
  readonly backend: "legacy" | "nft";
  protected readonly dice: Dice;
  protected readonly topology: Topology;
  readonly #sets: readonly SetPlan[];

  constructor(dice: Dice, topology: Topology, where: Where) {
    this.dice = dice;
    this.topology = topology;
    this.#sets = where.sets;
    this.family = where.family;
    this.table = where.table;
    this.hooks = where.hooks;
    this.protocol = where.protocol;
    this.backend = where.backend;
  }

  integer(min: number, max: number): number {
    return this.dice.integer(min, max);
  }

  chance(oneIn: number): boolean {
    return this.dice.chance(oneIn);
  }

  pick<T>(values: readonly T[]): T {
    return this.dice.pick(values);
  }

  address(_side: "src" | "dst"): string {
    const { hosts, locals, remotes } = this.topology.pools;
    return this.dice.weighted([5, this.pick(hosts)], [3, this.pick(locals)], [1, this.pick(remotes)], [1, "10.96.0.10"]);
  }

  network(side: "src" | "dst"): string {
    const { networks } = this.topology.pools;
    if (this.chance(4)) return `${this.address(side)}/${this.pick([8, 16, 20, 25, 28, 30, 31, 32])}`;
    return this.chance(12) ? this.pick(["0.0.0.0/0", "10.0.0.0/8", "10.96.0.0/16", "127.0.0.0/8", "224.0.0.0/4"]) : this.pick(networks);
  }

  range(side: "src" | "dst"): readonly [string, string] {
    const address = this.address(side);
    const octets = address.split(".");
    const last = Number(octets[3]);
    const prefix = octets.slice(0, 3).join(".");
    return [`${prefix}.${Math.max(0, last - this.integer(0, 3))}`, `${prefix}.${Math.min(255, last + this.integer(0, 5))}`];
  }

  port(_side: "src" | "dst"): number {
    const { clientPorts, serverPorts } = this.topology.pools;
    return this.chance(15) ? this.pick([0, 1, 1023, 1024, 65535]) : this.pick([...clientPorts, ...serverPorts]);
  }

  natAddress(manip: "src" | "dst"): string {
    const { hosts, locals, remotes } = this.topology.pools;
    if (manip === "src") return this.dice.weighted([3, this.pick(locals)], [1, this.pick(hosts)], [1, "10.9.0.1"]);
    return this.dice.weighted([6, this.pick(hosts)], [2, this.pick(locals)], [1, this.pick(remotes)], [1, "10.9.0.1"]);
  }

  natPort(): number {
    return this.pick(this.chance(2) ? this.topology.pools.serverPorts : PORTS);
  }

  device(_side: "in" | "out"): string {
    const device = this.pick(this.topology.pools.devices);
    if (this.chance(15)) return "lo";
    return this.chance(6) ? `${device.slice(0, -1)}+` : device;
  }

  bridgePort(_side: "in" | "out"): string | undefined {
    const { bridgePorts } = this.topology.pools;
    return bridgePorts.length === 0 ? undefined : this.chance(6) ? "p+" : this.pick(bridgePorts);
  }

  mark(): number {
    return this.pick([0, 1, 1, 2, 3, 0x10, 0x11, 0xf0, 0x8000, 0xffffffff]);
  }

  set(): { name: string; dimensions: number; family: Family; kind: string } | undefined {
    return this.#sets.length === 0 ? undefined : this.pick(this.#sets);
  }

  mac(): string {
    return this.pick(this.topology.pools.macs);
  }

  name(prefix: string): string {
    return `${prefix}${this.integer(0, 2)}`;
  }
}
