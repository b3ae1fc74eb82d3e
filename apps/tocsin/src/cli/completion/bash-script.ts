import type { CompletionCommand } from "./completion-commands.ts";

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
      ${patterns(commands)}) at="$at \${COMP_WORDS[i]}" ;;
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

const atText = ({ path }: CompletionCommand): string => path.map((one) => ` ${one}`).join("");

const patterns = (commands: readonly CompletionCommand[]): string =>
  commands
    .filter(({ path }) => path.length > 0)
    .map((command) => `"${atText(command)}"`)
    .join(" | ");

const valueCases = (commands: readonly CompletionCommand[]): string =>
  commands
    .flatMap((command) =>
      command.options.flatMap(({ word, value }) => {
        if (value === "none") return [];
        const pattern = `    "${atText(command)} ${word}")`;
        if (value === "file") return `${pattern} compopt -o default 2>/dev/null; return ;;`;
        return value === "text" ? `${pattern} return ;;` : `${pattern} words="${value.join(" ")}" ;;`;
      }),
    )
    .join("\n");

const wordCase = (command: CompletionCommand): string =>
  `      "${atText(command)}") words="${[...command.words, ...command.options].map(({ word }) => word).join(" ")}" ;;`;
