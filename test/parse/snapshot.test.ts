import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { ArchiveError, unpackSnapshot } from "../../src/parse/archive.ts";
import { buildHost, overrideHost } from "../../src/parse/host.ts";
import { parseLinks } from "../../src/parse/ip-link.ts";
import { parseRoutes } from "../../src/parse/ip-route.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { places, recorded } from "./recording.ts";

const HEAD = '{"version":1,"hostname":"gw","kernel":"6.1.0","namespaces":["host","web"]}';
const files = (entries: Record<string, string>) => new Map(Object.entries(entries));

const full = files({
  "snapshot.json": HEAD,
  "netns/host/ip-link.json": recorded("ip-d-link.json"),
  "netns/host/ip-addr.json": recorded("ip-d-addr.json"),
  "netns/host/ip-route.txt": recorded("ip-route.txt"),
  "netns/host/ip-rule.txt": recorded("ip-rule.txt"),
  "netns/host/ip-neigh.json": recorded("ip-neigh.json"),
  "netns/host/bridge-fdb.json": recorded("bridge-fdb.json"),
  "netns/host/bridge-vlan.json": "\n",
  "netns/host/sysctl.txt": "net.ipv4.ip_forward = 1\n",
  "netns/host/iptables-save.txt": "",
  "netns/host/netns-ids.txt": recorded("netns-ids.txt"),
  "netns/host/README": "not ours",
});

async function tar(entries: ReadonlyMap<string, string>, root: string): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, text] of entries) archive.entry({ name: root + name }, text);
  archive.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

describe("a snapshot", () => {
  it("becomes a host; what is not there is not known, what is empty is", () => {
    const { value, problems } = readSnapshot(full, "snap");
    expect(problems).toEqual([]);
    expect(value).toMatchObject({ hostname: "gw", kernel: "6.1.0" });
    expect([...value.namespaces.keys()]).toEqual(["host", "web"]);
    expect(value.namespaces.get("web")).toEqual({ name: "web", addressesKnown: false });
    const host = value.namespaces.get("host");
    expect(host?.devices).toHaveLength(5);
    expect(host?.addressesKnown).toBe(true);
    expect(host?.routes).toHaveLength(20);
    expect(host?.routes6?.length).toBeGreaterThan(3);
    expect(host?.policyRules).toHaveLength(14);
    expect(host?.policyRules6).toBeUndefined();
    expect(host?.bridgeVlans).toEqual([]);
    expect(host?.ruleset4?.tables.size).toBe(0);
    expect(host?.ruleset6).toBeUndefined();
    expect(host?.conntrack).toBeUndefined();
    expect(host?.sysctls?.get("net.ipv4.ip_forward")).toBe("1");
    expect(host?.netnsIds?.get(0)).toBe("ntrec-web");
  });

  it("needs no snapshot.json, nor addresses", () => {
    const { value, problems } = readSnapshot(files({ "netns/b/ip-link.txt": recorded("ip-link.txt"), "netns/a/sysctl.txt": "" }), "s");
    expect(problems).toEqual([]);
    expect([...value.namespaces.keys()]).toEqual(["a", "b"]);
    expect(value.namespaces.get("b")).toMatchObject({ addressesKnown: false });
    expect(value.namespaces.get("b")?.devices).toHaveLength(5);
  });

  it("takes IPv6 routes from the IPv6 file when there is one", () => {
    const both = readSnapshot(files({ "netns/h/ip-route.txt": recorded("ip-route.txt"), "netns/h/ip6-route.txt": "" }), "s").value;
    expect(both.namespaces.get("h")?.routes6).toEqual([]);
    const four = readSnapshot(files({ "netns/h/ip-route.txt": "default dev a" }), "s").value;
    expect(four.namespaces.get("h")?.routes6).toBeUndefined();
  });

  it("reports the problems of all files with their paths", () => {
    const broken = files({
      "snapshot.json": '{"version":2}',
      "netns/h/ip-rule.txt": "x",
      "netns/h/ip-link.json": "[",
      "netns/h/conntrack.txt": "",
    });
    expect(places(readSnapshot(broken, "snap/").problems)).toEqual([
      "snap/snapshot.json:1:12+1 version: expected 1, found 2",
      "snap/netns/h/ip-link.json:1:2+1 not JSON: expected a value, found the end of the file",
      'snap/netns/h/ip-rule.txt:1:1+1 expected a priority and a colon (32766:), found "x"',
    ]);
    expect(readSnapshot(new Map(), "dir").problems).toMatchObject([{ file: "dir", message: expect.stringContaining("not a snapshot") }]);
  });
});

describe("an archive of a snapshot", () => {
  it.each(["", "./", "host/", "./a/b/"])("is unpacked, plain or gzipped, below %j", async (root) => {
    const bytes = await tar(new Map([...full, ["captures/host/eth0.pcap", "octets"]]), root);
    for (const archive of [bytes, gzipSync(bytes)]) {
      const found = await unpackSnapshot(archive);
      expect(found).toEqual(full);
    }
  });

  it("is refused when it is damaged or something else", async () => {
    const bytes = gzipSync(await tar(full, ""));
    await expect(unpackSnapshot(bytes.subarray(0, bytes.length / 2))).rejects.toThrow(ArchiveError);
    await expect(unpackSnapshot(Buffer.alloc(5000, 65))).rejects.toThrow(ArchiveError);
    await expect(unpackSnapshot(Buffer.from("hello"))).rejects.toThrow(ArchiveError);
    expect(await unpackSnapshot(await tar(new Map([["README", "hello"]]), ""))).toEqual(new Map());
  });
});

describe("single files", () => {
  const links = parseLinks(recorded("ip-link.json"), "l").value;
  const routes = parseRoutes("default dev a", "r", 4).value;

  it("make a host of one namespace", () => {
    const host = buildHost({ routes, addressesKnown: false }, "host");
    expect([...host.namespaces]).toEqual([["host", { name: "host", addressesKnown: false, routes }]]);
  });

  it("take the place of what a snapshot says of that namespace, and of nothing else", () => {
    const snapshot = readSnapshot(full, "s").value;
    const host = overrideHost(snapshot, { routes, devices: links, addressesKnown: false }, "host");
    const after = host.namespaces.get("host");
    const before = snapshot.namespaces.get("host");
    expect(after?.routes).toBe(routes);
    expect(after?.policyRules).toBe(before?.policyRules);
    // Links without addresses do not take those away that the snapshot has.
    expect(after).toMatchObject({ addressesKnown: true, devices: links.map(({ index }) => ({ index })) });
    expect(after?.devices?.map(({ addresses }) => addresses)).toEqual(before?.devices?.map(({ addresses }) => addresses));
    expect(host.namespaces.get("web")).toBe(snapshot.namespaces.get("web"));
    expect(host.hostname).toBe("gw");
  });
});
