import { formatDuration, parseDurationMs } from "../duration.ts";
import { isRecord } from "../server/json-body.ts";
import { SettingError } from "../setting-error.ts";
import type { Limit } from "./rate-limiter.ts";

/** A limit as the user writes it: `{ "limit": 120, "per": "6s" }`. Absent fields stay unchanged. */
export interface LimitSetting {
  /** Which limit. @default `pagerduty`. The names are the keys of `defaultLimits`. */
  readonly receiver?: string;
  /** Calls in a window; 0 = no limit. */
  readonly limit?: number;
  /** Length of a window: seconds, or a duration such as `"6s"`. */
  readonly per?: number | string;
  /** `sliding` looks back from each call; `clock` counts whole windows of the clock. */
  readonly align?: "sliding" | "clock";
  /** Dynamic throttling: incidents opened in the window lower the limit, down to `floor`. `null` switches it off. */
  readonly dynamic?: { readonly floor: number } | null;
  /** Whether a 429 carries `Retry-After`, and in which form. */
  readonly retry_after?: "none" | "seconds" | "date";
}

const minutely = (limit: number): Limit => ({ limit, perMs: 60_000, align: "sliding", retryAfter: "none" });

/** The documented limits of the vendors; `docs/receivers/` has the sources. */
export const defaultLimits = (): Map<string, Limit> =>
  new Map<string, Limit>([
    // "120 calls per minute per integration key", look-back of 60 s. No Retry-After documented.
    ["pagerduty", minutely(120)],
    ["pagerduty_rest", minutely(960)],
    // Alert creation; other writes have 3,000 a minute.
    ["rootly", minutely(50)],
    ["rootly_api", minutely(3000)],
    // One post a second and channel; 429 with Retry-After in whole seconds.
    ["slack", { limit: 1, perMs: 1000, align: "sliding", retryAfter: "seconds" }],
    // chat.update is "Tier 3: 50+ per minute", per app and workspace.
    ["slack_update", { ...minutely(50), retryAfter: "seconds" }],
  ]);

/** @throws SettingError with every issue */
export function readLimitSetting(value: unknown, limits: ReadonlyMap<string, Limit>): { name: string; limit: Limit } {
  const issues: { path: string; message: string }[] = [];
  const expect = (holds: boolean, path: string, message: string): void => {
    if (!holds) issues.push({ path, message });
  };
  if (!isRecord(value)) throw new SettingError([{ path: "", message: "expected an object" }]);
  const known = ["receiver", "limit", "per", "align", "dynamic", "retry_after"];
  for (const key of Object.keys(value)) expect(known.includes(key), key, `unknown; known are ${known.join(", ")}`);

  const name = value["receiver"] ?? "pagerduty";
  const before = typeof name === "string" ? limits.get(name) : undefined;
  expect(before !== undefined, "receiver", `expected one of ${[...limits.keys()].join(", ")}`);
  const limit = value["limit"] ?? before?.limit;
  expect(Number.isInteger(limit) && (limit as number) >= 0, "limit", "expected a whole number; 0 = no limit");
  const perMs = value["per"] === undefined ? before?.perMs : parseDurationMs(value["per"]);
  expect(perMs !== undefined && perMs > 0, "per", 'expected seconds or a duration such as "6s"');
  const align = value["align"] ?? before?.align;
  expect(align === "sliding" || align === "clock", "align", "expected sliding or clock");
  const retryAfter = value["retry_after"] ?? before?.retryAfter;
  expect(["none", "seconds", "date"].includes(retryAfter as string), "retry_after", "expected none, seconds or date");
  const dynamic = value["dynamic"];
  const floor = isRecord(dynamic) ? dynamic["floor"] : undefined;
  expect(
    dynamic === undefined || dynamic === null || (Number.isInteger(floor) && (floor as number) >= 1),
    "dynamic",
    'expected { "floor": calls } or null',
  );
  if (issues.length > 0) throw new SettingError(issues);

  const dynamicFloor = dynamic === undefined ? before?.dynamicFloor : (floor as number | undefined);
  return {
    name: name as string,
    limit: {
      limit: limit as number,
      perMs: perMs as number,
      align: align as Limit["align"],
      retryAfter: retryAfter as Limit["retryAfter"],
      ...(dynamicFloor === undefined ? {} : { dynamicFloor }),
    },
  };
}

export const limitRow = (name: string, limit: Limit) => ({
  receiver: name,
  limit: limit.limit,
  per: formatDuration(limit.perMs),
  align: limit.align,
  dynamic: limit.dynamicFloor === undefined ? null : { floor: limit.dynamicFloor },
  retry_after: limit.retryAfter,
});
