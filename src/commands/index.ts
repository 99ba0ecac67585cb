import type { Command } from "@oclif/core";
import Explain from "./explain.ts";
import PacketCommand from "./packet.ts";
import Packets from "./packets.ts";
import Parse from "./parse.ts";

/** Every command by its name. */
export const COMMANDS: Record<string, Command.Class> = { explain: Explain, packet: PacketCommand, packets: Packets, parse: Parse };
