import { type Issue, SettingError } from "../setting-error.ts";
import { isRecord } from "../server/json-body.ts";

/**
 * How the stand-in answers a request.
 *
 * - `right`: a sensible verdict for the alert in the prompt.
 * - `slow`: the same, `afterMs` later. `hang`: no answer. `drip`: one byte every 50 ms. `cut`: the connection breaks within the body.
 * - `rate_limited`: 429 with `Retry-After`. `server_error`: 500. `overloaded`: 529. `unauthorized`: 401.
 * - `invalid_json`, `fenced_json` (in a Markdown fence, after prose), `wrong_schema`: the text of the answer.
 * - `contradictory`: noise, with a reasoning that calls it critical.
 * - `huge`: 10 MB. `truncated`: the model reached its limit of tokens. `refusal`: the model declines.
 * - `prose_for_schema`: prose if a schema was sent, a verdict otherwise. `schema_refused`: 400 if a schema was sent.
 * - `redirect`: to another path. `echo_error`: 500 with the whole request and its credential in the body.
 * - `obeying`: obeys each instruction in the alert's text, with confidence 0.99.
 */
export const modelBehaviors = [
  "right",
  "slow",
  "hang",
  "drip",
  "cut",
  "rate_limited",
  "server_error",
  "overloaded",
  "unauthorized",
  "invalid_json",
  "fenced_json",
  "wrong_schema",
  "contradictory",
  "huge",
  "truncated",
  "refusal",
  "prose_for_schema",
  "schema_refused",
  "redirect",
  "echo_error",
  "obeying",
] as const;

export interface ModelBehavior {
  readonly kind: (typeof modelBehaviors)[number];
  /** Of `slow`. @default 1000 */
  readonly afterMs?: number;
  /** Of `rate_limited`. @default 7 */
  readonly retryAfterSeconds?: number;
  /** Replaces fields of the verdict, with values of any type. */
  readonly verdict?: Readonly<Record<string, unknown>>;
}

/** The behaviors of the next requests, in order. The last one stays. */
export type ModelScript = readonly (ModelBehavior | ModelBehavior["kind"])[];

/** @throws SettingError with every issue */
export function readModelScript(script: unknown): ModelBehavior[] {
  if (!Array.isArray(script) || script.length === 0)
    throw new SettingError([{ path: "script", message: 'expected a list such as ["rate_limited", "right"]' }]);
  const behaviors = script.map((one: unknown) => (isRecord(one) ? one : { kind: one }));
  const issues = behaviors.flatMap(({ kind }, index): Issue[] =>
    (modelBehaviors as readonly unknown[]).includes(kind)
      ? []
      : [{ path: `script[${index}]`, message: `expected one of ${modelBehaviors.join(", ")}` }],
  );
  if (issues.length > 0) throw new SettingError(issues);
  return behaviors as unknown as ModelBehavior[];
}
