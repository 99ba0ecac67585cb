import { parseAddress } from "../model/address.ts";
import { splitEndpoint } from "../model/endpoint.ts";
import { type Packet, TCP_FLAG, type Transport } from "../model/packet.ts";
import type { Changes, CtState, PacketTrace, Step, Way } from "../model/trace.ts";

/** The packet and what the kernel knows of it when it gets to a step. */
export interface PacketState {
  readonly packet: Packet;
  readonly mark: number;
  readonly ctState?: CtState;
}

/** The packet as it was before each step of a way; one entry more than there are steps, the last being how it ended. */
export function packetAlong(trace: PacketTrace, way: Way): readonly PacketState[] {
  let state: PacketState = { packet: trace.packet, mark: 0 };
  let netns = trace.netns;
  const states: PacketState[] = [];
  for (const step of way.steps) {
    if (step.netns !== netns) {
      netns = step.netns;
      state = { packet: state.packet, mark: 0 };
    }
    if ("mark" in step && step.mark !== undefined) state = { ...state, mark: step.mark };
    states.push(state);
    state = after(state, step);
  }
  states.push(state);
  return states;
}

function after(state: PacketState, step: Step): PacketState {
  switch (step.kind) {
    case "rule":
      return step.set ? change(state, step.set) : state;
    case "conntrack":
      return { ...state, ctState: step.state };
    case "nat":
      return { ...state, packet: translate(state.packet, step.manip, step.to) };
    case "route":
      // ip_forward.c, ip_forward: the TTL is taken down between routing and the FORWARD hook.
      return step.stage === "input" && step.type === "unicast" && step.out !== undefined
        ? { ...state, packet: { ...state.packet, ttl: Math.max(0, state.packet.ttl - 1) } }
        : state;
    default:
      return state;
  }
}

function change(state: PacketState, set: Changes): PacketState {
  let packet = state.packet;
  const src = address(set["src"]);
  const dst = address(set["dst"]);
  if (src !== undefined) packet = { ...packet, src };
  if (dst !== undefined) packet = { ...packet, dst };
  packet = withPorts(packet, number(set["sport"]), number(set["dport"]));
  const ttl = number(set["ttl"]);
  const tos = number(set["tos"]);
  if (ttl !== undefined) packet = { ...packet, ttl };
  if (tos !== undefined) packet = { ...packet, tos };
  packet = withFlags(packet, set["flags"]);
  return { ...state, packet, mark: number(set["mark"]) ?? state.mark };
}

function withFlags(packet: Packet, names: string | number | undefined): Packet {
  if (typeof names !== "string" || packet.transport?.kind !== "tcp") return packet;
  const set = names.split(",");
  const flags = Object.entries(TCP_FLAG).reduce((bits, [name, bit]) => (set.includes(name) ? bits | bit : bits), 0);
  return { ...packet, transport: { ...packet.transport, flags } };
}

function address(value: string | number | undefined): Packet["src"] | undefined {
  return typeof value === "string" ? parseAddress(value) : undefined;
}

function number(value: string | number | undefined): number | undefined {
  if (typeof value === "number") return value;
  const read = value === undefined ? Number.NaN : Number(value);
  return Number.isNaN(read) ? undefined : read;
}

function translate(packet: Packet, manip: "src" | "dst", to: string): Packet {
  const { host, port } = splitEndpoint(to);
  const value = parseAddress(host);
  if (value === undefined) return packet;
  return manip === "src" ? withPorts({ ...packet, src: value }, port, undefined) : withPorts({ ...packet, dst: value }, undefined, port);
}

function withPorts(packet: Packet, sport: number | undefined, dport: number | undefined): Packet {
  const transport = packet.transport;
  if (!transport || !("sport" in transport) || (sport === undefined && dport === undefined)) return packet;
  const changed: Transport = { ...transport, sport: sport ?? transport.sport, dport: dport ?? transport.dport };
  return { ...packet, transport: changed };
}
