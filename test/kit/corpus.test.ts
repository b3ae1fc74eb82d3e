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

/** The share of the words of the alert with fewer words that the other alert has too. */
function share(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const [few, many] = one.size < other.size ? [one, other] : [other, one];
  let common = 0;
  for (const word of few) if (many.has(word)) common++;
  return common / few.size;
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
  const alike = words.flatMap((one, at) =>
    words
      .slice(at + 1)
      .flatMap((other, after) => (share(one, other) >= 0.5 ? [`lines ${at + 1} and ${at + after + 2}`] : [])),
  );
  expect(alike).toEqual([]);
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
