import type { EndpointInput, Issue, ResolvedEndpoint, TargetType } from "@tocsin/core";
import { secretInput } from "@tocsin/core";
import { acceptsChanges, enqueueUrl, eventsUrl, type Region } from "@tocsin/pagerduty";
import { z } from "zod";
import { findRoutingKey } from "./routing-key.ts";

/** The keys of a PagerDuty target besides those of all targets. */
export const pagerdutyTargetType: TargetType = {
  type: "pagerduty",
  description: "PagerDuty, Events API v2.",
  notes: `The key is read from \`headers.routing_key\`, \`headers.Authorization\` (with or without \`Bearer \`), \`routing_key\`, and the
entry \`routing_key\` beside \`target.json\` in the same Secret. The first that exists is used for request, limit and identity;
if it is malformed, the target is invalid. At a host other than PagerDuty's, an \`Authorization\` that does not look like a key belongs to a proxy
and is sent unchanged.

Without a key, a target at another host is \`degraded\`: the same events are sent to the unchanged url, without \`routing_key\`, for a
proxy that adds it; any 2xx counts as accepted there. At PagerDuty itself a key is required.

With \`rest_token\`, Tocsin reads incidents and their alerts at \`https://api.pagerduty.com\`, or \`https://api.eu.pagerduty.com\` for the EU
region; at another host, at the origin of \`url\`, with the same headers except \`Authorization\`. It changes nothing there.

Without \`url\` and \`region\` the US region is used. Plain http is allowed to this machine only, unless \`allow_insecure\` is true.`,
  fields: {
    region: z.enum(["us", "eu"]).optional().describe("Service region of the account, instead of a url."),
    routing_key: secretInput
      .optional()
      .describe(
        "Integration key: 32 letters and digits. `headers.routing_key` and `headers.Authorization` come first.",
      ),
    rest_token: secretInput
      .optional()
      .describe(
        "Read-only REST API token, to look up which incidents are open. Events are sent without it. It may also be the entry `rest_token` beside `target.json` in the same Secret.",
      ),
  },
  // https://developer.pagerduty.com/docs/events-api-v2-rate-limits: about 120 calls per minute and integration key.
  rateLimit: { limit: 120, perMs: 60_000 },
  adoptsUnknownResolves: true,
  changes: true,
  locate,
};

function locate(given: EndpointInput): ResolvedEndpoint {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const region = given.typeOptions["region"] as Region | undefined;
  const url = given.url ?? new URL(eventsUrl({ region }));
  const isPagerDuty = /(^|\.)pagerduty\.com\.?$/.test(url.hostname);
  if (given.url && region) issues.push({ path: "region", message: "says the same as url; use one of them" });
  if (isPagerDuty && !/^events(\.eu)?\.pagerduty\.com$/.test(url.hostname)) {
    const message = "the Events API is at https://events.pagerduty.com and https://events.eu.pagerduty.com";
    issues.push({ path: "url", message });
  }
  // Refused, because the API has no query, and one would be shown wherever the URL is shown.
  if (url.search) issues.push({ path: "url", message: "must not have a query; put credentials into headers" });

  const found = findRoutingKey(given, isPagerDuty);
  issues.push(...found.issues);
  const { key: credential = null, headers } = found;
  const degraded = credential === null && !isPagerDuty;
  if (degraded) {
    const message = "none: events go out without one, and whatever is at this url must add it";
    warnings.push({ path: "routing_key", message });
  } else if (!credential && found.issues.length === 0) {
    const message = "required: the integration key of an Events API v2 integration, 32 letters and digits";
    issues.push({ path: "routing_key", message });
  }
  const refuses = credential !== null && !acceptsChanges(credential.reveal());
  const where = { url: degraded ? url.href : baseOf(url), credential, degraded, headers };
  const restToken = given.secret(given.typeOptions["rest_token"], "rest_token") ?? given.siblingEntry("rest_token");
  if (restToken && restToken.reveal() === credential?.reveal())
    issues.push({ path: "rest_token", message: "is the integration key; it must be a token of the REST API" });
  return { ...where, ...(restToken && { restToken }), ...(refuses && { whyNoChanges: keyOfRules }), issues, warnings };
}

/** https://developer.pagerduty.com/docs/events-api-v2-overview: change events need the key of a service. */
const keyOfRules = "PagerDuty refuses them for integration keys that start with R";

/** Returns the url without the API path, if it has one. */
const baseOf = (url: URL): string => enqueueUrl(url.href, "alert").slice(0, -"/v2/enqueue".length);
