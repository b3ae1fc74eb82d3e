import {
  type EndpointInput,
  type Issue,
  type ResolvedEndpoint,
  oneOrMany,
  Secret,
  secretInput,
  type TargetType,
} from "@tocsin/core";
import { z } from "zod";
import {
  genericTargetFields,
  genericTargetHeaders,
  type GenericTargetOptions,
  genericTargetOptions,
  genericTargetUrl,
} from "../shared/generic-target.ts";
import { keyIn } from "./sign.ts";

/** The keys of a webhook target besides those of all targets. */
export const webhookTargetType: TargetType = {
  type: "webhook",
  description: "Any receiver of JSON over HTTP, signed by [Standard Webhooks](https://www.standardwebhooks.com).",
  notes: `The body, the headers and the meaning of answers are described in
[packages/publishers/src/webhook](../packages/publishers/src/webhook/README.md).

With a \`signing_secret\` each request is signed. With a list it is signed by each secret: during a rotation, list the new one
and the old one. The secret may also be the entry \`signing_secret\` beside \`target.json\` in the same Secret, where blanks
or newlines separate several. Put a bearer token into \`headers.Authorization\`, or into the entry \`token\` beside it.

The path and the query of the URL may be a credential, so only its origin is shown. Redirects are not followed. Link-local
addresses and those of metadata services are refused, as literals and when a name resolves to them; behind an HTTP proxy the proxy
resolves names. Plain http is allowed to this machine only, unless \`allow_insecure\` is true.

\`summary\`, \`severity\` and \`dedup_key\` of \`template\` have their usual meaning; \`source\`, \`component\`, \`group\`, \`class\`
and \`custom_details\` are added to the body if they are set.`,
  fields: {
    signing_secret: oneOrMany(secretInput)
      .optional()
      .describe(
        "Secret for the signature of each request: `whsec_` and base64 of 24 to 64 bytes; a list during a rotation.",
      ),
    send_traceparent: z
      .boolean()
      .prefault(false)
      .describe("Sends the header `traceparent` with the attempt's trace, if `telemetry.traces` is set."),
    ...genericTargetFields,
  },
  rateLimit: { limit: 0, perMs: 60_000 },
  adoptsUnknownResolves: false,
  changes: false,
  locate,
};

/** Most signing secrets: each makes the header longer, and two are enough for a rotation. */
const mostSecrets = 5;

/** The options that are kept with the endpoint. */
export interface WebhookOwn extends GenericTargetOptions {
  /** The target has `send_traceparent`. */
  readonly sendsTraceparent?: true;
}

/** Headers that the publisher sets for each request. */
const ownHeader = /^webhook-(id|timestamp|signature)$/i;

function locate(given: EndpointInput): ResolvedEndpoint {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const url = genericTargetUrl(given, (issue) => issues.push(issue));
  for (const name of Object.keys(given.headers)) {
    if (ownHeader.test(name)) issues.push({ path: `headers.${name}`, message: "Tocsin sets this header itself" });
  }
  const sendsTraceparent = given.typeOptions["send_traceparent"] === true;
  for (const name of sendsTraceparent ? Object.keys(given.headers) : [])
    if (/^traceparent$/i.test(name))
      issues.push({
        path: `headers.${name}`,
        message: "Tocsin sets this header itself, because of `send_traceparent`",
      });
  const secrets = secretsOf(given);
  for (const { path, secret } of secrets) {
    if (keyIn(secret)) continue;
    const message = "is no signing secret: expected whsec_ and the base64 of 24 to 64 bytes";
    issues.push({ path, message });
  }
  if (secrets.length > mostSecrets) {
    issues.push({ path: "signing_secret", message: `more than ${mostSecrets}: drop the oldest` });
  }
  if (given.typeOptions["signing_secret"] !== undefined && secrets.length === 0) {
    warnings.push({ path: "signing_secret", message: "is blank: nothing is signed" });
  }
  return {
    url: url?.href ?? "",
    credential: null,
    degraded: false,
    headers: genericTargetHeaders(given),
    ...(secrets.length > 0 && { signingSecrets: secrets.map(({ secret }) => secret) }),
    typeOptions: { ...genericTargetOptions(given), ...(sendsTraceparent && { sendsTraceparent }) } satisfies WebhookOwn,
    issues,
    warnings,
  };
}

/** The signing secrets of the target. If it has none, those beside it. */
function secretsOf({
  typeOptions: own,
  secret,
  siblingEntry: beside,
}: EndpointInput): { readonly path: string; readonly secret: Secret }[] {
  const path = "signing_secret";
  const written = own[path] as readonly unknown[] | undefined;
  if (written === undefined) {
    const texts = beside(path)?.reveal().split(/\s+/) ?? [];
    return texts.map((text) => ({ path, secret: new Secret(text) }));
  }
  return written.flatMap((input, index) => {
    const at = written.length > 1 ? `${path}[${index}]` : path;
    const found = secret(input, at);
    return found ? [{ path: at, secret: found }] : [];
  });
}
