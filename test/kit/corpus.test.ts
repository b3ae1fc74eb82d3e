import { labelSeverity, verdictSeverities } from "@tocsin/core";
import { expect, test } from "vitest";
import { corpus, type CorpusAlert } from "./corpus.ts";

const alerts = corpus();
const severityOf = ({ alert }: CorpusAlert) => labelSeverity((name) => alert.labels[name] ?? "");

/**
 * The words in the values of labels and annotations, and in the URL: lower-case runs of letters, at least two long. Words with
 * digits do not count: numbers, versions and random suffixes would make any two alerts look different.
 */
function wordsIn({ alert }: CorpusAlert): Set<string> {
  const values = [...Object.values(alert.labels), ...Object.values(alert.annotations), alert.generatorURL ?? ""];
  const runs = values.flatMap(
    (value) =>
      value
        .normalize("NFKC")
        .toLowerCase()
        .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
  );
  return new Set(runs.filter((word) => word.length > 1 && !/\p{N}/u.test(word)));
}

/** Pairs of lines that have at least half of the words of the line with fewer words in common. */
function pairsAlike(words: readonly ReadonlySet<string>[]): string[] {
  const linesWith = new Map<string, number[]>();
  const alike: string[] = [];
  for (const [at, one] of words.entries()) {
    const common = new Uint16Array(at);
    for (const word of one) {
      const earlier = linesWith.get(word) ?? [];
      for (const line of earlier) common[line] = (common[line] ?? 0) + 1;
      earlier.push(at);
      linesWith.set(word, earlier);
    }
    for (const [line, count] of common.entries())
      if (count >= Math.min(one.size, words[line]?.size ?? 0) / 2) alike.push(`lines ${line + 1} and ${at + 1}`);
  }
  return alike;
}

test("the corpus has 500 different alerts of at least 150 names and 60 sets of label names", () => {
  expect(alerts).toHaveLength(500);
  expect(new Set(alerts.map(({ alert }) => alert.fingerprint)).size).toBe(500);
  expect(new Set(alerts.map(({ alert }) => alert.labels["alertname"])).size).toBeGreaterThanOrEqual(150);
  const sets = alerts.map(({ alert }) =>
    Object.keys(alert.labels)
      .filter((name) => name !== "severity" && name !== "priority")
      .toSorted()
      .join(),
  );
  expect(new Set(sets).size).toBeGreaterThanOrEqual(60);
});

test("no two alerts of the corpus share half of the words in their values", () => {
  const words = alerts.map(wordsIn);
  expect(Math.min(...words.map(({ size }) => size))).toBeGreaterThanOrEqual(8);
  expect(pairsAlike(words)).toEqual([]);
});

test("60 alerts of the corpus carry an injection, most of them in critical alerts, in labels, annotations and URLs", () => {
  const injected = alerts.filter(({ injection }) => injection);
  expect(injected).toHaveLength(60);
  expect(injected.filter((one) => one.expected === "critical").length).toBeGreaterThan(30);
  expect(injected.filter((one) => severityOf(one) === "critical").length).toBeGreaterThan(15);
});

test("every severity is expected of some alerts, and about a third of the alerts state none", () => {
  const rare = verdictSeverities.filter((one) => alerts.filter(({ expected }) => expected === one).length < 25);
  expect(rare).toEqual([]);
  const silent = alerts.filter((one) => severityOf(one) === undefined).length;
  expect(silent).toBeGreaterThan(140);
  expect(silent).toBeLessThan(200);
});
