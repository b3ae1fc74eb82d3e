import type { Labels } from "@tocsin/core";
import { z } from "zod";

import type { Located } from "../issues.ts";
import { parseInstant } from "./instant.ts";

/** Also nothing: `z.unknown()` alone asks for the key. */
const anything = z.unknown().optional();

/**
 * Names to texts. Not `z.record`, which drops a label named `__proto__`: here that is a name like any other, and stays the
 * own property that `JSON.parse` made of it. The object is passed on as it is, for a copy without prototype costs every
 * later step more. Go writes an empty map as null.
 */
const texts = anything.transform((input, context): Labels => {
  if (input === undefined || input === null) return {};
  if (typeof input !== "object" || Array.isArray(input)) {
    context.addIssue({ code: "custom", message: "expected an object", input });
    return z.NEVER;
  }
  const map = input as Record<string, unknown>;
  for (const name of Object.keys(map)) {
    if (typeof map[name] !== "string") {
      context.addIssue({ code: "custom", message: "expected a string", input: map[name], path: [name] });
    }
  }
  return map as Labels;
});

/** A label with an empty value is the same as none: https://prometheus.io/docs/concepts/data_model/ */
const labels = texts.transform((map): Labels => {
  for (const name of Object.keys(map)) {
    if (map[name] === "") return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== ""));
  }
  return map;
});

/** Ms since epoch; undefined where there is none: absent, null, or Go's zero time. */
const instant = anything.transform((input, context): number | undefined => {
  if (input === undefined || input === null) return undefined;
  const ms = typeof input === "string" ? parseInstant(input) : null;
  if (ms !== null) return ms;
  context.addIssue({ code: "custom", message: 'expected a time such as "2026-01-31T12:00:00Z"', input });
  return z.NEVER;
});

/** Undefined where it is absent, null or empty. */
export const optionalText = z
  .string({ error: "expected a string" })
  .nullish()
  .transform((value) => (value === null || value === "" ? undefined : value));

/** What every format says of an alert. Unknown members are ignored: both vendors add some without a new version. */
export const alertFields = {
  labels,
  annotations: texts,
  startsAt: instant,
  endsAt: instant,
  generatorURL: optionalText,
};

/** Without labels, and with no fingerprint given, an alert has no identity. */
export const noLabels: readonly Located[] = [{ path: ["labels"], message: "expected at least one label with a value" }];

export const isEmpty = (map: Labels): boolean => Object.keys(map).length === 0;
