import type { NatRange } from "../extensions/effect.ts";
import { targetSpec } from "../extensions/registry.ts";
import { type Address, type AddressMask, type Family, inMask } from "../model/address.ts";
import type { Rule, Ruleset } from "../model/rule.ts";

/** A device that is none of those that the rules name. */
export const ANOTHER_DEVICE = "(another)";

/** A network that the rules themselves place behind a device. */
interface Behind {
  readonly network: AddressMask;
  readonly device: string;
}

/**
 * What a ruleset alone tells of the host that it was written for, when neither routes nor addresses were given:
 * `-s NET ! -o DEV -j MASQUERADE` and `-d NET -o DEV` place a network behind a device, a DNAT names addresses of other machines.
 * All of it is assumption, and is named as such by whoever uses it.
 */
export class RuleHints {
  readonly #behind: Behind[] = [];
  readonly #elsewhere: { readonly min: Address; readonly max: Address }[] = [];
  readonly #named = new Set<string>();
  readonly #routesOnly: boolean;
  readonly #family: Family;

  constructor(ruleset: Ruleset) {
    this.#family = ruleset.family;
    let asksLocal = false;
    for (const table of ruleset.tables.values()) {
      for (const chain of table.chains.values()) {
        for (const rule of chain.rules) {
          this.#learn(rule);
          asksLocal ||= rule.matches.some((match) => match.name === "addrtype" && match.words.includes("LOCAL"));
        }
      }
    }
    const filter = ruleset.tables.get("filter");
    const input = filter?.chains.get("INPUT")?.rules.length ?? 0;
    this.#routesOnly = !asksLocal && input === 0 && (filter?.chains.get("FORWARD")?.rules.length ?? 0) > 0;
  }

  #learn(rule: Rule): void {
    const { source, destination, inInterface, outInterface, target } = rule;
    for (const device of [inInterface, outInterface]) if (device) this.#named.add(device.value);
    const plain = outInterface && !outInterface.value.endsWith("+");
    if (plain && outInterface.not && source && !source.not && target?.kind === "extension" && target.name === "MASQUERADE") {
      this.#behind.push({ network: source.value, device: outInterface.value });
    }
    if (plain && !outInterface.not && destination && !destination.not)
      this.#behind.push({ network: destination.value, device: outInterface.value });
    if (target?.kind === "extension" && target.name === "DNAT" && target.args) {
      const range = natRange(target.name, target.args, this.#family);
      if (range?.minAddress !== undefined) this.#elsewhere.push({ min: range.minAddress, max: range.maxAddress ?? range.minAddress });
    }
  }

  /** The device that an address is behind; "another" when the rules place networks behind every device that they name, but not this one. */
  deviceOf(address: Address): string | undefined {
    const found = this.#behind.find(({ network }) => inMask(address, network.address, network.mask));
    if (found) return found.device;
    const placed = new Set(this.#behind.map(({ device }) => device));
    return placed.size > 0 && [...this.#named].every((device) => placed.has(device)) ? ANOTHER_DEVICE : undefined;
  }

  /** Whether an address may be taken for one of the host itself. */
  isLocal(address: Address): boolean {
    if (this.#routesOnly || this.#behind.some(({ network }) => inMask(address, network.address, network.mask))) return false;
    return !this.#elsewhere.some(({ min, max }) => address >= min && address <= max);
  }
}

function natRange(name: string, args: Readonly<Record<string, unknown>>, family: Family): NatRange | undefined {
  const result = targetSpec(name, family)?.compile(args as never)({ packet: { family } } as never);
  const effect = result && "effects" in result ? result.effects?.find((one) => one.kind === "nat") : undefined;
  return effect?.kind === "nat" ? effect.range : undefined;
}
