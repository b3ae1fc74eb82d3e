import type { CompletionCommand } from "./completion-commands.ts";
import { pathText, shellCases } from "./shell-cases.ts";

/** Works from bash 3.2 on, which macOS has. There, names of files are not completed. */
export const bashScript = (name: string, commands: readonly CompletionCommand[]): string =>
  `# bash completion for ${name}: source this script, or install it as /etc/bash_completion.d/${name}
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} at= words= i
  COMPREPLY=()
  # Bash splits --option=value at the sign.
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${shellCases.commands(commands)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $previous" in
${valueCases(commands)}
  esac
  if [ -z "$words" ]; then
    case "$at" in
${commands.map(wordCase).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${name} ${name}
`;

const valueCases = (commands: readonly CompletionCommand[]): string =>
  shellCases.values(commands, (value) =>
    value === "file" ? "compopt -o default 2>/dev/null; return" : `words="${value.join(" ")}"`,
  );

const wordCase = (command: CompletionCommand): string =>
  `      "${pathText(command)}") words="${[...command.words, ...command.options].map(({ word }) => word).join(" ")}" ;;`;
