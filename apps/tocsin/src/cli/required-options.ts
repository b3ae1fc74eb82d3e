import type { Command } from "commander";
import { exitCode } from "./exit-code.ts";

/** Marks a required option in the help. */
export const requiredText = (text: string): string => `required: ${text}`;

/** Adds options that the command requires, by their flags. */
export function withRequiredOptions(command: Command, options: Readonly<Record<string, string>>): Command {
  const names = Object.entries(options).map(([flags, text]) => {
    command.option(flags, requiredText(text));
    return command.options.at(-1)?.attributeName() ?? flags;
  });
  return command.hook("preAction", () => refuseIncomplete(command, names));
}

/** Reports all missing options at once, so that one correction is enough. */
export function refuseIncomplete(command: Command, names: readonly string[]): void {
  const given = command.opts<Readonly<Record<string, unknown>>>();
  const missing = names
    .filter((name) => given[name] === undefined || given[name] === "")
    .map((name) => command.options.find((option) => option.attributeName() === name)?.long);
  if (missing.length > 0)
    command.error(`error: missing required options: ${missing.join(", ")}`, { exitCode: exitCode.usage });
}
