import type { CompletionCommand, CompletionWord } from "./completion-commands.ts";
import { pathText, shellCases } from "./shell-cases.ts";

export const zshScript = (name: string, commands: readonly CompletionCommand[]): string =>
  `#compdef ${name}
# zsh completion for ${name}: source this script, or install it as _${name} in a directory of $fpath
_${name}() {
  local at= i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${shellCases.commands(commands)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT - 1]}" in
${valueCases(commands)}
  esac
  case "$at" in
${commands.map(wordCase).join("\n")}
  esac
  _describe -V '${name}' found
}
if [[ "\${funcstack[1]}" = _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;

const valueCases = (commands: readonly CompletionCommand[]): string =>
  shellCases.values(commands, (value) =>
    value === "file" ? "_files; return" : `compadd -- ${value.join(" ")}; return`,
  );

const wordCase = (command: CompletionCommand): string =>
  `    "${pathText(command)}") found=(${[...command.words, ...command.options].map(described).join(" ")}) ;;`;

/** A word and its description, separated by a colon. */
const described = ({ word, description }: CompletionWord): string =>
  `'${`${word}:${description.replaceAll(/[\\:]/g, "\\$&")}`.replaceAll("'", String.raw`'\''`)}'`;
