import type { Command, Option } from "commander";

export interface CompletionWord {
  readonly word: string;
  readonly description: string;
}

export interface CompletionOption extends CompletionWord {
  /** What follows the option: nothing, the name of a file, one of these words, or any other text. */
  readonly value: "none" | "file" | "text" | readonly string[];
}

/** A command, and what may follow it. */
export interface CompletionCommand {
  /** Names of the command and of those that contain it, without the program; empty for the program itself. */
  readonly path: readonly string[];
  /** Commands and fixed arguments. */
  readonly words: readonly CompletionWord[];
  readonly options: readonly CompletionOption[];
}

const help: CompletionOption = { word: "--help", description: "display help for command", value: "none" };

/** Lists a program and all its commands. Reads names, descriptions and choices, never defaults: these may be secrets. */
export function completionCommands(command: Command, path: readonly string[] = []): CompletionCommand[] {
  const commands = command.commands.map((one) => ({ word: one.name(), description: one.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return [
    {
      path,
      words: [...commands, ...choices.map((word) => ({ word, description: "" }))],
      options: [...command.options.map(optionOf), help],
    },
    ...command.commands.flatMap((one) => completionCommands(one, [...path, one.name()])),
  ];
}

const optionOf = (option: Option): CompletionOption => ({
  word: option.long ?? option.flags,
  description: option.description,
  value: valueOf(option),
});

function valueOf({ flags, required, optional, argChoices }: Option): CompletionOption["value"] {
  if (!required && !optional) return "none";
  return argChoices ?? (flags.includes("<file>") ? "file" : "text");
}
