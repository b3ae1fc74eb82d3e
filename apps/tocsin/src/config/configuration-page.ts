import type { JsonSchema } from "./json-schema.ts";

/** Generates docs/configuration.md from the schema that validates the configuration. Targets have a page of their own. */
export function configurationPage(schema: JsonSchema): string {
  const { targets: _, ...blocks } = schema.properties ?? {};
  const sections = Object.entries(blocks).map(([name, block]) => section(name, block));
  return `${[intro, ...sections, targets].join("\n\n")}\n`;
}

const intro = `# Configuration

Generated from the schema by \`scripts/generate.ts\`; [config.schema.json](config.schema.json) is the same for editors.

\`tocsin.yaml\` in the working directory, or \`--config FILE\`. Every key is optional and unknown ones are refused. Durations
are written \`"30s"\`, \`"5m"\`, \`"1h30m"\`. A secret is a text, \`{ file: PATH }\` or \`{ env: NAME }\`. Paths are relative to the
file. \`tocsin config check\` lists every mistake in it.

A start with a wrong configuration ends with exit code 78 and lists every mistake. Targets are the exception: an invalid target affects
no other one. The service starts without it, lists it as \`invalid\` with its
errors (\`tocsin targets list\`), and logs it; \`tocsin config check\` counts it as an error.

The service follows this file and every file that it names (secrets, certificates, the kubeconfig), in whatever way they are replaced, and
reloads within 5 s after a change. SIGHUP and \`POST /-/reload\` reload at once. Targets, \`discovery\`, \`sources\`, \`changes.sources\`, \`callbacks\`, \`classification\`, tokens, clients, the certificates of \`server.tls\`,
\`publicUrl\` and the log level change without a restart; the log and the answer name the keys that need one. If the configuration is wrong, the previous one is
kept, the answer and the log say so, and \`tocsin_config_last_reload_successful\` is 0. If a target becomes invalid, its last valid
version stays in use.

If no targets are configured and \`PAGERDUTY_ROUTING_KEY\` is in the environment, there is one target: PagerDuty, in the US
region, with that key. Without the key and without a file, Tocsin starts a built-in simulator and sends to it.`;

const targets = `## targets

A list of targets; see [Targets](targets.md).`;

function section(name: string, block: JsonSchema): string {
  const rows = block.items ? rowsOf(`${name}[].`, block.items) : rowsOf(`${name}.`, block);
  return `## ${name}\n\n| key | value | default | |\n| --- | --- | --- | --- |\n${rows.join("\n")}`;
}

function rowsOf(prefix: string, { properties = {} }: JsonSchema): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const key = `${prefix}${name}`;
    if (schema.properties) return rowsOf(`${key}.`, schema);
    const of = schema.items?.properties ? rowsOf(`${key}[].`, schema.items) : [];
    return [row(key, schema), ...of];
  });
}

const row = (key: string, schema: JsonSchema): string =>
  `| ${[`\`${key}\``, valueOf(schema), defaultOf(schema), schema.description ?? ""].map(escape).join(" | ")} |`;

/** Escapes vertical bars, which would end the cell. */
const escape = (text: string): string => text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");

const defaultOf = ({ default: value }: JsonSchema): string =>
  value === undefined ? "" : `\`${JSON.stringify(value)}\``;

function valueOf(schema: JsonSchema): string {
  if (schema.not) return "not in this version";
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.items) return `list of ${valueOf(schema.items)}`;
  const [first] = schema.anyOf ?? [];
  if (first === undefined) return schema.type ?? "any";
  if (schema.anyOf?.some((one) => one.properties?.["env"])) return "secret";
  if (schema.anyOf?.some((one) => one.const === 0)) return "duration";
  return [...new Set(schema.anyOf?.map(valueOf))].join(", or ");
}
