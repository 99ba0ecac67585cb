import type { FrameType } from "../../model/packet.ts";
import { word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

const NAMES: Readonly<Record<string, FrameType>> = {
  unicast: "host",
  broadcast: "broadcast",
  multicast: "multicast",
  host: "host",
  bcast: "broadcast",
  mcast: "multicast",
};

function save(type: FrameType): string {
  return type === "host" ? "unicast" : type;
}

/** xt_pkttype.c, pkttype_mt. */
const pkttype = match({
  name: "pkttype",
  options: {
    type: {
      flag: "--pkt-type",
      codec: word("unicast, broadcast or multicast", (text): FrameType | undefined => NAMES[text.toLowerCase()], save),
      negatable: true,
      required: true,
    },
  },
  explain: (args) => says(args.type, (type) => `${save(type)} frame`).join(""),
  reads: () => "nothing",
  compile: (args) => (context) => holds(args.type, (type) => context.frameType === type),
  draw: (d) => `-m pkttype ${not(d)}--pkt-type ${d.pick(["unicast", "unicast", "broadcast", "multicast"])}`,
  doc: "Whether the frame was addressed to this host, to all or to a group.",
  examples: [
    { rule: "-m pkttype --pkt-type bcast", saved: "-m pkttype --pkt-type broadcast", says: "broadcast frame" },
    { rule: "-m pkttype ! --pkt-type unicast", says: "not unicast frame" },
  ],
});

export const specs = [pkttype];
