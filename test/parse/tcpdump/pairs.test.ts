import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Frame, type Packet, PROTOCOL, type Transport } from "../../../src/model/packet.ts";
import { readTcpdump, type TextBatch } from "../../../src/parse/tcpdump/text.ts";
import { readCapture } from "../../../src/wire/capture.ts";

const recording = (name: string) => new Uint8Array(readFileSync(new URL(`../../recordings/tcpdump/${name}`, import.meta.url)));

async function* cut(octets: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function captured(name: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const batch of readCapture(name, cut(recording(`${name}.pcap`), 1 << 20))) frames.push(...batch.frames);
  return frames;
}

async function told(name: string, size = 1 << 20): Promise<Pick<TextBatch, "frames" | "problems">> {
  const [frames, problems] = [[] as Frame[], [] as TextBatch["problems"][number][]];
  for await (const batch of readTcpdump(name, cut(recording(`${name}.txt`), size))) {
    frames.push(...batch.frames);
    problems.push(...batch.problems);
  }
  return { frames, problems };
}

/** What a line shows of a transport header. */
function shown(transport: Transport | undefined, untold: ReadonlySet<string>): object {
  if (!transport) return {};
  if (transport.kind === "icmp") return { ...transport, quoted: undefined };
  if (transport.kind === "tcp" && untold.has("text-tcp")) return { sport: transport.sport, dport: transport.dport };
  return transport.kind === "udp" && untold.has("text-length") ? { ...transport, length: undefined } : transport;
}

function header({ payload: _payload, transport, checksum: _checksum, extensionOctets: _octets, ...rest }: Packet): object {
  const isError = transport?.kind === "icmp" && transport.quoted !== undefined;
  const shorter = isError
    ? { ...transport, quoted: transport.quoted && rest.family === 4 ? header(transport.quoted) : undefined }
    : transport;
  return { ...rest, transport: shorter };
}

function place({ packet, interfaceName: _name, type, srcMac, dstMac, vlans, length }: Frame): unknown {
  return { type, srcMac, dstMac, vlans, length, src: packet?.src };
}

const CAPTURES = ["ethernet", "any"] as const;

describe.each(CAPTURES)("the text of the capture %s", (name) => {
  it.each(["default", "n", "e", "v", "number", "q", "x", "xx", "A"])("tells with the flags of %s the same packets", async (flags) => {
    const capture = await captured(name);
    const { frames, problems } = await told(`${name}.${flags}`);
    expect(problems).toEqual([]);
    expect(frames.length).toBe(["x", "xx", "A"].includes(flags) ? 30 : capture.length);
    for (const [index, { number, packet, assumptions }] of frames.entries()) {
      const wanted = capture[index]?.packet;
      const untold = new Set(assumptions?.map(({ id }) => id));
      const facts = (one: Packet | undefined) => {
        if (!one) return { number };
        const { src, dst, protocol, length, fragment, transport } = one;
        const isLater = (fragment?.offset ?? 0) > 0;
        const size =
          untold.has("text-length") || untold.has("text-tcp") || ((wanted?.fragment || wanted?.ipOptions) && untold.has("text-header"))
            ? {}
            : { length };
        return { number, src, dst, protocol, isLater, ...size, ...(isLater ? {} : shown(transport, untold)) };
      };
      expect(facts(packet)).toEqual(facts(wanted));
    }
  });

  it("tells with -v all of the headers", async () => {
    const capture = await captured(name);
    const { frames } = await told(`${name}.v`);
    for (const [index, { packet, number }] of frames.entries()) {
      const wanted = capture[index]?.packet;
      expect({ number, ...(packet && header(packet)) }).toEqual({ number, ...(wanted && header(wanted)) });
    }
  });

  it("tells with -vv what checksums are", async () => {
    const capture = await captured(name);
    const { frames } = await told(`${name}.number`);
    for (const [index, { number, packet }] of frames.entries()) {
      const wanted = capture[index]?.packet;
      // Of ICMP only wrong ones are told, and of what was not captured nothing.
      if (wanted?.checksum !== "unseen" && wanted?.protocol !== PROTOCOL.icmp)
        expect({ number, is: packet?.checksum }).toEqual({ number, is: wanted?.checksum });
    }
  });

  it("tells with -e where frames were seen, from whom and to whom", async () => {
    const capture = await captured(name);
    const { frames } = await told(`${name}.e`);
    expect(frames.map(place)).toEqual(capture.map(place));
    expect(frames.map(({ time }) => time)).toEqual(capture.map(({ time }) => time));
  });

  it("tells with -x all octets", async () => {
    const capture = await captured(name);
    const { frames } = await told(`${name}.x`);
    expect(frames.map(({ packet }) => packet)).toEqual(capture.slice(0, 30).map(({ packet }) => packet));
    expect(frames.filter(({ assumptions }) => assumptions)).toEqual([]);
  });

  it("tells with -xx whole frames", async () => {
    const capture = (await captured(name)).slice(0, 30);
    const { frames } = await told(`${name}.xx`);
    for (const [index, { interfaceName: _name, ...frame }] of frames.entries()) if (frame.packet) expect(frame).toEqual(capture[index]);
  });

  it("tells the same however it is cut", async () => {
    const { frames } = await told(`${name}.number`);
    for (const size of [1, 7, 4096]) expect((await told(`${name}.number`, size)).frames).toEqual(frames);
  });

  it.each([
    ["n", 0n],
    ["number", 1n],
    ["x", 1n],
  ])("counts times of %s as the capture does", async (flags, scale) => {
    const capture = await captured(name);
    const { frames } = await told(`${name}.${flags}`);
    const start = capture[0]?.time ?? 0n;
    expect(frames.map(({ time }) => time)).toEqual(capture.slice(0, frames.length).map(({ time }) => (time - start) * scale));
  });
});
