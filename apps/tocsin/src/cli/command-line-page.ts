import type { Command, Option } from "commander";

/** Generates docs/cli.md from the descriptions that `--help` prints. */
export function commandLinePage(program: Command): string {
  return `${[intro, ...leavesOf(program).map(section)].join("\n\n")}\n`;
}

const intro = `# Command line

Generated from the commands by \`scripts/generate.ts\`. \`tocsin COMMAND --help\` prints the same.

\`tocsin COMMAND\` runs a command of the installed package. In a checkout, \`npm start -- COMMAND\` does. With Node 22.18 or newer, \`node_modules/.bin/tocsin COMMAND\` does too.

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | the command failed; the message gives the reason |
| 2 | wrong usage: unknown command or option, missing option, or a value that an option does not accept; nothing was done |
| 78 | wrong configuration; all issues are listed with their lines |

| environment variable | used by |
| --- | --- |
| \`TOCSIN_URL\` | commands that speak to a running service: its URL, if \`--url\` is not given |
| \`TOCSIN_TOKEN\` | the same commands: their bearer token, if \`--token\` is not given |
| \`PAGERDUTY_ROUTING_KEY\` | \`send\`, if \`--routing-key\` is not given; \`serve\`, if no targets are configured |
| \`PGPASSWORD\` | \`ledger copy\`: password of the PostgreSQL user |
| \`HTTPS_PROXY\`, \`HTTP_PROXY\`, \`ALL_PROXY\`, \`NO_PROXY\` | \`serve\` and \`send\`: proxies, see [proxies](proxies.md) |

Shells complete commands, options and fixed values with a script that the program prints:

\`\`\`
tocsin completion bash > /etc/bash_completion.d/tocsin            # or: source <(tocsin completion bash)
tocsin completion zsh > "\${fpath[1]}/_tocsin"                    # or: source <(tocsin completion zsh), after compinit
tocsin completion fish > ~/.config/fish/completions/tocsin.fish
\`\`\``;

/** Commands that run something, without those that only group others. */
const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

function section(command: Command): string {
  const rows = command.options.map((option) => `| \`${option.flags}\` | ${textOf(option)} |`);
  const table = rows.length === 0 ? "" : `\n\n| option | |\n| --- | --- |\n${rows.join("\n")}`;
  return `## tocsin ${nameOf(command)}\n\n${sentence(command.description())}\n\n\`\`\`\ntocsin ${nameOf(command)} ${command.usage()}\n\`\`\`${table}`;
}

const nameOf = (command: Command): string =>
  command.parent?.parent == null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

function textOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  // The text of an option already names its environment variable.
  const known = defaultValueDescription === undefined ? (defaultValue as string | undefined) : undefined;
  const choices = argChoices === undefined ? "" : ` One of ${argChoices.map((choice) => `\`${choice}\``).join(", ")}.`;
  const fallback = known === undefined ? "" : ` Default: \`${known}\`.`;
  return `${sentence(description)}${choices}${fallback}`.replaceAll("|", "\\|");
}
