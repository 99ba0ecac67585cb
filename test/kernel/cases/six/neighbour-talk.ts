import { addressOctets } from "../../wire/octets.ts";
import type { ExtensionPlan, HeaderPlan, Payload, Send, Topology } from "../case.ts";
import type { Dice } from "../dice.ts";

const ALERT: readonly ExtensionPlan[] = [{ header: "hop-by-hop", data: "050200000100" }];
const GROUPS = ["ff02::fb", "ff02::1:ff00:1", "ff0e::101", "ff02::2"];
const NOWHERE = "00000000";

const hex = (address: string) => Buffer.from(addressOctets(address)).toString("hex");
const solicitedNode = (address: string) => `ff02::1:ff${hex(address).slice(26, 28)}:${hex(address).slice(28)}`;
const option = (kind: number, mac: string) => `0${kind}01${mac.replaceAll(":", "")}`;

interface Said {
  readonly dst: string;
  readonly src?: string;
  readonly payload: Payload;
  readonly hopLimit?: number;
  readonly extensions?: readonly ExtensionPlan[];
}

/** What is known of who speaks. */
interface Speaker {
  readonly address: string;
  readonly linkLocal: string;
  readonly mac: string;
  readonly topology: Topology;
}

/** Neighbour discovery (RFC 4861) or multicast listener discovery (RFC 3810) by a host behind a door; nothing where all doors are local sockets. */
export function drawNeighbourTalk(dice: Dice, topology: Topology, id: () => number): Send[] {
  const outer = topology.doors.flatMap(({ device }, i) => (device === undefined ? [] : [i]));
  if (outer.length === 0) return [];
  const door = dice.pick(outer);
  const from = topology.doors[door];
  const host = from && from.hosts.length > 0 ? dice.integer(0, from.hosts.length - 1) : 0;
  const speaking = from?.hosts[host];
  const { pools } = topology;
  const speaker: Speaker = {
    address: speaking?.address ?? dice.pick(pools.locals),
    linkLocal: speaking?.linkLocal ?? dice.pick(pools.locals),
    mac: speaking?.mac ?? dice.pick(pools.macs),
    topology,
  };
  return Array.from({ length: dice.integer(1, 3) }, (): Send => {
    const said = drawMessage(dice, speaker);
    const src = said.src ?? (dice.chance(3) ? speaker.address : speaker.linkLocal);
    return { kind: "new", id: id(), door, host, src, dst: said.dst, header: headerOf(dice, said), payload: said.payload };
  });
}

function headerOf(dice: Dice, { hopLimit = 255, extensions }: Said): HeaderPlan {
  const ttl = dice.chance(12) ? dice.pick([64, 1, 254]) : hopLimit;
  const kept = dice.chance(12) ? undefined : extensions;
  return {
    ttl,
    tos: dice.chance(8) ? 0xc0 : 0,
    id: dice.integer(1, 65535),
    df: false,
    ...(dice.chance(20) && { damage: "checksum" as const }),
    ...(kept && { extensions: kept }),
  };
}

const message = (type: number, rest: string, body: string, code = 0): Payload => ({ kind: "message", type, code, rest, body });

function drawMessage(dice: Dice, speaker: Speaker): Said {
  const { pools } = speaker.topology;
  const kind = dice.weighted(
    [6, solicitation],
    [3, advertisement],
    [1, routerSolicitation],
    [1, routerAdvertisement],
    [1, redirect],
    [1, listenerQuery],
    [2, listenerReport],
  );
  const said = kind(dice, speaker);
  return dice.chance(15) ? { ...said, dst: dice.pick([...pools.hosts, ...pools.locals]) } : said;
}

function solicitation(dice: Dice, { mac, topology: { pools } }: Speaker): Said {
  const target = dice.weighted(
    [5, dice.pick(pools.locals)],
    [3, dice.pick(pools.linkLocals ?? pools.locals)],
    [2, dice.pick(pools.hosts)],
    [1, "2001:db8:1::33"],
    [1, "2001:db8:1::"],
    [1, "ff02::1"],
  );
  const unspecified = dice.chance(8);
  const dst = dice.weighted([4, solicitedNode(target)], [3, target], [1, "ff02::1"]);
  const body = `${hex(target)}${unspecified || dice.chance(6) ? "" : option(1, mac)}`;
  return { dst, ...(unspecified && { src: "::" }), payload: message(135, NOWHERE, body, dice.chance(20) ? 1 : 0) };
}

function advertisement(dice: Dice, { mac, address, linkLocal, topology: { pools } }: Speaker): Said {
  const target = dice.weighted([3, address], [3, linkLocal], [1, dice.pick(pools.locals)]);
  const flags = dice.pick(["60000000", "20000000", "40000000", "e0000000", NOWHERE]);
  const dst = dice.weighted([2, dice.pick(pools.locals)], [2, dice.pick(pools.linkLocals ?? pools.locals)], [3, "ff02::1"]);
  return { dst, payload: message(136, flags, `${hex(target)}${dice.chance(5) ? "" : option(2, mac)}`) };
}

function routerSolicitation(dice: Dice, { mac }: Speaker): Said {
  return { dst: "ff02::2", payload: message(133, NOWHERE, dice.chance(3) ? "" : option(1, mac)) };
}

function routerAdvertisement(_dice: Dice, { mac }: Speaker): Said {
  return { dst: "ff02::1", payload: message(134, "40000708", `${NOWHERE}${NOWHERE}${option(1, mac)}`) };
}

function redirect(dice: Dice, { linkLocal, topology: { pools } }: Speaker): Said {
  const about = dice.pick([...pools.hosts, ...pools.remotes]);
  return { src: linkLocal, dst: dice.pick(pools.locals), payload: message(137, NOWHERE, `${hex(linkLocal)}${hex(about)}`) };
}

function listenerQuery(dice: Dice, { linkLocal }: Speaker): Said {
  const group = dice.chance(2) ? "::" : dice.pick(GROUPS);
  // The answer may take up to ten seconds.
  const said = { src: linkLocal, payload: message(130, "27100000", `${hex(group)}${dice.chance(2) ? "027d0000" : ""}`) };
  return { ...said, dst: group === "::" ? "ff02::1" : group, hopLimit: 1, extensions: ALERT };
}

function listenerReport(dice: Dice, { linkLocal }: Speaker): Said {
  const group = dice.pick(GROUPS);
  const about = { src: linkLocal, hopLimit: 1, extensions: ALERT };
  return dice.weighted<Said>(
    [2, { ...about, dst: "ff02::16", payload: message(143, "00000001", `04000000${hex(group)}`) }],
    [1, { ...about, dst: group, payload: message(131, NOWHERE, hex(group)) }],
    [1, { ...about, dst: "ff02::2", payload: message(132, NOWHERE, hex(group)) }],
  );
}
