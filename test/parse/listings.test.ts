import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/model/address.ts";
import { parseIptablesList } from "../../src/parse/iptables-list.ts";
import { parseIpvsadmSave } from "../../src/parse/ipvsadm-save.ts";
import { places, recorded } from "./recording.ts";

describe("iptables -L", () => {
  it("has chains with their rules, with -nv --line-numbers or without", () => {
    const verbose = parseIptablesList(recorded("iptables-list.txt"), "f");
    expect(verbose.problems).toEqual([]);
    expect(verbose.value.map(({ name, policy, references, rules }) => [name, policy ?? references, rules.length])).toEqual([
      ["INPUT", "ACCEPT", 1],
      ["FORWARD", "ACCEPT", 0],
      ["OUTPUT", "ACCEPT", 0],
      ["F", 1, 4],
    ]);
    expect(verbose.value[3]?.rules[0]).toEqual({
      ...{ number: 1, packets: 0, bytes: 0, target: "ACCEPT", protocol: "6", options: "--", in: "lo", out: "*" },
      ...{ source: "0.0.0.0/0", destination: "0.0.0.0/0", rest: "tcp dpt:80" },
    });
    // No target: the columns move together.
    expect(verbose.value[3]?.rules[1]).toMatchObject({ protocol: "0", rest: "/* a 1.2.3.4 b */" });
    expect(verbose.value[3]?.rules[1]).not.toHaveProperty("target");
    expect(verbose.value[3]?.rules[3]).toMatchObject({ in: "!eth0", source: "!10.0.0.0/8", rest: 'LOG flags 0 level 4 prefix "x y "' });

    const plain = parseIptablesList(recorded("iptables-o-list.txt"), "f");
    expect(plain.problems).toEqual([]);
    expect(plain.value[3]?.rules[2]).toEqual({
      ...{ number: 3, target: "REJECT", protocol: "all", options: "-f", source: "10.0.0.0/8", destination: "anywhere" },
      rest: "reject-with icmp-port-unreachable",
    });
  });

  it("counts in thousands, and may have no options with IPv6", () => {
    const text =
      "Chain INPUT (policy DROP 12K packets, 3M bytes)\n pkts bytes target prot opt in out source destination\n  1K 20 ACCEPT tcp      *      *       ::/0                 fe80::/10\n";
    expect(parseIptablesList(text, "f")).toMatchObject({
      problems: [],
      value: [{ packets: 12_000, bytes: 3_000_000, rules: [{ packets: 1000, target: "ACCEPT", protocol: "tcp", options: "", in: "*" }] }],
    });
  });

  it("says where something else stands", () => {
    const text = "x\nChain A (1 references)\nnonsense\ntarget prot opt source destination\nACCEPT all\n";
    expect(places(parseIptablesList(text, "f").problems)).toEqual([
      'f:1:1+1 expected a chain (Chain INPUT (policy ACCEPT)), found "x"',
      'f:3:1+8 expected the headings of the columns (target, prot, opt, source, destination), found "nonsense"',
      "f:5:1+6 expected a rule: target, protocol, options, source and destination",
    ]);
  });
});

describe("ipvsadm-save", () => {
  it("has services with their servers", () => {
    const text = [
      "-A -t 10.0.0.1:http -s rr -p 300",
      "-a -t 10.0.0.1:http -r 192.168.0.2:80 -m -w 3 -x 10",
      "-A -f 1 -s wlc -o",
      "-a -f 1 -r [2001:db8::a]:0 -i -w 1 --tun-type gue --tun-nocsum",
    ].join("\n");
    expect(parseIpvsadmSave(text, "f")).toEqual({
      problems: [],
      value: [
        {
          ...{ protocol: "tcp", address: parseAddress("10.0.0.1"), port: 80, scheduler: "rr", options: { "-p": "300" } },
          servers: [{ address: parseAddress("192.168.0.2"), port: 80, method: "masquerade", weight: 3, options: { "-x": "10" } }],
        },
        {
          ...{ protocol: "fwmark", mark: 1, scheduler: "wlc", options: { "-o": "" } },
          servers: [
            {
              address: parseAddress("2001:db8::a"),
              port: 0,
              method: "tunnel",
              weight: 1,
              options: { "--tun-type": "gue", "--tun-nocsum": "" },
            },
          ],
        },
      ],
    });
  });

  it("says where something else stands", () => {
    const text =
      "-A -t x -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80\n-D -t 10.0.0.1:80\n-A -t 10.0.0.1:80 -z\n-A -f 1\n-A -f 1\n-A -s rr\n-a -f 1";
    expect(places(parseIpvsadmSave(text, "f").problems)).toEqual([
      'f:1:7+1 expected an address and a port (10.0.0.1:80), found "x"',
      "f:2:1+2 no such service is added before this line",
      'f:3:1+2 expected -A or -a, found "-D"',
      'f:4:19+2 expected an option of ipvsadm (-t, -u, -f, -s, -r, -m, -w …), found "-z"',
      "f:6:1+2 this service is given twice",
      "f:7:1+2 expected a service (-t, -u, --sctp-service or -f) after -A",
      "f:8:1+2 expected -r and a server in the line",
    ]);
  });
});
