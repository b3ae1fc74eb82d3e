import type { CompletionCommand, CompletionOption } from "./completion-commands.ts";

/** The words of a command's path, each after a blank, as the scripts for bash and zsh collect them. */
export const pathText = ({ path }: CompletionCommand): string => path.map((one) => ` ${one}`).join("");

/** The parts of a `case` that bash and zsh write alike. */
export const shellCases = {
  /** One pattern that matches the path of each command. */
  commands: (commands: readonly CompletionCommand[]): string =>
    commands
      .filter(({ path }) => path.length > 0)
      .map((command) => `"${pathText(command)}"`)
      .join(" | "),

  /** A case for each option that takes a value. `actionFor` returns what the shell does for a file, or for one of these words. */
  values: (
    commands: readonly CompletionCommand[],
    actionFor: (value: Exclude<CompletionOption["value"], "none" | "text">) => string,
  ): string =>
    commands
      .flatMap((command) =>
        command.options.flatMap(({ word, value }) => {
          if (value === "none") return [];
          const pattern = `    "${pathText(command)} ${word}")`;
          return value === "text" ? `${pattern} return ;;` : `${pattern} ${actionFor(value)} ;;`;
        }),
      )
      .join("\n"),
};
