import { createHash } from "node:crypto";
import { StepBudget } from "@tocsin/core";
import { changeId } from "./change-id.ts";
import type { ChangeSource } from "./change-source.ts";
import { attempted, type RenderText, type Rendering } from "./change-template.ts";
import { summaryOf } from "./deployment-summary.ts";
import { Fields, oneLine } from "./fields.ts";
import { hmacVerifier } from "./hmac-verifier.ts";
import type { Reading, SourceEvent, SourceType } from "./source-type.ts";
import { bearerVerifier } from "./token-verifier.ts";

const maxTextLength = 500;
/** In characters. PagerDuty takes events of 512 kB. */
const maxDetailsLength = 100_000;

/** Any sender of JSON: templates in the configuration read the change. */
export const generic: SourceType = {
  verifier: (secrets, { auth, header, prefix, encoding }) =>
    auth === "hmac"
      ? hmacVerifier(secrets, { header, hashByPrefix: { [prefix]: "sha256" }, encoding })
      : bearerVerifier(secrets),
  read(event, { name, template }) {
    // The schema demands a template for this type.
    if (template === undefined) throw new Error("a generic source has no template");
    return readBody(event, name, template);
  },
};

function readBody(
  { body, rawBody, receivedAtMs }: SourceEvent,
  name: string,
  template: NonNullable<ChangeSource["template"]>,
): Reading {
  if (typeof body !== "object" || body === null)
    return { invalid: [{ path: "", message: "expected a JSON object or list" }] };
  // The templates of one event share one budget. The summary comes first, because nothing replaces it.
  const rendering: Rendering = { variables: { body }, steps: new StepBudget() };
  let summary: string | undefined;
  try {
    summary = template.summary(rendering.variables, rendering.steps);
  } catch (error) {
    // Only the first line: the library's message goes on with an excerpt of the template.
    return { invalid: [{ path: "template.summary", message: (error as Error).message.split("\n")[0] ?? "failed" }] };
  }
  if (summary === undefined) return { ignored: "the template of the summary is blank for this event" };
  const render = (text: RenderText | undefined, maxLength = maxTextLength): string | undefined => {
    const value = text && attempted(() => text(rendering.variables, rendering.steps));
    return value === undefined ? undefined : oneLine(value, maxLength);
  };
  // Fields reads the rendered texts as it reads those of other senders.
  const timestamp = render(template.timestamp);
  const times = new Fields({
    time: timestamp !== undefined && /^\d+(\.\d+)?$/.test(timestamp) ? Number(timestamp) : timestamp,
  });
  const environment = render(template.environment);
  const branch = render(template.branch);
  const customDetails = template.customDetails?.(rendering);
  const id = render(template.id);
  // A template that renders an object gives all events one text, so all of them would be one change.
  const isIdentity = id !== undefined && !id.includes("[object Object]");
  return {
    state: render(template.state),
    isFinal: true,
    branch,
    change: {
      id: changeId("generic", isIdentity ? id : createHash("sha256").update(rawBody).digest("hex")),
      summary: summaryOf(summary),
      source: render(template.source) ?? name,
      timestampMs: times.timeMs("time") ?? receivedAtMs,
      ...(environment !== undefined && { environment }),
      labels: {
        branch,
        ...Object.fromEntries(Object.entries(template.labels).map(([label, text]) => [label, render(text)])),
      },
      links: template.links.map(({ href, text }) => ({
        href: new Fields({ href: render(href, 2_000) }).url("href"),
        text: render(text) ?? "Details",
      })),
      ...(customDetails !== undefined && JSON.stringify(customDetails).length <= maxDetailsLength && { customDetails }),
    },
  };
}
