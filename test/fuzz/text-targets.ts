import { INPUT_TYPES } from "../../src/commands/parse-types.ts";
import { DEFAULT_CONFIG } from "../../src/lint/config.ts";
import { fixRules, whyNotFixed } from "../../src/lint/fix.ts";
import { RULES } from "../../src/lint/index.ts";
import { readLintedRules } from "../../src/lint/linted-rules.ts";
import { lint } from "../../src/lint/run.ts";
import type { Problem } from "../../src/model/problem.ts";
import { detectKind } from "../../src/parse/detect.ts";
import { parseNetnsIds } from "../../src/parse/netns-ids.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { looksLikeTcpdump, TcpdumpReader } from "../../src/parse/tcpdump/reader.ts";
import { parseTestFile } from "../../src/parse/test-file/test-file.ts";
import { lintJson } from "../../src/render/lint/json.ts";
import { lintTable } from "../../src/render/lint/table.ts";
import { frameLine, frameObject } from "../../src/render/packet-list.ts";
import { formatTime } from "../../src/wire/time.ts";

/** What reading a text came to. */
export interface Reading {
  readonly problems: readonly Problem[];
  /** The texts that problems have places in, by name. */
  readonly texts: ReadonlyMap<string, string>;
  readonly json?: () => unknown;
  readonly save?: () => Iterable<string>;
}

/** A parser of texts. */
export interface TextTarget {
  readonly name: string;
  readonly bases: readonly string[];
  read(text: string): Reading;
}

const STYLE = { colour: false, ascii: false, width: 100 };
/** The name that the texts are given. */
const FILE = "f";
/** Stands before the name of a file where one text is a whole snapshot. */
const SECTION = "=== ";

const one = (text: string): ReadonlyMap<string, string> => new Map([[FILE, text]]);

/** All parsers of texts with what their mutations start from. */
export function textTargets(corpus: ReadonlyMap<string, readonly string[]>): readonly TextTarget[] {
  const all = [...corpus.values()].flat();
  const bases = (name: string) => {
    const found = [...(corpus.get(name) ?? []), ...(SAMPLES[name] ?? [])];
    if (found.length === 0) throw new Error(`no text of the kind ${name} to begin with`);
    return found;
  };
  const typed = [...INPUT_TYPES].map(([name, type]): TextTarget => {
    const read = (text: string) => {
      const { value, problems } = type.read(text, FILE);
      return { problems, texts: one(text), ...value };
    };
    return { name, bases: bases(name), read };
  });
  const ids = (text: string) => {
    const { problems } = parseNetnsIds(text, FILE);
    return { problems, texts: one(text) };
  };
  const tcpdump = (text: string) => {
    const reader = new TcpdumpReader(FILE);
    for (const line of text.split("\n")) reader.push(line.replace(/\r$/, ""));
    const frames = reader.finish();
    for (const frame of frames) frameLine(frame, formatTime(frame.time, reader.digits), STYLE);
    looksLikeTcpdump(text);
    const json = () => frames.map((frame) => frameObject(frame, formatTime(frame.time, reader.digits)));
    return { problems: reader.problems, texts: one(text), json };
  };
  const tests = (text: string) => ({ problems: parseTestFile(text, FILE).problems, texts: one(text) });
  const detect = (text: string) => {
    detectKind(text);
    return { problems: [], texts: one(text) };
  };
  return [
    ...typed,
    { name: "lint", bases: [...bases("iptables-save"), ...LINTED], read: checked },
    { name: "netns-ids", bases: bases("netns-ids"), read: ids },
    { name: "tcpdump", bases: bases("tcpdump"), read: tcpdump },
    { name: "test-file", bases: bases("test-file"), read: tests },
    { name: "detect", bases: all, read: detect },
    { name: "snapshot", bases: snapshots(corpus), read: readSections },
  ];
}

/** The examples of all lint rules. */
const LINTED = RULES.flatMap(({ bad, good }) => [bad, good].flatMap((example) => (typeof example === "string" ? [example] : [])));

function checked(text: string): Reading {
  const rules = readLintedRules(text, FILE, 4);
  const report = lint({ rulesets: [rules], config: DEFAULT_CONFIG });
  for (const _ of lintTable(report, (_file, line) => rules.lines[line - 1] ?? "", STYLE, 0));
  const mended = fixRules(rules, report.findings, text);
  if (mended.changes.length > 0) whyNotFixed(rules, mended);
  return { problems: rules.problems, texts: one(text), json: () => JSON.parse(lintJson(report)) };
}

