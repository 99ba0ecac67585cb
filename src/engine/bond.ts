import type { Device } from "../model/host.ts";
import { comeIn, transmit } from "./link.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

const KINDS: ReadonlySet<string> = new Set(["bond", "team"]);

/** The bond or team that a device is a member of. */
export function bondOf(netns: Netns, { name, master }: Device): Device | undefined {
  const device = master === undefined || master === name ? undefined : netns.devices.get(master);
  return device && isBond(device) ? device : undefined;
}

/** Whether a device stands for several others. */
export function isBond({ kind }: Device): boolean {
  return KINDS.has(kind);
}

/** bond_handle_frame, team_handle_frame: what comes in on a member comes in on the bond, but not by a member that only waits to be needed. */
export function toBond(run: Run, netns: Netns, bond: Device, member: Device, skb: Skb): void {
  if (!bond.up) return run.drop(skb, "device-down", `${bond.name} is down`);
  if (member.isBackup && !takesFromBackups(bond, skb))
    return run.drop(skb, "not-for-us", `${member.name} is a backup of ${bond.name}, which takes nothing in by it`);
  comeIn(run, { netns, device: bond }, skb);
}

/** bond_should_deliver_exact_match */
function takesFromBackups({ bond }: Device, { type }: Skb): boolean {
  return bond?.takesAll === true || (bond?.mode === "balance-alb" && type !== "broadcast" && type !== "multicast");
}

/** A bond sends by one of its members; of several nothing tells by which one, so that it may be seen on any of them. */
export function bondTransmit(run: Run, netns: Netns, bond: Device, skb: Skb): void {
  const members = (netns.ports.get(bond.name) ?? []).filter(({ up, isBackup }) => up && !isBackup);
  const [only] = members;
  const sentBy = skb.sentBy ?? bond.name;
  if (only && members.length === 1) return transmit(run, netns, only, skb.with({ sentBy }));
  for (const member of members) run.mayAppear(skb, member.name);
  run.end("forwarded", { netns: netns.name, interface: sentBy });
}
