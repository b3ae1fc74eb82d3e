import { headerOf } from "../changes/sources/verifier.ts";
import { Fields, oneLine } from "../changes/sources/fields.ts";
import { type CallbackReading, type CallbackType, maxDetailLength, type ReadReceiverEvent } from "./callback-type.ts";
import { fittedId } from "./fitted-id.ts";
import { signedCallbackVerifier } from "./signed-callback-verifier.ts";

/** Events of incidents, and what they say. Rootly's webhooks report no acknowledgement and no end of an alert. */
const incidentEvents: Readonly<Record<string, { readonly kind: "noted" | "resolved"; readonly detail: string }>> = {
  "incident.created": { kind: "noted", detail: "incident declared" },
  "incident.updated": { kind: "noted", detail: "incident updated" },
  "incident.in_triage": { kind: "noted", detail: "incident in triage" },
  "incident.mitigated": { kind: "noted", detail: "incident mitigated" },
  "incident.resolved": { kind: "resolved", detail: "incident resolved" },
  "incident.cancelled": { kind: "noted", detail: "incident cancelled" },
  "incident.deleted": { kind: "noted", detail: "incident deleted" },
};

/** Webhooks of Rootly: https://docs.rootly.com/configuration/webhooks. */
export const rootly: CallbackType = {
  verifier: (secrets) =>
    signedCallbackVerifier(secrets, {
      // No largest age: whether Rootly signs a repeat again is not documented, and a repeat must not be lost.
      read(headers) {
        const value = headerOf(headers, "x-rootly-signature");
        if (value === undefined) return { refused: "the header X-Rootly-Signature is missing" };
        const parts = value.split(",").map((part) => part.trim());
        const seconds = parts.find((part) => part.startsWith("t="))?.slice("t=".length) ?? "";
        const signatures = parts.flatMap((part) => (part.startsWith("v1=") ? [part.slice("v1=".length)] : []));
        if (!/^\d{1,12}$/.test(seconds) || signatures.length === 0)
          return { refused: "the header X-Rootly-Signature has not the form t=...,v1=..." };
        return { signatures, prefix: seconds };
      },
    }),
  read(body) {
    const fields = new Fields(body);
    const type = fields.text("event.type");
    if (type === "alert.created") return readAlert(fields);
    const incidentEvent = type !== undefined && Object.hasOwn(incidentEvents, type) ? incidentEvents[type] : undefined;
    if (incidentEvent !== undefined) return readIncident(fields, incidentEvent);
    return { ignored: `the event ${JSON.stringify(type ?? "without a type")} says nothing about an alert` };
  },
};

function headOf(fields: Fields): Pick<ReadReceiverEvent, "id" | "atMs"> {
  return { id: fittedId(fields.neededId("event.id")), atMs: fields.neededTimeMs("event.issued_at") };
}

/** Most keys that are taken from one event, as from the incidents of PagerDuty. */
const maxKeys = 1_000;

/** Returns the dedup keys of alerts, each once: ours have the key as `external_id` and as `deduplication_key`. */
function keysOf(alerts: readonly unknown[]): string[] {
  const keys = alerts.flatMap((alert) => {
    const fields = new Fields(alert);
    return [fields.at("external_id"), fields.at("deduplication_key")];
  });
  const known = new Set(keys.filter((key): key is string => typeof key === "string" && key !== ""));
  return [...known].slice(0, maxKeys);
}

function readAlert(fields: Fields): CallbackReading {
  const head = headOf(fields);
  const receiverIncident = fields.neededId("data.id");
  if (fields.issues.length > 0) return { invalid: fields.issues };
  const keys = keysOf([fields.at("data")]);
  if (keys.length === 0) return { ignored: "the alert has no key, so it is not ours" };
  const openedAtMs = fields.timeMs("data.created_at");
  return {
    event: {
      ...head,
      kind: "opened",
      dedupKeys: keys,
      receiverIncident,
      ...(openedAtMs !== undefined && { openedAtMs }),
      own: true,
    },
  };
}

/** An incident concerns our alerts if the event lists them. The public sample of an event has no such list. */
function readIncident(fields: Fields, { kind, detail }: (typeof incidentEvents)[string]): CallbackReading {
  const head = headOf(fields);
  const title = fields.text("data.title", 200);
  const number = fields.id("data.sequential_id");
  const dedupKeys = keysOf(fields.list("data.alerts"));
  if (fields.issues.length > 0) return { invalid: fields.issues };
  if (dedupKeys.length === 0)
    return { ignored: "the event lists no alert with a key, so no incident of ours is known" };
  const by =
    fields.text("data.resolved_by.full_name", 100) ??
    fields.text("data.resolved_by.name", 100) ??
    fields.text("data.user.full_name", 100);
  const text = oneLine(
    [detail, number && `#${number}`, title && `"${title}"`].filter(Boolean).join(" "),
    maxDetailLength,
  );
  return {
    event: {
      ...head,
      kind,
      dedupKeys,
      ...(kind === "resolved" && by !== undefined && { by }),
      own: false,
      ...(text !== undefined && { detail: text }),
    },
  };
}
