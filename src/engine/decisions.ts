import { formatEndpoint } from "../model/endpoint.ts";
import type { Packet } from "../model/packet.ts";
import { type Decision, DRAWN_PORT, type Way } from "../model/trace.ts";
import type { Course } from "./follow.ts";

/** What told an open choice. */
export type Source = Pick<Decision, "by" | "packet" | "capture" | "interface">;

const NONE: readonly never[] = [];

/** The choices that were open among the ways of a packet and are not among those that are left. */
export function decisionsOf(
  packet: Packet,
  explored: readonly Course[],
  left: readonly Course[],
  sources: readonly Source[],
): readonly Decision[] {
  const first = sources[0];
  const last = sources.at(-1);
  if (!first || !last) return NONE;
  const decisions: Decision[] = [];
  const decide = (what: Decision["what"], before: readonly string[], after: readonly string[], source: Source) => {
    const choices = [...new Set(before)];
    const [chosen, ...others] = new Set(after);
    const open = choices.length > 1 || choices.some((choice) => /:\d+-\d+$/.test(choice));
    if (open && chosen !== undefined && others.length === 0 && !chosen.includes(DRAWN_PORT))
      decisions.push({ what, choices, chosen, ...source });
  };
  decide(
    "destination",
    explored.map((course) => spanned(course, toOf(packet, course.way, "dst"))),
    left.map(({ way }) => toOf(packet, way, "dst")),
    first,
  );
  decide(
    "source",
    explored.map((course) => spanned(course, toOf(packet, course.way, "src"))),
    left.map(({ way }) => toOf(packet, way, "src")),
    last,
  );
  if (decisions.length === 0)
    decide(
      "way",
      explored.map(({ way }) => way.conditions.join("; ")),
      left.map(({ way }) => way.conditions.join("; ")),
      first,
    );
  return decisions;
}

/** An endpoint with the span of its port where that was drawn. */
function spanned({ opened }: Course, text: string): string {
  const drawn = opened.find((one) => one.drawn)?.drawn;
  return drawn ? text.replace(DRAWN_PORT, `${drawn.min}-${drawn.max}`) : text;
}

function toOf(packet: Packet, way: Way, which: "src" | "dst"): string {
  const transport = packet.transport;
  const port = transport && "sport" in transport ? transport[which === "src" ? "sport" : "dport"] : undefined;
  return way.nat[which]?.to ?? formatEndpoint(packet[which], port);
}
