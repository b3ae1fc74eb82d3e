import { SettingError } from "../setting-error.ts";
import type { Issue } from "../setting-error.ts";
import type { FaultSetting } from "./fault.ts";

type Draft = { -readonly [Key in keyof FaultSetting]?: FaultSetting[Key] };

/**
 * Reads a script of faults, one to a line or separated by semicolons; `#` begins a comment. For example
 *
 *     at 10s for 30s answer 429 retry-after 5s
 *     at 1m on pagerduty share 20% reset after maybe applied
 *     times 3 on slack slow headers by 2s
 *
 * It reads words only. `readFaults` checks the numbers and durations.
 * @throws SettingError naming the line and the word
 */
export function readFaultScript(script: string): FaultSetting[] {
  const issues: Issue[] = [];
  const settings: FaultSetting[] = [];
  for (const [index, line] of script.split("\n").entries()) {
    for (const clause of (line.split("#", 1)[0] ?? "").split(";")) {
      const words = clause.trim().split(/\s+/).filter(Boolean);
      if (words.length === 0) continue;
      const read = readClause(words);
      if (typeof read === "string") issues.push({ path: `script line ${index + 1}`, message: read });
      else settings.push(read);
    }
  }
  if (issues.length > 0) throw new SettingError(issues);
  return settings;
}

/** Returns the fault, or a text that says why the clause is wrong. */
function readClause(words: readonly string[]): FaultSetting | string {
  const draft: Draft = {};
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (readAlone(draft, word)) continue;
    if (!withValue.has(word)) return `"${word}" is not a word of the script`;
    const value = words[(index += 1)];
    if (value === undefined) return `"${word}" needs something after it`;
    if (!readWithValue(draft, word, value)) return `"${word} ${value}" is not known`;
  }
  const { kind } = draft;
  if (kind === undefined)
    return "says no fault: answer, hang, reset, half, slow, wrong type, not json, refuse, skew, suppress or disabled";
  return { ...draft, kind };
}

function readAlone(draft: Draft, word: string): boolean {
  if (alone.has(word)) draft.kind = word as FaultSetting["kind"];
  else if (word === "applied") draft.applied = true;
  else return false;
  return true;
}

const alone = new Set(["hang", "half", "refuse", "suppress", "disabled"] satisfies FaultSetting["kind"][] as string[]);

const withValue = new Set(
  "at for by on key action share times answer retry-after as skew reset slow wrong not maybe".split(" "),
);

function readWithValue(draft: Draft, word: string, value: string): boolean {
  switch (word) {
    case "at":
    case "for":
    case "by":
    case "key":
    case "action":
      draft[word] = value;
      return true;
    case "on": {
      const [receiver = "*", region] = value.split("/", 2);
      if (receiver !== "*") draft.receiver = receiver;
      if (region === "us" || region === "eu") draft.region = region;
      return region === undefined || draft.region === region;
    }
    case "share":
      draft.share = value.endsWith("%") ? Number(value.slice(0, -1)) / 100 : Number(value);
      return true;
    case "times":
      draft.times = Number(value);
      return true;
    case "answer":
      draft.kind = "answer";
      draft.status = Number(value);
      return true;
    case "retry-after":
      draft.retry_after = value;
      return true;
    case "as":
      if (value === "seconds" || value === "date") draft.retry_after_as = value;
      return draft.retry_after_as === value;
    case "skew":
      draft.kind = "skew";
      draft.by = value;
      return true;
  }
  return readPair(draft, `${word} ${value}`);
}

/** Pairs of words that have a meaning only together. */
function readPair(draft: Draft, pair: string): boolean {
  const kinds = {
    "reset before": "reset_before",
    "reset after": "reset_after",
    "slow headers": "slow_headers",
    "slow body": "slow_body",
    "wrong type": "wrong_type",
    "not json": "not_json",
  } as const;
  if (Object.hasOwn(kinds, pair)) draft.kind = kinds[pair as keyof typeof kinds];
  else if (pair === "not applied") draft.applied = false;
  else if (pair === "maybe applied") draft.applied = "maybe";
  else return false;
  return true;
}
