import { FLAG } from "../codecs.ts";
import { invert } from "../condition.ts";
import { some } from "../draw.ts";
import { match, type PacketContext } from "../spec.ts";

/** ipt_rpfilter.c, rpfilter_mt: a source of 0.0.0.0 (DHCP) that goes to everybody or to 224.0.0.0/24 passes. */
function passesUnseen({ packet, in: device }: PacketContext): boolean {
  if (device === "lo") return true;
  if (typeof packet.src !== "number" || typeof packet.dst !== "number") return false;
  return packet.src === 0 && (packet.dst === 0xffffffff || packet.dst >>> 8 === 0xe00000);
}

const rpfilter = match({
  name: "rpfilter",
  tables: ["raw", "mangle"],
  hooks: ["PREROUTING"],
  options: {
    loose: { flag: "--loose", codec: FLAG },
    validMark: { flag: "--validmark", codec: FLAG },
    acceptLocal: { flag: "--accept-local", codec: FLAG },
    invert: { flag: "--invert", codec: FLAG },
  },
  explain: (args) => {
    const how = [args.loose && "on any device", args.validMark && "with its mark", args.acceptLocal && "local sources too"].filter(
      (word) => word,
    );
    return `${args.invert ? "no route" : "a route"} back to the source${how.length ? ` (${how.join(", ")})` : ""}`;
  },
  compile: (args) => (context) => {
    if (passesUnseen(context)) return args.invert === undefined;
    const asked = { loose: args.loose !== undefined, validMark: args.validMark !== undefined, acceptLocal: args.acceptLocal !== undefined };
    return invert(context.reversePath(asked), args.invert !== undefined);
  },
  draw: (d) => `-m rpfilter ${some(d, ["--loose", "--validmark", "--accept-local", "--invert"])}`,
  doc: "Whether an answer to the source would leave where the packet came in.",
  examples: [
    { rule: "-m rpfilter", says: "a route back to the source" },
    { rule: "-m rpfilter --invert --loose", saved: "-m rpfilter --loose --invert", says: "no route back to the source (on any device)" },
  ],
});

export const specs = [rpfilter];
