import { parseDurationMs } from "../duration.ts";
import { isRecord } from "../server/json-body.ts";
import { SettingError } from "../setting-error.ts";
import { appliedUnlessSaid, faultKinds, strikesEarly, swallowOf } from "./fault.ts";
import type { Fault, FaultKind, FaultSetting } from "./fault.ts";

type Check = (holds: boolean, key: string, message: string) => void;

const knownKeys: readonly (keyof FaultSetting)[] = [
  "kind",
  "receiver",
  "region",
  "key",
  "action",
  "at",
  "for",
  "share",
  "times",
  "applied",
  "status",
  "retry_after",
  "retry_after_as",
  "by",
];

/**
 * Reads fault settings, times counted from `nowMs`. `hashOf` hashes a credential; requests are compared by hash.
 * @throws SettingError with every issue
 */
export function readFaults(value: unknown, nowMs: number, hashOf: (key: string) => string): Fault[] {
  if (!Array.isArray(value)) throw new SettingError([{ path: "faults", message: "expected a list" }]);
  const issues: { path: string; message: string }[] = [];
  const faults = value.map((one: unknown, index) => {
    const check: Check = (holds, key, message) => {
      if (!holds) issues.push({ path: `faults[${index}]${key === "" ? "" : `.${key}`}`, message });
    };
    return readFault(isRecord(one) ? one : {}, nowMs, hashOf, check);
  });
  if (issues.length > 0) throw new SettingError(issues);
  return faults;
}

function readFault(
  setting: Record<string, unknown>,
  nowMs: number,
  hashOf: (key: string) => string,
  check: Check,
): Fault {
  for (const key of Object.keys(setting)) check((knownKeys as string[]).includes(key), key, "is not known");
  const kind = setting["kind"] as FaultKind;
  check(faultKinds.includes(kind), "kind", `expected one of ${faultKinds.join(", ")}`);
  const isText = (key: string): string | undefined => {
    const text = setting[key];
    check(text === undefined || typeof text === "string", key, "expected a string");
    return text as string | undefined;
  };
  const duration = (key: string, missing: number): number => {
    const given = setting[key];
    if (given === undefined) return missing;
    const ms = parseDurationMs(given);
    check(ms !== undefined, key, 'expected seconds or a duration such as "30s"');
    return ms ?? missing;
  };

  const [receiver, region, key, action] = [isText("receiver"), isText("region"), isText("key"), isText("action")];
  check(region === undefined || region === "us" || region === "eu", "region", "expected us or eu");
  if (strikesEarly(kind)) {
    check(key === undefined, "key", "is not known yet when this strikes: the request is not read");
    check(action === undefined, "action", "is not known yet when this strikes: the request is not read");
  }
  if (swallowOf(kind) !== undefined) {
    check(receiver === undefined || receiver === "pagerduty", "receiver", `${kind} is a fault of pagerduty only`);
    check(setting["applied"] === undefined, "applied", `does not belong to ${kind}`);
  }
  const { share = 1, times = Infinity, status = 0 } = setting;
  check(typeof share === "number" && share >= 0 && share <= 1, "share", "expected 0 to 1");
  check(times === Infinity || (Number.isInteger(times) && (times as number) >= 0), "times", "expected a whole number");
  if (kind === "answer") {
    const fits = Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;
    check(fits, "status", "expected an HTTP status from 200 to 599");
  }
  const applied = setting["applied"] ?? appliedUnlessSaid(kind);
  check(typeof applied === "boolean" || applied === "maybe", "applied", 'expected true, false or "maybe"');
  check(!(strikesEarly(kind) && applied !== false), "applied", "cannot be: the request is not read");
  const as = setting["retry_after_as"] ?? "seconds";
  check(as === "seconds" || as === "date", "retry_after_as", "expected seconds or date");
  const fromMs = nowMs + duration("at", 0);
  return {
    kind,
    receiver: swallowOf(kind) === undefined ? receiver : "pagerduty",
    region: region as Fault["region"],
    key: key === undefined || /^[0-9a-f]{16}$/.test(key) ? key : hashOf(key),
    action,
    fromMs,
    untilMs: fromMs + duration("for", Infinity),
    share: share as number,
    times: times as number,
    applied: applied as Fault["applied"],
    status: status as number,
    retryAfterMs: setting["retry_after"] === undefined ? undefined : duration("retry_after", 0),
    retryAfterAs: as as Fault["retryAfterAs"],
    byMs: readBy(kind, setting["by"], check),
    met: 0,
  };
}

function readBy(kind: FaultKind, by: unknown, check: Check): number {
  if (kind !== "slow_headers" && kind !== "slow_body" && kind !== "skew") {
    check(by === undefined, "by", "belongs to slow_headers, slow_body and skew");
    return 0;
  }
  const negative = typeof by === "string" && by.startsWith("-");
  const ms = parseDurationMs(negative ? by.slice(1) : by);
  check(ms !== undefined && (!negative || kind === "skew"), "by", 'expected seconds or a duration such as "5s"');
  return negative ? -(ms ?? 0) : (ms ?? 0);
}
