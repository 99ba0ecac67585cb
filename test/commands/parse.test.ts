import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nettrace } from "./nettrace.ts";

const folder = mkdtempSync(join(tmpdir(), "nettrace-parse-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function json(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await nettrace("parse", ...args);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const rules = file(
  "rules",
  "*filter",
  ":INPUT DROP [3:180]",
  "-A INPUT -p tcp ! --sport 1024: --dport ssh -s 10.1.2.3/8 -j ACCEPT",
  "COMMIT",
);

describe("nettrace parse of rules", () => {
  it("writes them as iptables-save does", async () => {
    const { status, stdout } = await nettrace("parse", rules, "--format", "save");
    expect(status).toBe(0);
    expect(stdout.split("\n").slice(1)).toEqual([
      "*filter",
      ":INPUT DROP [3:180]",
      ":FORWARD ACCEPT [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp ! --sport 1024:65535 --dport 22 -j ACCEPT",
      "COMMIT",
      "",
    ]);
  });

  it("writes them as JSON", async () => {
    const { tables, ...rest } = (await json(rules)) as { tables: { filter: { chains: { INPUT: unknown } } } };
    expect(rest).toEqual({ family: 4, backend: "legacy" });
    expect(tables.filter.chains.INPUT).toEqual({
      line: 2,
      policy: "DROP",
      counters: { packets: 3, bytes: 180 },
      rules: [
        {
          number: 1,
          line: 3,
          text: "-A INPUT -p tcp ! --sport 1024: --dport ssh -s 10.1.2.3/8 -j ACCEPT",
          source: { value: "10.0.0.0/8" },
          protocol: { value: "tcp" },
          matches: [
            {
              name: "tcp",
              options: [
                { flag: "--sport", value: "1024:65535", not: true },
                { flag: "--dport", value: "22" },
              ],
            },
          ],
          target: { verdict: "ACCEPT" },
        },
      ],
    });
  });

  it("tells IPv6 by its content, or is told", async () => {
    const six = file("rules6", "*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -s 2001:db8::/32 -j DROP", "COMMIT");
    expect(await json(six)).toMatchObject({ family: 6 });
    expect(await json("--type", "ip6tables-save", file("empty6", "*filter", "COMMIT"))).toMatchObject({ family: 6 });
  });

  it("refuses what iptables refuses, with line and column", async () => {
    const wrong = file("wrong", "*filter", "-A INPUT -p tcp --dport nosuchservice -j ACCEPT", "COMMIT");
    const { status, stdout, stderr } = await nettrace("parse", wrong, "--format", "save");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`${wrong}:2:25: `);
  });
});

describe("nettrace parse of other inputs", () => {
  it("reads routes, rules, sets, connections, settings and names of namespaces", async () => {
    expect(await json(file("routes", "default via 192.0.2.1 dev eth0 metric 100", "2001:db8::/32 dev eth1"))).toMatchObject([
      { destination: "0.0.0.0/0", metric: 100, nexthops: [{ via: "192.0.2.1", device: "eth0" }] },
      { destination: "2001:db8::/32", nexthops: [{ device: "eth1" }] },
    ]);
    expect(await json(file("policy", "100:\tfrom 2001:db8::/32 lookup 7"))).toMatchObject([
      { priority: 100, from: "2001:db8::/32", action: { kind: "lookup", table: "7" } },
    ]);
    expect(
      await json(
        file("conntrack", "udp 17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1"),
      ),
    ).toMatchObject([{ original: { protocol: "udp", src: "10.0.0.1", dport: 2 }, flags: ["UNREPLIED"] }]);
    expect(await json(file("sysctl", "net.ipv4.ip_forward = 1"))).toEqual({ "net.ipv4.ip_forward": "1" });
    expect(await json(file("ids", "nsid 3 (iproute2 netns name: blue)"))).toEqual([{ id: 3, name: "blue" }]);
  });

  it("reads devices, and what ip and bridge print as JSON", async () => {
    expect(
      await json(
        file(
          "links",
          "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default",
          "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff",
        ),
      ),
    ).toMatchObject([{ name: "eth0", mac: "02:00:00:00:00:01", addresses: [] }]);
    expect(await json(file("neigh", '[{"dst":"10.0.0.1","dev":"eth0","lladdr":"02:00:00:00:00:01","state":["STALE"]}]'))).toEqual([
      { address: "10.0.0.1", device: "eth0", mac: "02:00:00:00:00:01", state: ["STALE"] },
    ]);
    expect(await json(file("fdb", '[{"mac":"02:00:00:00:00:01","ifname":"p1","master":"br0","flags":[],"state":""}]'))).toMatchObject([
      { mac: "02:00:00:00:00:01", device: "p1", master: "br0" },
    ]);
    expect(await json("--type", "bridge-vlan", file("vlan", '[{"ifname":"p1","vlans":[{"vlan":7,"flags":["PVID"]}]}]'))).toEqual([
      { device: "p1", first: 7, last: 7, pvid: true, untagged: false },
    ]);
    expect(await json("--type", "bridge-link", file("ports", '[{"ifname":"p1","master":"br0","state":"forwarding"}]'))).toMatchObject([
      { device: "p1", port: { bridge: "br0", state: "forwarding" } },
    ]);
  });

  it("writes sets as ipset save does", async () => {
    const lines = [
      "create s hash:net family inet hashsize 1024 maxelem 65536 comment bucketsize 12 initval 0x1",
      'add s 10.0.0.0/8 comment "a b"',
      "add s 10.1.0.0/16 nomatch",
    ];
    const sets = file("sets", ...lines);
    expect((await nettrace("parse", sets, "--format", "save")).stdout).toBe(`${lines.join("\n")}\n`);
    expect(await json(sets)).toMatchObject([
      { name: "s", type: "hash:net", entries: [{ element: "10.0.0.0/8", options: { comment: "a b" } }, { options: { nomatch: "" } }] },
    ]);
  });

  it("says what it cannot do", async () => {
    const prose = await nettrace("parse", file("prose", "this is a letter"));
    expect(prose.status).toBe(2);
    expect(prose.stderr).toContain("say it with --type (iptables-save, ");
    const list = await nettrace("parse", file("list", "Chain INPUT (policy ACCEPT)", "target prot opt source destination"));
    expect(JSON.parse(list.stdout)).toEqual([{ name: "INPUT", policy: "ACCEPT", rules: [] }]);
    const routes = await nettrace("parse", file("route", "default via 192.0.2.1 dev eth0"), "--format", "save");
    expect(routes.status).toBe(2);
    expect(routes.stderr).toContain("ip route output");
  });
});
