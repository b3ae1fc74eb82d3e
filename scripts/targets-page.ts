import { formatDuration, jsonSchemaOf, targetJsonSchema, type TargetType } from "@tocsin/core";
import { z } from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** docs/targets.md, from the schemas that judge targets and the registry of publishers. */
export function targetsPage(types: readonly TargetType[]): string {
  const [first] = types.map((type) => propertiesOf(targetJsonSchema([type])));
  const own = new Set(types.flatMap((type) => Object.keys(type.fields)));
  const common = Object.entries(first!).filter(([key]) => !own.has(key) && key !== "type");
  return [
    intro(types),
    "## Keys of every target",
    table(common.filter(([key]) => !blocks.includes(key))),
    ...blocks.flatMap((block) => [`## \`${block}\``, says[block], table(Object.entries(propertiesOf(first![block]!)))]),
    ...types.flatMap(typeSection),
    olderNames,
    "",
  ].join("\n\n");
}

/** Keys with keys of their own, each with a section. */
const blocks = ["filters", "template", "rate_limit", "tls"];

const intro = (types: readonly TargetType[]) => `# Targets

Generated from the schemas by \`npm run generate\`.

A target is one place that receives alerts. It is one JSON object, in a file, a Secret or the configuration. Each target decides for itself; there
is no "first match wins". Available types: ${types.map(({ type }) => `\`${type}\``).join(", ")}.

\`\`\`json
{
  "name": "pagerduty-production",
  "type": "pagerduty",
  "routing_key": { "env": "PAGERDUTY_ROUTING_KEY" },
  "filters": { "min_severity": "warning", "namespace": ["production"] }
}
\`\`\`

Unknown keys make a target invalid: a typo must not page everyone. An invalid target affects no other one, and every mistake
is reported with its path. Durations are written \`"30s"\`. A secret is a text, \`{ "file": "/path" }\` or \`{ "env": "NAME" }\`;
blanks around it are dropped.`;

const says: Readonly<Record<string, string>> = {
  filters: `All filters must pass; a list matches if any of its members does, and all \`matchers\` are required. Filters decide triggers only: an incident that was
delivered is resolved even if a filter excludes the alert by then. A missing label counts as an empty text. The severity is that of the label \`severity\`,
else \`priority\`, else \`urgency\`: words such as \`critical\`, \`page\`, \`disaster\`, \`warn\`, \`sev-2\`, \`p3\` or those of \`severity_map\`, in any
case. An alert without a known severity has the target's \`default_severity\`. Patterns are RE2: linear time,
no look-around, no back-references; the dot matches newlines; only the first 4,096 characters of a longer text are matched.

In \`when\`, a missing label is \`""\` and \`has(labels.tier)\` shows the difference; \`re(text, "pattern")\` replaces
\`matches\`; macros cannot be nested. If evaluating a condition ends with an error, the alert passes: one page too many is better than one lost.

All filters of all targets may take a bounded number of steps for one alert. Each target also has a bound of its own, of which usual filters take a small part. A filter that would take more, such as a pattern with large repetitions on a label of thousands of characters,
lets the alert pass, and \`explain\` shows in \`detail\` which filter was not applied.`,
  template: `Each is a [Liquid](https://liquidjs.com) template over \`labels\`, \`annotations\`, \`alert_name\`, \`fingerprint\`, \`severity\`,
\`starts_at\`, \`generator_url\`, \`value_string\` and \`metadata\`. If a template fails, uses a missing label or renders
blank, only its field is affected: the field gets its default. \`{{ labels.team | default: "none" }}\` reads a label
that may be missing.

Go templates (\`{{ .Labels.team }}\`, \`{{ range }}\`), as in Alertmanager and Grafana, are refused, and the error shows the Liquid to write instead.
Filters ending in \`_exp\`, \`sample\` and files are not available. The work of all templates of one event is limited; a template that
exceeds the limit and those after it keep their defaults. A range runs from -10000 to 10000 at most.`,
  rate_limit: `Attempts are counted per credential, over all targets, replicas and restarts. If targets that share a credential
have different limits, the smallest one applies.`,
  tls: `For receivers with a private authority or mutual TLS; only with \`https:\`, for every type. In a Kubernetes Secret the texts are
written into the target itself. Replaced files are used within seconds. [tls.md](tls.md) describes the rotation.`,
};

const olderNames = `## Older names

\`filter_config\` is read as \`filters\`, and \`namespaces\` in it as \`namespace\`. Both names at once are refused.`;

function typeSection(type: TargetType): string[] {
  const { limit, perMs } = type.rateLimit;
  const adopts = type.adoptsUnknownResolves ? "true" : "false";
  const rate = limit === 0 ? "none" : `${limit} per ${formatDuration(perMs)}`;
  const defaults = `\`rate_limit\`: ${rate}; \`adopt_unknown_resolves\`: ${adopts}`;
  const own = propertiesOf(jsonSchemaOf(z.object(type.fields)));
  return [
    `## Type \`${type.type}\``,
    type.description,
    `Defaults: ${defaults}.`,
    table(Object.entries(own)),
    type.notes,
  ];
}

const propertiesOf = (schema: object): Record<string, JsonSchema> =>
  ((schema as JsonSchema).properties ?? {}) as Record<string, JsonSchema>;

function table(rows: readonly (readonly [key: string, schema: JsonSchema])[]): string {
  const lines = rows.map(([key, schema]) => [
    `\`${key}\``,
    valueOf(schema),
    defaultOf(schema),
    schema.description ?? "",
  ]);
  return [["key", "value", "default", ""], ["---", "---", "---", "---"], ...lines]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function defaultOf({ default: value }: JsonSchema): string {
  return value === undefined ? "" : `\`${JSON.stringify(value)}\``;
}

function valueOf(schema: JsonSchema): string {
  const options = schema.anyOf ?? [];
  if (options.some(({ properties }) => properties?.["env"])) return "secret";
  if (options.some((option) => option.const === 0)) return "duration";
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  if (schema.type === "array") return `list of ${valueOf(schema.items as JsonSchema)}`;
  if (options.length > 0) return [...new Set(options.map(valueOf))].join(" or ");
  return String(schema.type ?? "any");
}
