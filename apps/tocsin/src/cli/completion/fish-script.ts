import type { CompletionCommand, CompletionOption, CompletionWord } from "./completion-commands.ts";

export const fishScript = (name: string, commands: readonly CompletionCommand[]): string =>
  `# fish completion for ${name}: install this script as ~/.config/fish/completions/${name}.fish
function __${name}_at
    set -l at
    for word in (commandline -opc)[2..]
        contains -- "$at $word" ${commands
          .filter(({ path }) => path.length > 0)
          .map(({ path }) => `'${[...(path.length === 1 ? [""] : []), ...path].join(" ")}'`)
          .join(" ")}
        and set -a at $word
    end
    test "$at" = "$argv"
end
complete -c ${name} -f
${commands.flatMap((command) => lines(name, command)).join("\n")}
`;

function lines(name: string, { path, words, options }: CompletionCommand): string[] {
  const start = `complete -c ${name} -n '__${name}_at ${path.join(" ")}'`;
  return [
    ...words.map((word) => `${start} -a ${word.word}${described(word)}`),
    ...options.map((option) => `${start} -l ${option.word.slice(2)}${flagsOf(option)}${described(option)}`),
  ];
}

function flagsOf({ value }: CompletionOption): string {
  if (value === "none") return "";
  if (value === "file") return " -r -F";
  return value === "text" ? " -x" : ` -x -a '${value.join(" ")}'`;
}

const described = ({ description }: CompletionWord): string =>
  description === "" ? "" : ` -d '${description.replaceAll(/[\\']/g, "\\$&")}'`;
