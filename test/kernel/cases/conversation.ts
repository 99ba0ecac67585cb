import type { Door, HeaderPlan, Payload, Send, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";

/** What one side says; `answer` is the server's. */
export interface Line {
  readonly by: "client" | "server";
  readonly payload: Payload;
}

/** Where a conversation begins: a host behind a door, or the sockets of a namespace. */
export interface Start {
  readonly from: Door | undefined;
  /** The address of the host. */
  readonly own: string | undefined;
}

/** How the packets of an address family are drawn. */
export interface Traffic {
  source(dice: Dice, topology: Topology, start: Start): string;
  destination(dice: Dice, topology: Topology, start: Start): string;
  header(dice: Dice, topology: Topology): HeaderPlan;
  lines(dice: Dice, topology: Topology): Line[];
  /** Type, code and MTU of an ICMP error. */
  error(dice: Dice): { readonly type: number; readonly code: number; readonly mtu: () => number };
  /** A conversation of another kind, at times. */
  special?(dice: Dice, topology: Topology, id: () => number): Send[] | undefined;
}

/** Random traffic: one to four conversations, their packets one after the other or mixed. */
export function drawSends(dice: Dice, topology: Topology, traffic: Traffic): Send[] {
  let next = 0;
  const id = () => next++;
  const count = dice.weighted([4, 1], [4, 2], [2, 3], [1, 4]);
  const talks = Array.from({ length: count }, () => traffic.special?.(dice, topology, id) ?? drawTalk(dice, topology, traffic, id));
  const sends: Send[] = [];
  const mixed = dice.chance(2);
  while (talks.some((talk) => talk.length > 0)) {
    const open = talks.filter((talk) => talk.length > 0);
    const talk = mixed ? dice.pick(open) : (open[0] as Send[]);
    sends.push(talk.shift() as Send);
  }
  // A second outlives a short timeout.
  if (dice.chance(hasShortTimeouts(topology) ? 2 : 25))
    sends.splice(dice.integer(0, sends.length), 0, { kind: "pause", id: id(), ms: 1200 });
  return sends;
}

function hasShortTimeouts({ namespaces }: Topology): boolean {
  return namespaces.some(({ sysctls }) => Object.keys(sysctls).some((name) => name.includes("_timeout")));
}

function drawTalk(dice: Dice, topology: Topology, traffic: Traffic, id: () => number): Send[] {
  const door = dice.integer(0, topology.doors.length - 1);
  const from = topology.doors[door];
  const host = from && from.hosts.length > 0 ? dice.integer(0, from.hosts.length - 1) : 0;
  const start = { from, own: from?.hosts[host]?.address };
  const src = traffic.source(dice, topology, start);
  const dst = traffic.destination(dice, topology, start);
  const header = () => traffic.header(dice, topology);
  const sends: Send[] = [];
  const said: number[] = [];
  let lastClient: number | undefined;
  let lastServer: number | undefined;
  for (const line of traffic.lines(dice, topology)) {
    if (dice.chance(15)) continue;
    const one = id();
    if (line.by === "client") {
      if (lastClient !== undefined && dice.chance(20)) sends.push({ kind: "again", id: one, of: lastClient });
      else sends.push({ kind: "new", id: one, door, host, src, dst, header: header(), payload: line.payload });
      lastClient = one;
    } else if (lastClient !== undefined) {
      if (lastServer !== undefined && dice.chance(20)) sends.push({ kind: "again", id: one, of: lastServer });
      else sends.push({ kind: "answer", id: one, to: lastClient, header: header(), payload: line.payload });
      lastServer = one;
    } else continue;
    said.push(one);
    if (dice.chance(10)) {
      const { type, code, mtu } = traffic.error(dice);
      sends.push({
        kind: "error",
        id: id(),
        about: dice.pick(said),
        type,
        code,
        mtu: mtu(),
        from: dice.chance(2) ? null : dice.pick([...topology.pools.hosts, ...topology.pools.remotes]),
        quoted: dice.pick([8, 8, 28, 100, 4]),
        header: header(),
      });
    }
  }
  return sends;
}
