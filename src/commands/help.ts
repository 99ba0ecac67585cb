import { CommandHelp, Help } from "@oclif/core";

/** Help of a command with its examples first: what a reader wants is a line to paste. */
class ExamplesFirst extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp["sections"]> {
    const sections = super.sections();
    const examples = sections.filter(({ header }) => header === "EXAMPLES");
    return [...examples, ...sections.filter(({ header }) => header !== "EXAMPLES")];
  }
}

/** The help of nettrace. */
export default class NettraceHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst;
}