/** Kinds of which no snapshot holds a file, or only one form. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  conntrack: [
    "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=80 packets=3 bytes=180 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=40000 packets=2 bytes=120 [ASSURED] mark=7 zone=3 use=1\n",
    "icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1\nudp      17 12 src=fe80::1 dst=ff02::1 sport=5353 dport=5353 [UNREPLIED] src=ff02::1 dst=fe80::1 sport=5353 dport=5353 zone-orig=1 helper=tftp use=2\n",
    "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\ngre      47 179 timeout=600, stream_timeout=18000 src=1.1.1.1 dst=2.2.2.2 srckey=0x0 dstkey=0x1 src=2.2.2.2 dst=1.1.1.1 srckey=0x1 dstkey=0x0 [OFFLOAD] use=1\n",
  ],
  "ip-neigh": [
    "10.0.0.1 dev br0 lladdr 02:00:00:00:00:01 ref 1 used 2/62/2probes 0 DELAY\nfe80::1 dev a lladdr 02:aa:00:00:00:01 router STALE\n",
  ],
  "ip-netns": ["nsid 0 (iproute2 netns name: web)\nnsid 1 \n", "web (id: 0)\nother\n", '[{"nsid":0,"name":"web"},{"name":"a","id":1}]'],
  "bridge-link": ["3: veth1: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2 \n    hairpin on guard off\n"],
  "bridge-fdb": ["02:00:00:00:00:09 dev veth1 vlan 7 master br0 static\n02:00:00:00:00:0a dev vx100 dst 192.0.2.9 self extern_learn\n"],
  "brctl-show": [
    "bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr0\t\t8000.1e148ef8e6d6\tno\t\tveth-db\n\t\t\t\t\t\t\tveth-web\nbr1\t\t8000.000000000000\tyes\t\t\n",
  ],
  "ipvsadm-save": [
    "-A -t 10.0.0.1:80 -s rr -p 300\n-a -t 10.0.0.1:80 -r 192.168.0.2:80 -m -w 3 -x 10 -y 5\n-A -f 1 -s wlc -o\n-a -f 1 -r 192.168.0.3:0 -i -w 1 --tun-type gue --tun-port 6080\n",
    "-A -u [2001:db8::80]:domain -s sh -b sh-port\n-a -u [2001:db8::80]:domain -r [2001:db8::a]:53 -g -w 1\n",
  ],
  "bridge-vlan": [
    "port              vlan-id  \nv0                1 Egress Untagged\n                  10 PVID Egress Untagged\n                      state forwarding mcast_router 1\nv1                20-29\n                  100 Egress Untagged\n",
    '[{"ifname":"veth1","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]},{"vlan":10,"vlanEnd":20}]}]',
  ],
  "test-file": [
    "host: { rules: a, routes: [b, c], netns: host }\nassume: { owner.uid: 1000 }\ntests:\n  - name: a\n    packet: tcp 10.0.0.1:1 10.0.0.2:80 SYN,ACK --ttl 3\n    interface: eth0\n    time: 2026-11-20T12:00:00+01:00\n    expect: { verdict: [dropped, rejected], rule: filter INPUT 3 in netns web, dnat: 10.0.0.3:8080, out: web:eth0 }\n",
    'tests:\n  - &x\n    packets:\n      - udp [2001:db8::1]:53 [2001:db8::2]:53\n      - { packet: reply, after: 1.5s, expect: { state: ESTABLISHED, snat: none } }\n    out-of-socket: true\n  - *x\n  - capture: a.pcap@web:eth0\n    where: { src: 10.0.0.0/8, dport: [80, 443], protocol: tcp, flow: 1 }\n    expect: { verdict: forwarded, count: 3, matches: [line 3, "comment a b"], rule: -A INPUT -j DROP }\n',
  ],
  "ipset-save": [
    'create a hash:ip,port family inet hashsize 1024 maxelem 65536 timeout 300 counters comment\nadd a 10.0.0.1,tcp:80 timeout 4 comment "x y"\n',
    "create l list:set size 8\ncreate n hash:net family inet6\nadd n 2001:db8::/32 nomatch\nadd l n\n",
  ],
};

function snapshots(corpus: ReadonlyMap<string, readonly string[]>): string[] {
  const files = [...corpus].filter(([kind]) => !["snapshot", "route-n", "tcpdump"].includes(kind));
  return [0, 1, 2].map((index) => {
    const sections = files.map(([kind, texts]) => {
      const text = texts[index % texts.length] ?? "";
      return `${SECTION}netns/host/${kind}.${/^\s*[[{]/.test(text) ? "json" : "txt"}\n${text}`;
    });
    return [
      `${SECTION}snapshot.json\n{"version":1,"hostname":"gw","takenAt":"2026-11-20T12:00:01Z","namespaces":["host"]}`,
      ...sections,
    ].join("\n");
  });
}

function readSections(text: string): Reading {
  const files = new Map<string, string>();
  for (const section of text.split(/^=== /m).slice(1)) {
    const end = section.indexOf("\n");
    files.set(section.slice(0, end < 0 ? section.length : end), section.slice(end + 1));
  }
  const { problems } = readSnapshot(files, "");
  return { problems, texts: files };
}
