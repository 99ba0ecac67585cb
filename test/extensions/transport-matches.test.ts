import { describe, expect, it } from "vitest";
import { context, laterFragment, packet, short, tcp, uncaptured } from "./context.ts";
import { ask } from "./rule-words.ts";

const legacy = (about: ReturnType<typeof packet>) => context({ packet: about });
const nft = (about: ReturnType<typeof packet>) => context({ packet: about, backend: "nft" });
const needsHeader = { unknown: "the transport header, which was not captured" };

describe("tcp", () => {
  it("compares ports, also negated", () => {
    expect(ask("-m tcp --dport 80", legacy(tcp()))).toBe(true);
    expect(ask("-m tcp --dport 81:90", legacy(tcp()))).toBe(false);
    expect(ask("-m tcp ! --dport 80", legacy(tcp()))).toBe(false);
    expect(ask("-m tcp --sport 1000 ! --dport 81", legacy(tcp()))).toBe(true);
  });

  it("looks only at the flags of the mask", () => {
    const synAck = legacy(tcp({ flags: 0x12 }));
    expect(ask("-m tcp --syn", legacy(tcp({ flags: 0xc2 })))).toBe(true);
    expect(ask("-m tcp --syn", synAck)).toBe(false);
    expect(ask("-m tcp ! --syn", synAck)).toBe(true);
    expect(ask("-m tcp --tcp-flags ALL NONE", legacy(tcp({ flags: 0 })))).toBe(true);
  });

  it("finds an option, or says that the options were not captured", () => {
    const options = [{ kind: 2, data: Uint8Array.of(5, 0xb4) }];
    const whole = tcp({ headerLength: 24, options });
    expect(ask("-m tcp --tcp-option 2", legacy(whole))).toBe(true);
    expect(ask("-m tcp ! --tcp-option 2", legacy(whole))).toBe(false);
    expect(ask("-m tcp --tcp-option 8", legacy({ ...whole, payload: new Uint8Array(22) }))).toMatchObject({
      unknown: expect.stringContaining("options"),
    });
  });

  it("drops a header that is too short, and a fragment that would overwrite the flags", () => {
    expect(ask("-m tcp --dport 80", legacy(short(6, [1, 2, 0, 80])))).toBe("hotdrop");
    expect(ask("-m tcp --dport 80", legacy(laterFragment(6, 8)))).toBe("hotdrop");
    expect(ask("-m tcp --dport 80", legacy(laterFragment(6)))).toBe(false);
  });

  it("with nft compares what is there and never drops, unless there is nothing to compare", () => {
    expect(ask("-m tcp --dport 80", nft(short(6, [1, 2, 0, 80])))).toBe(true);
    expect(ask("-m tcp --dport 80", nft(short(6, [1, 2])))).toBe(false);
    expect(ask("-m tcp --dport 80", nft(laterFragment(6, 8)))).toBe(false);
    expect(ask("-m tcp --syn", nft(short(6, [1, 2, 0, 80])))).toBe(false);
    expect(ask("-m tcp", nft(laterFragment(6)))).toBe(false);
    expect(ask("-m tcp --sport 0:65535", nft(short(6, [1, 2, 0, 80])))).toBe("hotdrop");
    expect(ask("-m udp", nft(short(17, [1, 2, 0, 80])))).toBe("hotdrop");
    const data = { ...laterFragment(6), payload: new Uint8Array(14).fill(0x78), length: 34 };
    expect(ask("-m tcp --dport 30840", nft(data))).toBe(true);
    expect(ask("-m tcp ! --tcp-flags ACK ACK", nft(data))).toBe(false);
  });

  it("does not guess what was not captured", () => {
    expect(ask("-m tcp --dport 80", legacy(uncaptured(6)))).toEqual(needsHeader);
    const portsOnly = { ...uncaptured(6), payload: Uint8Array.of(3, 232, 0, 80) };
    expect(ask("-m tcp --dport 80", legacy(portsOnly))).toBe(true);
    expect(ask("-m tcp --dport 81 --syn", legacy(portsOnly))).toBe(false);
    expect(ask("-m tcp --dport 80 --syn", legacy(portsOnly))).toEqual(needsHeader);
  });
});

describe("udp", () => {
  it("compares ports", () => {
    expect(ask("-m udp --dport 53", legacy(packet()))).toBe(true);
    expect(ask("-m udp --sport 53", legacy(packet()))).toBe(false);
    expect(ask("-m udp --dport 60:50", legacy(packet()))).toBe(false);
  });

  it("drops a header that is too short, which nft does not", () => {
    expect(ask("-m udp --dport 53", legacy(short(17, [0, 1, 0, 53, 0])))).toBe("hotdrop");
    expect(ask("-m udp --dport 53", nft(short(17, [0, 1, 0])))).toBe(false);
    expect(ask("-m udp --dport 53", legacy(uncaptured(17)))).toEqual(needsHeader);
  });
});

describe("multiport", () => {
  it("takes either port for --ports", () => {
    expect(ask("-m multiport --ports 22,1000", legacy(packet()))).toBe(true);
    expect(ask("-m multiport --dports 22,1000", legacy(packet()))).toBe(false);
    expect(ask("-m multiport ! --sports 1:9", legacy(packet()))).toBe(true);
  });

  it("counts both ends as part of a range", () => {
    expect(ask("-m multiport --dports 40:53", legacy(packet()))).toBe(true);
    expect(ask("-m multiport --dports 53:60", legacy(packet()))).toBe(true);
    expect(ask("-m multiport --dports 40:52,54:60", legacy(packet()))).toBe(false);
  });

  it("needs four octets, and drops with both backends where they are not there", () => {
    expect(ask("-m multiport --dports 53", legacy(short(17, [0, 1, 0, 53])))).toBe(true);
    expect(ask("-m multiport --dports 53", nft(short(17, [0, 1, 0])))).toBe("hotdrop");
    expect(ask("-m multiport ! --dports 53", legacy(laterFragment(17)))).toBe(false);
  });

  it("refuses more than fifteen ports, of which a range takes two", () => {
    expect(() => ask("-m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", legacy(packet()))).toThrow(/expected up to 15/);
    expect(() => ask("-m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15:16", legacy(packet()))).toThrow(/expected/);
  });
});

