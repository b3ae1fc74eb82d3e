import type { EndpointInput, Issue, ResolvedEndpoint, TargetType } from "@tocsin/core";
import {
  genericTargetFields,
  genericTargetHeaders,
  genericTargetOptions,
  genericTargetUrl,
} from "../shared/generic-target.ts";

/** The keys of an Alertmanager target besides those of all targets. */
export const alertmanagerTargetType: TargetType = {
  type: "alertmanager",
  description: "Another Alertmanager, or a program with its API v2.",
  notes: `Alerts are posted to \`/api/v2/alerts\` below the URL, with unchanged labels; details are in
[packages/publishers/src/alertmanager](../packages/publishers/src/alertmanager/README.md). A bearer token or basic
authentication goes into \`headers.Authorization\`, or a token into the entry \`token\` beside \`target.json\` in the same Secret.

An Alertmanager ends alerts that are not repeated: a firing alert is posted with an end 24 h ahead, and posted again with each
reminder (\`delivery.remind\`) and at least every 12 h, whether or not its source confirms it. With \`group_by\` the leading alert of the incident is posted for all of them. An Alertmanager takes
no change events, shows no related changes (\`include_changes\` is refused) and knows no acknowledgement. In \`template\` only \`dedup_key\` and \`severity\` have an effect: on the grouping into
incidents in Tocsin, and on their urgency.

Redirects are not followed, and link-local addresses are refused, as for a webhook.`,
  fields: genericTargetFields,
  rateLimit: { limit: 0, perMs: 60_000 },
  adoptsUnknownResolves: false,
  changes: "never",
  locate,
};

function locate(given: EndpointInput): ResolvedEndpoint {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const url = genericTargetUrl(given, (issue) => issues.push(issue));
  // Refused, because the API has no query, and one would be sent with every request but shown nowhere.
  if (url?.search) issues.push({ path: "url", message: "must not have a query; put credentials into headers" });
  if (given.typeOptions["include_changes"] !== 0)
    issues.push({
      path: "include_changes",
      message: "must not be set: an alert in Alertmanager has no place for changes",
    });
  const grouped = (given.typeOptions["group_by"] as readonly string[]).length > 0;
  if (grouped)
    warnings.push({
      path: "group_by",
      message: "Alertmanager gets every alert separately and groups them itself; remove group_by",
    });
  return {
    url: url ? baseOf(url) : "",
    credential: null,
    degraded: false,
    headers: genericTargetHeaders(given),
    typeOptions: { ...genericTargetOptions(given) },
    issues,
    warnings,
  };
}

/** Returns the url without the API path, if it has one. */
const baseOf = ({ origin, pathname }: URL): string =>
  origin + pathname.replace(/\/+$/, "").replace(/\/api(\/v2(\/alerts)?)?$/, "");
