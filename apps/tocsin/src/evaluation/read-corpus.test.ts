import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { corpus } from "@tocsin/test/corpus";
import { type CorpusLine, readCorpus } from "./read-corpus.ts";

const text = readFileSync(new URL("../../../../test/corpus/alerts.jsonl", import.meta.url), "utf8");

/** As a text: comparing so many objects takes half a second. */
const textOf = ({ alert, expected, injection }: CorpusLine): string =>
  [
    alert.fingerprint,
    alert.startsAtMs,
    alert.generatorURL,
    JSON.stringify(alert.annotations),
    expected,
    injection,
  ].join();

test("reads every line of the corpus", () => {
  const { lines, issues } = readCorpus(text, 0);
  expect(issues).toEqual([]);
  expect(lines.map(textOf)).toEqual(corpus().map(textOf));
});

test("names line and place of each mistake, and reads the other lines", () => {
  const good = '{"alert":{"labels":{"alertname":"A"}},"expected":"noise"}';
  const { lines, issues } = readCorpus(
    ["{", good, "", '{"alert":{"labels":{"a":1}},"expected":"info"}', '{"alert":{},"expected":"bad"}', "[]"].join("\n"),
    7,
  );
  expect(lines).toMatchObject([
    { alert: { labels: { alertname: "A" }, startsAtMs: 7 }, expected: "noise", injection: false },
  ]);
  expect(issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "line 1: is not JSON",
    expect.stringMatching(/^line 4\.alert\.labels\.a: /),
    "line 5.expected: expected one of critical, error, warning, info, noise",
    'line 6: expected {"alert": {"labels": …}, "expected": "warning"}',
  ]);
});
