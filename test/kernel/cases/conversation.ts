import type { HeaderPlan, Payload, Pools, Send, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { drawOptions } from "./options.ts";
import { drawTcp } from "./tcp-script.ts";

/** What one side says; `answer` is the server's. */
export interface Line {
  readonly by: "client" | "server";
  readonly payload: Payload;
}

/** The first is filled in by the kernel when a local socket sends it. */
const ODD = [
  "0.0.0.0",
  "255.255.255.255",
  "127.0.0.1",
  "127.0.0.5",
  "224.0.0.1",
  "224.0.0.251",
  "240.0.0.1",
  "10.1.0.255",
  "10.1.0.0",
  "169.254.1.1",
];
const ERRORS: readonly (readonly [number, number])[] = [
  [3, 0],
  [3, 1],
  [3, 3],
  [3, 4],
  [3, 13],
  [11, 0],
  [11, 1],
  [12, 0],
  [4, 0],
  [5, 1],
];
const WORDS = [
  "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
  "attack",
  "hello",
  "PORT 10,1,0,10,156,64\r\n",
  "\u0000\u0001file\u0000octet\u0000",
  "",
];

/** Random traffic: one to four conversations, their packets one after the other or mixed. */
export function drawSends(dice: Dice, topology: Topology): Send[] {
  let next = 0;
  const id = () => next++;
  const talks = Array.from({ length: dice.weighted([4, 1], [4, 2], [2, 3], [1, 4]) }, () => drawTalk(dice, topology, id));
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

function drawTalk(dice: Dice, topology: Topology, id: () => number): Send[] {
  const door = dice.integer(0, topology.doors.length - 1);
  const from = topology.doors[door];
  const host = from && from.hosts.length > 0 ? dice.integer(0, from.hosts.length - 1) : 0;
  const own = from?.hosts[host]?.address;
  const odd = from?.device === undefined ? ODD.slice(1) : ODD;
  const src = dice.chance(15)
    ? dice.pick([...odd, ...topology.pools.locals, ...topology.pools.remotes])
    : own === undefined || own.endsWith(".254")
      ? remoteSource(dice, topology, from?.netns, own)
      : own;
  const dst = drawDestination(dice, topology.pools);
  const header = () => drawHeader(dice, topology.pools);
  const sends: Send[] = [];
  const said: number[] = [];
  let lastClient: number | undefined;
  let lastServer: number | undefined;
  for (const line of drawLines(dice, topology.pools)) {
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
      const [type, code] = dice.pick(ERRORS);
      sends.push({
        kind: "error",
        id: id(),
        about: dice.pick(said),
        type,
        code,
        mtu: code === 4 ? dice.pick([576, 1000]) : 0,
        from: dice.chance(2) ? null : dice.pick([...topology.pools.hosts, ...topology.pools.remotes]),
        quoted: dice.pick([8, 8, 28, 100, 4]),
        header: header(),
      });
    }
  }
  return sends;
}

/** A gateway sends what others behind it have sent; a local socket has an address of its own, mostly. */
function remoteSource(dice: Dice, topology: Topology, netns: string | undefined, gateway: string | undefined): string {
  if (gateway !== undefined) return dice.pick(["198.51.100.7", "203.0.113.9", ...topology.pools.remotes]);
  const own =
    topology.namespaces.find((plan) => plan.name === netns)?.commands.flatMap((line) => /^addr add ([\d.]+)/.exec(line)?.[1] ?? []) ?? [];
  return own.length === 0 ? "10.1.0.1" : dice.chance(12) ? "127.0.0.1" : dice.pick(own);
}

function drawDestination(dice: Dice, pools: Pools): string {
  return dice.weighted(
    [10, dice.pick(pools.hosts)],
    [6, dice.pick(pools.locals)],
    [3, dice.pick(pools.remotes)],
    [3, "10.96.0.10"],
    [1, dice.pick(ODD)],
    [1, dice.pick(["172.16.1.1", "172.16.2.1", "172.16.3.1", "172.16.5.1", "172.16.6.1", "172.16.6.1", "198.51.100.7"])],
  );
}

function drawHeader(dice: Dice, pools: Pools): HeaderPlan {
  const base = {
    ttl: dice.weighted([12, 64], [2, dice.integer(2, 5)], [1, 1], [1, 255]),
    tos: dice.weighted(
      [10, 0],
      [1, 0x10],
      [1, 0x08],
      [1, dice.pick([0x10, 0x08]) | dice.pick([1, 2, 3, 0x80, 0xe0])],
      [1, dice.integer(0, 255)],
    ),
    id: dice.integer(1, 65535),
    df: dice.chance(2),
  };
  const damage = dice.chance(40)
    ? dice.pick(["header-checksum", "checksum", "checksum", "length", "transport-length", "no-checksum"] as const)
    : undefined;
  const options = dice.chance(25) ? drawOptions(dice, [...pools.hosts, ...pools.locals, ...pools.remotes]) : undefined;
  return {
    ...base,
    ...(damage !== undefined && { damage }),
    ...(options !== undefined && { options }),
    ...(dice.chance(20) && {
      // The smallest holds a header without much more.
      fragments: {
        mtu: dice.pick(options === undefined ? [60, 100, 576] : [100, 576]),
        order: dice.pick([[0, 1, 2, 3], [1, 0], [2, 1, 0], [0, 2], [0, 0, 1], [0]]),
      },
    }),
    ...(dice.chance(40) && { dstMac: dice.pick(["other", "broadcast"] as const) }),
  };
}

function text(dice: Dice): string {
  return dice.chance(8) ? "x".repeat(dice.pick([100, 600, 1200, 1400])) : dice.pick(WORDS);
}

function drawLines(dice: Dice, { clientPorts, serverPorts }: Pools): Line[] {
  const sport = dice.pick(clientPorts);
  const dport = dice.pick(serverPorts);
  const kind = dice.weighted([8, "tcp"], [5, "udp"], [3, "ping"], [1, "sctp"], [1, "udplite"], [1, "other"], [1, "icmp"]);
  const turns = dice.integer(1, 4);
  const alternately = (line: (by: "client" | "server", turn: number) => Payload): Line[] =>
    Array.from({ length: turns }, (_, i) => {
      const by = i === 0 || dice.chance(3) ? "client" : i % 2 === 1 ? "server" : "client";
      return { by, payload: line(by, i) };
    });
  switch (kind) {
    case "tcp":
      return drawTcp(dice, sport, dport, () => text(dice));
    case "udp":
    case "udplite":
      return alternately((by) => ({ kind, ...(by === "client" ? { sport, dport } : { sport: dport, dport: sport }), data: text(dice) }));
    case "ping": {
      const number = dice.integer(1, 65535);
      return alternately((by, i) => ({ kind: "icmp", type: by === "client" ? 8 : 0, code: 0, id: number, sequence: i, data: text(dice) }));
    }
    case "icmp":
      return alternately(() => ({
        kind: "icmp",
        type: dice.pick([0, 3, 5, 8, 11, 14, 17, 18, 40]),
        code: dice.integer(0, 3),
        id: 7,
        sequence: 1,
        data: "abcdefgh",
      }));
    case "sctp": {
      const tag = dice.integer(1, 1000);
      const chunks: readonly (readonly [number, number, string])[][] = [
        [[1, 0, "i".repeat(16)]],
        [[2, 0, "i".repeat(16)]],
        [[10, 0, "cookie.."]],
        [[11, 0, ""]],
        [[0, 3, "datadatadata"]],
        [[4, 0, "hb"]],
        [[6, 0, ""]],
        [[7, 0, "abcd"]],
        [[8, 0, ""]],
        [[14, 0, ""]],
      ];
      const script = [0, 1, 2, 3, 4, 7, 8, 9].slice(0, dice.integer(1, 8));
      return script.map((step, i) => {
        const by = i % 2 === 0 ? ("client" as const) : ("server" as const);
        const ports = by === "client" ? { sport, dport } : { sport: dport, dport: sport };
        return {
          by,
          payload: { kind: "sctp", ...ports, tag: step === 0 ? 0 : tag, chunks: chunks[dice.chance(8) ? dice.integer(0, 9) : step] ?? [] },
        };
      });
    }
    default: {
      const protocol = dice.pick([47, 50, 51, 33, 89]);
      return alternately(() => ({ kind: "other", protocol, data: "\u0000\u0001\u0002\u0003\u0000\u0000\u0000\u0009payloadpayload!!" }));
    }
  }
}
