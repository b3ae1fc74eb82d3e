import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblems, readAlert, readWebhookAlert } from "./read-alert.ts";

const posted = {
  labels: { alertname: "DiskFull" },
  annotations: { summary: "" },
  startsAt: "2026-11-23T10:00:00.123456789Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus/graph",
};

test("reads an alert from Prometheus", () => {
  expect(readAlert(posted)).toEqual({
    labels: { alertname: "DiskFull" },
    annotations: { summary: "" },
    startsAt: Date.UTC(2026, 10, 23, 10, 0, 0, 123),
    endsAt: undefined,
    generatorURL: "http://prometheus/graph",
  });
});

test("reads an alert from a webhook, and ignores unknown members", () => {
  const grafana = { ...posted, status: "resolved", values: { B: 22 }, imageURL: "", panelURL: "http://grafana/d/1" };
  expect(readWebhookAlert(grafana)).toMatchObject({
    status: "resolved",
    fingerprint: undefined,
    imageURL: undefined,
    panelURL: "http://grafana/d/1",
  });
});

test.each<[string, string, unknown]>([
  ['{"labels":{"a":"b","c":""}}', "labels", { a: "b" }],
  ['{"labels":{"a":"b","c":null}}', "labels", { a: "b" }],
  ['{"labels":null}', "labels", {}],
  ["{}", "labels", {}],
  ['{"annotations":{"a":null,"b":""}}', "annotations", { a: "", b: "" }],
  ['{"annotations":null}', "annotations", {}],
  ['{"generatorURL":null}', "generatorURL", undefined],
  ['{"generatorURL":""}', "generatorURL", undefined],
  ['{"startsAt":""}', "startsAt", undefined],
  ['{"startsAt":null}', "startsAt", undefined],
])("reads %s", (json, field, value) => {
  expect(readAlert(JSON.parse(json))).toMatchObject({ [field]: value });
});

test.each(['{"a":"b","__proto__":"x"}', '{"a":"b","__proto__":"x","c":""}', '{"a":"b","__proto__":"x","c":null}'])(
  "keeps the label __proto__ of %s as its own",
  (labels) => {
    const read = readAlert({ labels: JSON.parse(labels) });
    if (isProblems(read)) throw new Error("it is valid");
    expect(Object.entries(read.labels)).toEqual([
      ["a", "b"],
      ["__proto__", "x"],
    ]);
  },
);

test.each<[unknown, string[]]>([
  [5, [""]],
  [null, [""]],
  [["x"], [""]],
  [{ labels: [] }, ["labels"]],
  [{ labels: { a: 5, b: {}, c: "" } }, ["labels.a", "labels.b"]],
  [{ annotations: "x" }, ["annotations"]],
  [{ annotations: { a: true } }, ["annotations.a"]],
  [{ startsAt: 5, endsAt: "soon", generatorURL: {} }, ["startsAt", "endsAt", "generatorURL"]],
])("names all mistakes of %j", (input, paths) => {
  const read = readAlert(input);
  expect(isProblems(read) && read.map(({ path }) => path.join("."))).toEqual(paths);
});

test("labels of more than 1,048,576 characters are refused, longer annotations are not", () => {
  const long = "x".repeat(1_048_575);
  expect(readAlert({ labels: { a: long }, annotations: { a: `${long}xx` } })).toMatchObject({ labels: { a: long } });
  expect(readAlert({ labels: { a: `${long}x` } })).toMatchObject([{ path: ["labels"] }]);
  expect(readAlert({ labels: { a: long, b: "" } })).toMatchObject([{ path: ["labels"] }]);
});

test("names the mistakes in the fields of a webhook", () => {
  const read = readWebhookAlert({ status: "maybe", fingerprint: 5, imageURL: [] });
  expect(isProblems(read) && read.map(({ path }) => path.join("."))).toEqual(["status", "fingerprint", "imageURL"]);
});

describe("any input:", () => {
  const names = ["labels", "annotations", "startsAt", "endsAt", "generatorURL", "status", "fingerprint"];
  const anyAlert = fc.dictionary(fc.constantFrom(...names), fc.anything());

  test.each([readAlert, readWebhookAlert])(
    "%o returns an alert of texts and times, or at least one problem",
    (read) => {
      fc.assert(
        fc.property(fc.oneof(anyAlert, fc.anything()), (input) => {
          const result = read(input);
          const fields = isProblems(result) ? { labels: {}, annotations: {} } : result;
          expect(isProblems(result) && result.length === 0).toBe(false);
          const texts = [...Object.values(fields.labels), ...Object.values(fields.annotations)];
          expect(texts.filter((text) => typeof text !== "string")).toEqual([]);
          const times = isProblems(result) ? [] : [result.startsAt, result.endsAt];
          expect(times.filter((ms) => ms !== undefined && !Number.isInteger(ms))).toEqual([]);
        }),
        { numRuns: 500 },
      );
    },
  );
});
