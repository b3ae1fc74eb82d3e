import { json, pathOf } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, Violation } from "../../server/exchange.ts";
import { bodyBytes, isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import { violations } from "../schema.ts";
import type { Swallow } from "../../faults/fault.ts";
import type { SimulatorState } from "../../state/state.ts";
import { accepted, changeAccepted, invalid, throttled, unparsable } from "./event-answers.ts";
import { alertEvent, changeEvent } from "./event-schema.ts";

/** 512 KB of encoded JSON, as Alertmanager and Grafana read it; it is not documented whether 524,288 passes. */
const maxBodyBytes = 512_000;

const enqueuePath = "/v2/enqueue";
const changePath = "/v2/change/enqueue";

/** PagerDuty Events API v2: alert events and change events. There are no other paths. */
export function pagerdutyEvents(state: SimulatorState): Receiver {
  return {
    name: "pagerduty",
    takes: (path) => path === enqueuePath || path === changePath,
    read(request, region) {
      const isChange = pathOf(request.path) === changePath;
      if (request.method !== "POST") return refusing({ field: "method", reason: "must be POST" }, 405);
      if (bodyBytes(request.body) > maxBodyBytes) {
        return refusing({ field: "body", reason: `is larger than ${maxBodyBytes} bytes` });
      }
      const parsed = parseJsonBody(request, ["application/json"]);
      if ("violation" in parsed) return refusing(parsed.violation);
      if (!isRecord(parsed.value)) return refusing({ field: "body", reason: "is not an object" });
      return isChange ? changeCall(state, parsed.value, region) : alertCall(state, parsed.value, region);
    },
  };
}

/** A request whose event could not be read. */
function refusing(violation: Violation, status = 400): Call {
  const answer =
    status === 405 ? json(405, { message: "Method Not Allowed" }, { allow: "POST" }) : unparsable(violation);
  return { action: "unreadable", throttled, serve: (): Served => ({ answer, violations: [violation] }) };
}

function alertCall(state: SimulatorState, event: Record<string, unknown>, region: Region): Call {
  const { found, key } = readKey(state, event);
  const action = stringOf(event["event_action"]) ?? "";
  const dedupKey = stringOf(event["dedup_key"]);
  return {
    action,
    key,
    dedupKey,
    charge: key === undefined ? undefined : { limit: "pagerduty", region, key },
    throttled,
    serve(atMs, _clockMs, swallow) {
      const all = [...found, ...eventViolations(event, action, dedupKey)];
      if (all.length > 0 || key === undefined) return { answer: invalid(all), violations: all };
      const named = dedupKey === undefined || dedupKey.trim() === "" ? state.makeUuid() : dedupKey;
      const taken = { region, key, dedupKey: named, action, event, atMs };
      const effect = swallow === undefined ? take(state, taken) : swallowEvent(state, taken, swallow);
      return { answer: accepted(named), effect, dedupKey: named };
    },
  };
}

/** An event rule suppresses only what would open an incident. A disabled service takes nothing. */
function swallowEvent(state: SimulatorState, taken: Taken, swallow: Swallow): string {
  const { atMs, region, key, dedupKey, action } = taken;
  if (swallow === "disabled") return "discarded";
  const isOpen = state.incidents.findOpen({ receiver: "pagerduty", region, key, dedupKey }) !== undefined;
  if (action !== "trigger" || isOpen) return take(state, taken);
  const { summary = "", severity = "" } = triggerEntry(taken.event, atMs, true);
  state.suppressed.add({ atMs, receiver: "pagerduty", region, key, dedupKey, summary, severity });
  return "suppressed";
}

interface Taken {
  readonly region: Region;
  readonly key: string;
  readonly dedupKey: string;
  readonly action: string;
  readonly event: Record<string, unknown>;
  readonly atMs: number;
}

/** The lifecycle of an alert. An acknowledge or a resolve without an open alert of its key is dropped. */
function take(state: SimulatorState, event: Taken): string {
  const identity = { receiver: "pagerduty", region: event.region, key: event.key, dedupKey: event.dedupKey };
  const open = state.incidents.findOpen(identity);
  if (event.action === "trigger") {
    const entry = triggerEntry(event.event, event.atMs, state.lean);
    if (open === undefined) {
      state.incidents.open(identity, entry);
      return "opened";
    }
    state.incidents.append(open, entry);
    return "logged";
  }
  if (open === undefined) return "dropped";
  const status = event.action === "resolve" ? "resolved" : "acknowledged";
  state.incidents.append(open, { atMs: event.atMs, action: event.action }, status);
  return status;
}

function triggerEntry(event: Record<string, unknown>, atMs: number, lean: boolean) {
  const payload = isRecord(event["payload"]) ? event["payload"] : {};
  return {
    atMs,
    action: "trigger",
    severity: stringOf(payload["severity"]),
    summary: stringOf(payload["summary"]),
    details: lean ? undefined : carried(event),
  };
}

const carriedKeys = ["payload", "links", "images", "client", "client_url"];

/** The other documented fields of the event, without its credential. */
function carried(event: Record<string, unknown>): Record<string, unknown> {
  const details: Record<string, unknown> = {};
  for (const name of carriedKeys) if (Object.hasOwn(event, name)) details[name] = event[name];
  return details;
}

function changeCall(state: SimulatorState, event: Record<string, unknown>, region: Region): Call {
  const { found, key, isRuleset } = readKey(state, event);
  return {
    action: "change",
    key,
    charge: key === undefined ? undefined : { limit: "pagerduty", region, key },
    throttled,
    serve(atMs, _clockMs, swallow) {
      const all = [...found, ...sansKey(violations(changeEvent, event))];
      if (isRuleset) all.push({ field: "routing_key", reason: "a ruleset key takes no change events" });
      if (all.length > 0 || key === undefined) return { answer: invalid(all), violations: all };
      if (swallow === "disabled") return { answer: changeAccepted(), effect: "discarded" };
      const payload = isRecord(event["payload"]) ? event["payload"] : {};
      state.changes.add({
        atMs,
        receiver: "pagerduty",
        region,
        key,
        summary: stringOf(payload["summary"]) ?? "",
        details: state.lean ? undefined : carried(event),
      });
      return { answer: changeAccepted(), effect: "recorded" };
    },
  };
}

/** Finds the rules that an event breaks, except for its key. The schema has lengths, words and formats; the rest is here. */
function eventViolations(event: Record<string, unknown>, action: string, dedupKey: string | undefined): Violation[] {
  const found = sansKey(violations(alertEvent, event));
  if (action === "trigger" && event["payload"] === undefined) {
    found.push({ field: "payload", reason: "'payload' is missing or blank" });
  }
  if ((action === "acknowledge" || action === "resolve") && (dedupKey ?? "").trim() === "") {
    found.push({ field: "dedup_key", reason: "'dedup_key' is missing or blank" });
  }
  return found;
}

const sansKey = (found: Violation[]): Violation[] => found.filter((violation) => violation.field !== "routing_key");

/** Checks the key and answers in the vendor's words. Only a well-formed key has a rate window. */
function readKey(
  state: SimulatorState,
  event: Record<string, unknown>,
): { found: Violation[]; key?: string; isRuleset?: boolean } {
  const raw = event["routing_key"];
  if (typeof raw !== "string" || raw === "") return badKey("'routing_key' is missing or blank");
  const found: Violation[] = [];
  if (raw.length !== 32) {
    found.push({ field: "routing_key", reason: "Length of 'routing_key' is incorrect (should be 32 characters)" });
  }
  if (!/^[0-9A-Za-z]*$/.test(raw)) {
    found.push({ field: "routing_key", reason: "'routing_key' cannot contain non-alphanumeric characters." });
  }
  if (found.length > 0) return { found };
  const key = state.hasher.hash(raw);
  if (!state.keysOf("pagerduty").has(key)) return badKey("Invalid routing key");
  return { found, key, isRuleset: raw.startsWith("R") };
}

const badKey = (reason: string) => ({ found: [{ field: "routing_key", reason }] });
