import { CommandHelp, Help } from "@oclif/core";

/** Help of a command with its examples first: what a reader wants is a line to paste. */
class ExamplesFirst extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp["sections"]> {
    const sections = super.sections();
    const examples = sections.filter(({ header }) => header === "EXAMPLES");
    return [...examples, ...sections.filter(({ header }) => header !== "EXAMPLES")];
  }

  protected override groupFlags(flags: Parameters<CommandHelp["groupFlags"]>[0]): ReturnType<CommandHelp["groupFlags"]> {
    const { flagGroups, mainFlags } = super.groupFlags(flags);
    const sorted = Object.entries(flagGroups).sort(([a], [b]) => GROUPS.indexOf(a) - GROUPS.indexOf(b));
    return { mainFlags, flagGroups: Object.fromEntries(sorted) };
  }

  /** The summary stands at the top already. */
  protected override description(): string | undefined {
    return this.command.description === undefined ? undefined : this.wrap(this.command.description);
  }
}

/** Groups of flags in the order in which a reader needs them. */
const GROUPS = ["MACHINE", "FILTER", "OUTPUT"];

/** The help of nettrace. */
export default class NettraceHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst;
}
