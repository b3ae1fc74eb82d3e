import type { ReceiverEventKind } from "@tocsin/core";
import { Fields } from "../../changes/sources/fields.ts";
import { headerOf } from "../../changes/sources/verifier.ts";
import type { CallbackReading, CallbackType } from "../callback-type.ts";
import { fittedId } from "../fitted-id.ts";
import { signedCallbackVerifier } from "../signed-callback-verifier.ts";
import { eventDetail } from "./event-detail.ts";
import { isMerge } from "./is-merge.ts";

/** Events that say in which state an incident is. */
const stateEvents: Readonly<Record<string, Exclude<ReceiverEventKind, "noted">>> = {
  "incident.triggered": "opened",
  "incident.acknowledged": "acknowledged",
  "incident.unacknowledged": "unacknowledged",
  "incident.resolved": "resolved",
  "incident.reopened": "reopened",
};

/** The kinds of events that our own requests cause: trigger, acknowledge and resolve of the Events API. */
const ownKinds: ReadonlySet<ReceiverEventKind> = new Set(["opened", "acknowledged", "resolved"]);

/** V3 webhooks of PagerDuty: https://developer.pagerduty.com/docs/webhooks-overview. */
export const pagerduty: CallbackType = {
  hasKeyLookUp: true,
  verifier: (secrets) =>
    signedCallbackVerifier(secrets, {
      // Several items appear during a rotation of the secret; items of other versions are ignored. No time is signed.
      read(headers) {
        const value = headerOf(headers, "x-pagerduty-signature");
        if (value === undefined) return { refused: "the header X-PagerDuty-Signature is missing" };
        const items = value.split(",").map((item) => item.trim());
        const signatures = items.flatMap((item) => (item.startsWith("v1=") ? [item.slice("v1=".length)] : []));
        return signatures.length > 0 ? { signatures } : { refused: "X-PagerDuty-Signature has no item v1=" };
      },
    }),
  read(body) {
    const fields = new Fields(body);
    const type = fields.neededText("event.event_type");
    if (fields.issues.length > 0) return { invalid: fields.issues };
    if (type === "pagey.ping") return { ignored: "a ping" };
    const state = Object.hasOwn(stateEvents, type) ? stateEvents[type] : undefined;
    const detail = eventDetail(type, fields);
    // PagerDuty resolves an incident that a person merges into another one. Its alerts go on there, so nothing has ended.
    if (state !== undefined)
      return readEvent(fields, { type, kind: state === "resolved" && isMerge(fields) ? "noted" : state, detail });
    // PagerDuty may add types at any time.
    return detail === undefined
      ? { ignored: `the event ${JSON.stringify(type)} says nothing about an incident` }
      : readEvent(fields, { type, kind: "noted", detail });
  },
};

interface EventFacts {
  readonly type: string;
  readonly kind: ReceiverEventKind;
  readonly detail: string | undefined;
}

function readEvent(fields: Fields, { type, kind, detail }: EventFacts): CallbackReading {
  const id = fittedId(fields.neededId("event.id"));
  const atMs = fields.neededTimeMs("event.occurred_at");
  const isIncident = fields.at("event.data.type") === "incident" || kind !== "noted";
  const receiverIncident = isIncident ? fields.neededId("event.data.id") : incidentIn(fields);
  if (receiverIncident === undefined) return { ignored: `the event ${JSON.stringify(type)} names no incident` };
  if (fields.issues.length > 0) return { invalid: fields.issues };
  // The REST reference says that incidents with alerts have no key of their own, and samples of webhooks show one.
  const key = fields.at("event.data.incident_key");
  const openedAtMs = isIncident ? fields.timeMs("event.data.created_at") : undefined;
  const by = personIn(fields);
  return {
    event: {
      id,
      kind,
      dedupKeys: isIncident && typeof key === "string" && key !== "" ? [key] : [],
      receiverIncident,
      ...(openedAtMs !== undefined && { openedAtMs }),
      ...(by !== undefined && { by }),
      own: ownKinds.has(kind) && isOwnAgent(fields),
      atMs,
      ...(detail !== undefined && { detail }),
    },
  };
}

/** The id of the incident that a note, a responder or a task belongs to. Some types hold it one level deeper. */
function incidentIn(fields: Fields): string | undefined {
  const id = fields.id("event.data.incident.id");
  if (id !== undefined) return id;
  const data = fields.at("event.data");
  if (typeof data !== "object" || data === null) return undefined;
  for (const value of Object.values(data)) {
    const inner = new Fields(value).id("incident.id");
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The name of the person who did it. */
const personIn = (fields: Fields): string | undefined =>
  isPerson(fields.text("event.agent.type")) ? fields.text("event.agent.summary", 100) : undefined;

const isPerson = (agentType: string | undefined): boolean => agentType === "user_reference" || agentType === "user";

/**
 * The agent of what our events cause is the integration whose key they carry (`inbound_integration_reference`), or null, which
 * PagerDuty also uses for its own automation. A person is never null.
 */
function isOwnAgent(fields: Fields): boolean {
  const agent = fields.at("event.agent");
  if (agent === null || agent === undefined) return true;
  return fields.text("event.agent.type")?.endsWith("integration_reference") === true;
}
