import type { ExtensionPlan, HeaderPlan, Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { drawTos } from "../settings.ts";

const ROUTER_ALERT = "05020000";
/** Options by what their two highest bits ask for where they are not known: to skip them, to discard, to discard and answer, the same but not for groups. */
const OPTIONS = [
  ROUTER_ALERT,
  ROUTER_ALERT,
  "0100",
  "01020000",
  "0104000000ff",
  "00",
  "1e021234",
  "5e021234",
  "9e021234",
  "de021234",
  "040104",
  "c20400010000",
  "c20400000040",
  "c91020010db8000100000000000000000010",
  "310a0000000000000000000000",
  "1eff",
];
/** Type and segments left, and what follows; what becomes of type 2 without segments left hangs on how the kernel was built (CONFIG_IPV6_MIP6). */
const ROUTES = [
  "000000000000",
  "000100000000",
  "000100000000 20010db8000200000000000000000010",
  "020100000000 20010db8000200000000000000000010",
  "040000000000 20010db8000200000000000000000010",
  "040100000000 20010db8000200000000000000000010",
  "fd0000000000",
  "fd0100000000",
].map((text) => text.replace(" ", ""));

function drawOptions6(dice: Dice): string {
  const count = dice.weighted([2, 0], [5, 1], [2, 2], [1, 3]);
  const text = Array.from({ length: count }, () => dice.pick(OPTIONS)).join("");
  // Filled up to eight octets by one option: zeros alone would be as many options of one octet.
  const missing = (8 - ((text.length / 2 + 2) % 8)) % 8;
  return missing < 2 || dice.chance(6) ? text : `${text}01${(missing - 2).toString(16).padStart(2, "0")}${"00".repeat(missing - 2)}`;
}

function drawExtension(dice: Dice): ExtensionPlan {
  const header = dice.weighted(
    [4, "hop-by-hop" as const],
    [4, "destination" as const],
    [3, "routing" as const],
    [4, "atomic" as const],
    [1, "ah" as const],
  );
  const wrong = dice.chance(20) ? { lengthOctet: dice.pick([0, 1, 7, 31, 255]) } : {};
  switch (header) {
    case "hop-by-hop":
    case "destination":
      return { header, data: drawOptions6(dice), ...wrong };
    case "routing":
      return { header, data: dice.pick(ROUTES), ...wrong };
    default:
      return { header, data: "" };
  }
}

const PLACE = ["hop-by-hop", "destination", "routing", "atomic", "ah"];

/** Extension headers, mostly in the order in which they should come (RFC 8200 section 4.1). */
function drawExtensions(dice: Dice): ExtensionPlan[] {
  const drawn = Array.from({ length: dice.weighted([6, 1], [3, 2], [1, 3]) }, () => drawExtension(dice));
  return dice.chance(3) ? drawn : drawn.sort((a, b) => PLACE.indexOf(a.header) - PLACE.indexOf(b.header));
}

/** What a header of IPv6 has beside the addresses. */
export function drawHeader6(dice: Dice, _topology: Topology): HeaderPlan {
  const base = {
    ttl: dice.weighted([12, 64], [2, dice.integer(2, 5)], [1, 1], [1, 255], [1, 0]),
    tos: drawTos(dice),
    id: dice.integer(1, 65535),
    df: false,
  };
  const damage = dice.chance(40) ? dice.pick(["checksum", "checksum", "length", "transport-length", "no-checksum"] as const) : undefined;
  const extensions = dice.chance(8) ? drawExtensions(dice) : undefined;
  return {
    ...base,
    ...(damage !== undefined && { damage }),
    ...(extensions && { extensions }),
    ...(dice.chance(15) && {
      // The smallest holds a header without much more.
      fragments: {
        mtu: dice.pick(extensions === undefined ? [64, 104, 576, 1280] : [200, 576, 1280]),
        order: dice.pick([[0, 1, 2, 3], [1, 0], [2, 1, 0], [0, 2], [0, 0, 1], [0]]),
      },
    }),
    ...(dice.chance(25) && { dstMac: dice.pick(["other", "broadcast", "link", "single"] as const) }),
  };
}
