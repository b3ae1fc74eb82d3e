import type { Command } from "commander";
import { bashScript } from "./bash-script.ts";
import { fishScript } from "./fish-script.ts";
import { zshScript } from "./zsh-script.ts";
import { completionCommands } from "./completion-commands.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Returns a script for the shell that completes the commands and options of a program. */
export const completionScript = (shell: keyof typeof scripts, program: Command): string =>
  scripts[shell](program.name(), completionCommands(program));