describe("icmp", () => {
  const unreachable = packet({ protocol: 1, transport: { kind: "icmp", type: 3, code: 1 } });

  it("compares type and code; type 255 is any", () => {
    expect(ask("-m icmp --icmp-type 3", legacy(unreachable))).toBe(true);
    expect(ask("-m icmp --icmp-type host-unreachable", legacy(unreachable))).toBe(true);
    expect(ask("-m icmp ! --icmp-type 3/3", legacy(unreachable))).toBe(true);
    expect(ask("-m icmp --icmp-type any", legacy(unreachable))).toBe(true);
    expect(ask("-m icmp --icmp-type any", legacy(laterFragment(1)))).toBe(false);
    expect(ask("-m icmp --icmp-type 8", legacy(short(1, [8, 0])))).toBe("hotdrop");
  });
});

describe("sctp", () => {
  const chunks = (...octets: number[]) =>
    packet({
      protocol: 132,
      length: 32 + octets.length,
      transport: { kind: "sctp", sport: 1, dport: 2, tag: 0, chunks: [] },
      payload: Uint8Array.from([0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, ...octets]),
    });
  const dataAndSack = chunks(0, 3, 0, 6, 1, 1, 0, 0, 3, 0, 0, 4);

  it("asks for all, any or only those chunks", () => {
    expect(ask("-m sctp --chunk-types all DATA,SACK", legacy(dataAndSack))).toBe(true);
    expect(ask("-m sctp --chunk-types all DATA,INIT", legacy(dataAndSack))).toBe(false);
    expect(ask("-m sctp --chunk-types any INIT,SACK", legacy(dataAndSack))).toBe(true);
    expect(ask("-m sctp --chunk-types only DATA", legacy(dataAndSack))).toBe(false);
    expect(ask("-m sctp ! --chunk-types only DATA", legacy(dataAndSack))).toBe(true);
  });

  it("asks for flags of a chunk", () => {
    expect(ask("-m sctp --chunk-types any DATA:BE", legacy(dataAndSack))).toBe(true);
    expect(ask("-m sctp --chunk-types any DATA:bE", legacy(dataAndSack))).toBe(false);
  });

  it("drops a chunk of no length", () => {
    expect(ask("-m sctp --chunk-types any INIT", legacy(chunks(0, 0, 0, 0)))).toBe("hotdrop");
  });
});

describe("tcpmss, esp and string", () => {
  it("reads the announced size", () => {
    const syn = legacy(tcp({ headerLength: 24, options: [{ kind: 2, data: Uint8Array.of(5, 0xb4) }] }));
    expect(ask("-m tcpmss --mss 1400:1460", syn)).toBe(true);
    expect(ask("-m tcpmss --mss 1400", legacy(tcp()))).toBe(false);
    expect(ask("-m tcpmss ! --mss 1400", legacy(tcp()))).toBe(true);
  });

  it("reads a security parameter index", () => {
    const esp = legacy(packet({ protocol: 50, transport: { kind: "spi", spi: 300 } }));
    expect(ask("-m esp --espspi 256:512", esp)).toBe(true);
    expect(ask("-m esp ! --espspi 300", esp)).toBe(false);
  });

  it("searches the whole packet from the IP header on", () => {
    const data = Uint8Array.from([...new Uint8Array(8), ...Buffer.from("GET /attack")]);
    const about = legacy(packet({ length: 39, payload: data }));
    expect(ask('-m string --string "GET" --algo bm', about)).toBe(true);
    expect(ask('-m string --string "get" --algo bm', about)).toBe(false);
    expect(ask('-m string --string "get" --algo bm --icase', about)).toBe(true);
    expect(ask('-m string --string "GET" --algo kmp --from 28 --to 30', about)).toBe(false);
    expect(ask('-m string --string "GET" --algo kmp --from 28 --to 31', about)).toBe(true);
    expect(ask('-m string ! --string "nettrace" --algo kmp', about)).toBe(true);
    expect(ask('-m string --hex-string "|0a000001 0a000002|" --algo kmp', about)).toBe(true);
  });

  it("does not guess about data that was not captured", () => {
    const cut = legacy(packet({ length: 500, payload: new Uint8Array(20) }));
    expect(ask('-m string --string "GET" --algo bm', cut)).toMatchObject({ unknown: expect.stringContaining("not captured") });
    expect(ask('-m string --string "GET" --algo bm --to 40', cut)).toBe(false);
  });
});

describe("two ports that are not to be met, with iptables-nft", () => {
  it("are compared as one number: one that is met alone does not count", () => {
    const rule = "-m tcp ! --sport 80 ! --dport 80";
    expect(ask(rule, nft(tcp({ sport: 4000, dport: 80 })))).toBe(true);
    expect(ask(rule, nft(tcp({ sport: 80, dport: 80 })))).toBe(false);
    expect(ask(rule, legacy(tcp({ sport: 4000, dport: 80 })))).toBe(false);
  });
});
