import { type Decision, DRAWN_PORT, type PacketTrace, type Way } from "../model/trace.ts";
import { readCondition, WOULD_TELL } from "./open-condition.ts";
import { list, sentence } from "./words.ts";

const MOST_CHOICES = 4;

/** Choices that rules and snapshot leave open, and what told them: "One of 10.0.0.2:80, 10.0.0.3:80; seen going to 10.0.0.3:80 on eth1 (packet 2)". */
export function decisionSentences(trace: PacketTrace): readonly string[] {
  return trace.decided.map((decision) => (decision.what === "way" ? wayWords(decision) : endpointWords(decision)));
}

function endpointWords(decision: Decision): string {
  const { what, choices, chosen, by } = decision;
  const drawn = choices.length === 1 ? /:(\d+)-(\d+)$/.exec(choices[0] ?? "") : undefined;
  const which = what === "source" ? "As one of" : "One of";
  const open = drawn ? `${sentence(what)} port drawn from ${drawn[1]} to ${drawn[2]}` : `${which} ${shortList(choices)}`;
  if (by === "listed") return `${open}; conntrack -L has ${chosen}`;
  if (by === "answered") return `${open}; the answer came ${what === "source" ? "to" : "from"} ${chosen} (${packetWords(decision)})`;
  return `${open}; seen ${what === "source" ? "coming from" : "going to"} ${chosen}${placeWords(decision)}`;
}

function wayWords(decision: Decision): string {
  const unknown = new Set(decision.choices.flatMap((choice) => choice.split("; ").map((words) => readCondition(words).unknown)));
  const chosen = decision.chosen.split("; ").map((words) => readCondition(words).text);
  const proof = { seen: `seen${placeWords(decision)}`, answered: `answered by ${packetWords(decision)}`, listed: "in conntrack -L" }[
    decision.by
  ];
  return `Open by the rules alone (${list([...unknown], "and")}); ${proof}, so ${list(chosen)}`;
}

function placeWords(decision: Decision): string {
  const { interface: device } = decision;
  return `${device === undefined ? "" : ` on ${device}`} (${packetWords(decision)})`;
}

function packetWords({ packet, capture }: Decision): string {
  return `packet ${packet}${capture === undefined ? "" : ` of ${capture}`}`;
}

function shortList(choices: readonly string[]): string {
  const more = choices.length - MOST_CHOICES;
  return `${choices.slice(0, MOST_CHOICES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What would have told a port that was drawn at random and that nothing shows. */
export function undeterminedSentences(way: Way): readonly string[] {
  const sides = [
    ...(way.nat.src?.to.includes(DRAWN_PORT) ? ["source"] : []),
    ...(way.nat.dst?.to.includes(DRAWN_PORT) ? ["destination"] : []),
  ];
  if (sides.length === 0) return [];
  return [`Its ${list(sides)} port is undetermined, since the kernel draws it. ${WOULD_TELL}`];
}
