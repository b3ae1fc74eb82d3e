import {
  type EndpointInput,
  type Issue,
  type ResolvedEndpoint,
  Secret,
  secretInput,
  type TargetType,
} from "@tocsin/core";
import { z } from "zod";

const id = z.string().regex(/^[^\s\p{C}]{1,255}$/u, "expected an id of Rootly");
const ids = z.array(id).optional();

/** The keys of a Rootly target besides those of all targets. */
export const rootlyTargetType: TargetType = {
  type: "rootly",
  description: "Rootly's alerts, by its REST API.",
  notes: `The key is read from \`headers.Authorization\` (with or without \`Bearer \`), \`api_key\`, and the entry \`api_key\` beside
\`target.json\` in the same Secret; the first that exists is used. The key must be allowed to create, update and list alerts.

Without \`notification_targets\` an alert is \`open\` at Rootly, and no one is paged unless Rootly's own alert routes name a recipient. A
severity without an urgency in \`alert_urgency_ids\` gets Rootly's default, which is usually the loudest.

Alerts use \`summary\`, \`severity\`, \`dedup_key\` and \`custom_details\` of \`template\`. The default limit is Rootly's limit for new alerts.`,
  fields: {
    api_key: secretInput
      .optional()
      .describe("API key of a team or of the organization. `headers.Authorization` comes first."),
    notification_targets: z
      .array(z.strictObject({ type: z.enum(["User", "Group", "EscalationPolicy", "Service", "Functionality"]), id }))
      .min(1)
      .optional()
      .describe("Recipients of the page: `type` and `id` of each, in Rootly's terms; a `Group` is a team."),
    alert_urgency_ids: z
      .strictObject({ critical: id.optional(), error: id.optional(), warning: id.optional(), info: id.optional() })
      .optional()
      .describe("Id of Rootly's urgency for each severity."),
    service_ids: ids.describe("Services that the alerts belong to."),
    group_ids: ids.describe("Teams that the alerts belong to."),
    environment_ids: ids.describe("Environments that the alerts belong to."),
  },
  // https://docs.rootly.com/api-reference/overview: 50 alerts a minute and key; 3,000 reads and 3,000 other writes.
  rateLimit: { limit: 50, perMs: 60_000 },
  adoptsUnknownResolves: false,
  changes: "never",
  locate,
};

/** The fields that the publisher takes from a target unchanged. */
const owned = ["notification_targets", "alert_urgency_ids", "service_ids", "group_ids", "environment_ids"];

function locate(given: EndpointInput): ResolvedEndpoint {
  const issues: Issue[] = [];
  const url = given.url ?? new URL("https://api.rootly.com");
  if (/(^|\.)rootly\.com$/.test(url.hostname) && url.hostname !== "api.rootly.com") {
    const message = "the REST API is at https://api.rootly.com; other hosts of Rootly take no alerts with an API key";
    issues.push({ path: "url", message });
  }
  // Refused, because the API has no query, and one would be shown wherever the URL is shown.
  if (url.search) issues.push({ path: "url", message: "must not have a query; the key has a place of its own" });
  const { credential, headers } = findKey(given);
  if (!credential) issues.push({ path: "api_key", message: "required: an API key of Rootly" });
  else if (/\s/.test(credential.reveal())) issues.push({ path: "api_key", message: "must not have blanks in it" });
  const base = `${url.origin}${url.pathname}`.replace(/\/(v1(\/alerts)?\/?)?$/, "");
  const own = Object.fromEntries(
    owned.flatMap((key) => (given.typeOptions[key] === undefined ? [] : [[key, given.typeOptions[key]]])),
  );
  return { url: base, credential, degraded: false, headers, typeOptions: own, issues, warnings: [] };
}

/** Decides which key a target has. */
function findKey({
  headers,
  typeOptions: own,
  secret,
  siblingEntry: beside,
}: EndpointInput): Pick<ResolvedEndpoint, "credential" | "headers"> {
  const entries = Object.entries(headers);
  const authorization = entries.find(([name]) => name.toLowerCase() === "authorization");
  const credential = authorization
    ? new Secret(authorization[1].reveal().replace(/^Bearer\s+/i, ""))
    : (secret(own["api_key"], "api_key") ?? beside("api_key") ?? null);
  return { credential, headers: Object.fromEntries(entries.filter((entry) => entry !== authorization)) };
}
