import { SettingError } from "../setting-error.ts";
import type { Applied, FaultKind, FaultSetting } from "./fault.ts";

type Draft = { -readonly [Key in keyof FaultSetting]?: FaultSetting[Key] };

/** Words that take the next one as their value, and where it goes. */
const WITH_VALUE: Readonly<Record<string, (draft: Draft, value: string) => boolean>> = {
  at: (draft, value) => ((draft.at = value), true),
  for: (draft, value) => ((draft.for = value), true),
  on: (draft, value) => {
    const [receiver, region] = value.split("/", 2);
    if (receiver !== undefined && receiver !== "*") draft.receiver = receiver;
    if (region !== undefined) draft.region = region as "us" | "eu";
    return true;
  },
  key: (draft, value) => ((draft.key = value), true),
  action: (draft, value) => ((draft.action = value), true),
  share: (draft, value) => {
    draft.share = value.endsWith("%") ? Number(value.slice(0, -1)) / 100 : Number(value);
    return true;
  },
  times: (draft, value) => ((draft.times = Number(value)), true),
  answer: (draft, value) => ((draft.kind = "answer"), (draft.status = Number(value)), true),
  "retry-after": (draft, value) => ((draft.retry_after = value), true),
  as: (draft, value) => ((draft.retry_after_as = value as "seconds" | "date"), true),
  skew: (draft, value) => ((draft.kind = "skew"), (draft.by = value), true),
  reset: (draft, value) => {
    draft.kind = `reset_${value}` as FaultKind;
    return value === "before" || value === "after";
  },
  slow: (draft, value) => {
    draft.kind = `slow_${value}` as FaultKind;
    return value === "headers" || value === "body";
  },
  by: (draft, value) => ((draft.by = value), true),
  wrong: (draft, value) => ((draft.kind = "wrong_type"), value === "type"),
  not: (draft, value) => {
    if (value === "json") draft.kind = "not_json";
    if (value === "applied") draft.applied = false;
    return value === "json" || value === "applied";
  },
  maybe: (draft, value) => ((draft.applied = "maybe" satisfies Applied), value === "applied"),
};

const ALONE: Readonly<Record<string, (draft: Draft) => void>> = {
  hang: (draft) => (draft.kind = "hang"),
  half: (draft) => (draft.kind = "half"),
  refuse: (draft) => (draft.kind = "refuse"),
  applied: (draft) => (draft.applied = true),
};

/**
 * Reads a script of faults, one to a line or separated by semicolons; `#` begins a comment. For example
 *
 *     at 10s for 30s answer 429 retry-after 5s
 *     at 1m on pagerduty share 20% reset after maybe applied
 *     times 3 on slack slow headers by 2s
 *
 * @throws SettingError naming the line and the word
 */
export function readFaultScript(script: string): FaultSetting[] {
  const issues: { path: string; message: string }[] = [];
  const settings: FaultSetting[] = [];
  for (const [index, line] of script.split("\n").entries()) {
    for (const clause of (line.split("#", 1)[0] ?? "").split(";")) {
      const words = clause.trim().split(/\s+/).filter(Boolean);
      if (words.length === 0) continue;
      const message = readClause(words, settings);
      if (message !== undefined) issues.push({ path: `script line ${index + 1}`, message });
    }
  }
  if (issues.length > 0) throw new SettingError(issues);
  return settings;
}

/** Undefined when the clause was read, else what is wrong with it. */
function readClause(words: string[], settings: FaultSetting[]): string | undefined {
  const draft: Draft = {};
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const alone = Object.hasOwn(ALONE, word) ? ALONE[word] : undefined;
    if (alone !== undefined) {
      alone(draft);
      continue;
    }
    const withValue = Object.hasOwn(WITH_VALUE, word) ? WITH_VALUE[word] : undefined;
    if (withValue === undefined) return `"${word}" is not a word of the script`;
    const value = words[(index += 1)];
    if (value === undefined) return `"${word}" needs something after it`;
    if (!withValue(draft, value)) return `"${word} ${value}" is not known`;
  }
  if (draft.kind === undefined)
    return "says no fault: add answer, hang, reset, half, slow, wrong type, not json, refuse or skew";
  settings.push({ ...draft, kind: draft.kind });
  return undefined;
}
