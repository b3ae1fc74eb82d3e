import { duration, InvalidMatcher, InvalidPattern, type Issue, type Matcher, parseMatchers } from "@tocsin/core";
import { z } from "zod";

const matcher = z.string().superRefine((text, context) => {
  try {
    parseMatchers(text);
  } catch (error) {
    if (!(error instanceof InvalidMatcher || error instanceof InvalidPattern)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

/** The key `expect` of a source. */
export const expectationSettings = z.strictObject({
  every: duration()
    .refine((ms) => ms >= 1_000, { error: "must be at least 1s" })
    .describe(
      "The source is silent if nothing arrives for this long. Longer than the interval at which it sends: `2m` for an alert that is repeated every minute.",
    ),
  matchers: z
    .array(matcher)
    .min(1, "expected at least one matcher")
    .optional()
    .describe(
      "Only a firing alert of this source that matches all of them counts, such as `['alertname=\"Watchdog\"']`. Such an alert is recorded and never sent. Default: every request of the source counts.",
    ),
  targets: z
    .array(z.string().min(1))
    .min(1, "expected at least one target")
    .optional()
    .describe(
      "Names of the targets that receive a critical when the source is silent, whatever their filters. Default: `selfAlerts.targets`.",
    ),
});

/** A source that must send regularly. */
export interface Expectation {
  readonly source: string;
  readonly everyMs: number;
  /** An alert counts if all of them match. Undefined: every request counts. */
  readonly matchers: readonly Matcher[] | undefined;
  /** Names of the targets that receive the alert about its silence. */
  readonly targets: readonly string[];
}

interface Written {
  readonly name: string;
  readonly expect?: z.output<typeof expectationSettings> | undefined;
}

export interface ExpectationTerms {
  /** The targets of `selfAlerts`. */
  readonly selfAlertTargets: readonly string[] | undefined;
  /** Tokens and clients. If there are any, the name of a source is the name of one of them. */
  readonly senders: readonly { readonly name: string; readonly roles: readonly string[] }[];
  readonly issues: Issue[];
}

/** Returns the expectations of all sources. */
export function expectationsIn(sources: readonly Written[], terms: ExpectationTerms): Expectation[] {
  const { selfAlertTargets, senders, issues } = terms;
  return sources.flatMap(({ name, expect }, index): Expectation[] => {
    if (expect === undefined) return [];
    const path = `sources[${index}]`;
    if (senders.length > 0 && !senders.some((one) => one.name === name && one.roles.includes("ingest"))) {
      const message = "must be the name of a token or client with the role `ingest`, because `expect` is set";
      issues.push({ path: `${path}.name`, message });
    }
    const targets = expect.targets ?? selfAlertTargets;
    if (targets === undefined)
      issues.push({ path: `${path}.expect.targets`, message: "is needed, because there is no `selfAlerts.targets`" });
    const matchers = expect.matchers?.flatMap((text) => parseMatchers(text));
    return [{ source: name, everyMs: expect.every, matchers, targets: targets ?? [] }];
  });
}
