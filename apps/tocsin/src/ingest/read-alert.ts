import type { Labels } from "@tocsin/core";
import type { LocatedIssue } from "./located-issue.ts";
import { parseInstant } from "./instant.ts";

/** The fields of an alert that every format has. */
export interface AlertFields {
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Ms since epoch. */
  readonly startsAt: number | undefined;
  /** Ms since epoch. */
  readonly endsAt: number | undefined;
  readonly generatorURL: string | undefined;
}

/** The fields of an alert in a webhook. */
export interface WebhookAlertFields extends AlertFields {
  readonly status: "firing" | "resolved";
  readonly fingerprint: string | undefined;
  readonly dashboardURL: string | undefined;
  readonly panelURL: string | undefined;
  readonly silenceURL: string | undefined;
  readonly imageURL: string | undefined;
  readonly valueString: string | undefined;
}

type Input = Readonly<Record<string, unknown>>;

/** Maximum length of the names and values of all labels together. Hashing much longer ones would block the process. */
const maxLabelCharacters = 1_048_576;

/** Maximum number of problems per alert: enough to see what is wrong. */
const maxProblems = 100;

/** An alert with neither labels nor a given fingerprint has no identity. */
export const noLabels: readonly LocatedIssue[] = [
  { path: ["labels"], message: "expected at least one label with a value" },
];

/**
 * Reads an alert as Prometheus posts it; returns the problems if it is invalid. Unknown members are ignored, because senders
 * add members without a new version. Alerts are read without a schema library, which would cost ten times as much for each
 * alert.
 */
export function readAlert(input: unknown): AlertFields | readonly LocatedIssue[] {
  const problems: LocatedIssue[] = [];
  const fields = readFields(input, problems);
  return fields === undefined || problems.length > 0 ? problems : fields;
}

/** Reads an alert of an Alertmanager webhook (version "4") or of Grafana's superset of it. */
export function readWebhookAlert(input: unknown): WebhookAlertFields | readonly LocatedIssue[] {
  const problems: LocatedIssue[] = [];
  const fields = readFields(input, problems);
  if (fields === undefined) return problems;
  const { status, fingerprint, dashboardURL, panelURL, silenceURL, imageURL, valueString } = input as Input;
  if (status !== "firing" && status !== "resolved") add(problems, ["status"], 'expected "firing" or "resolved"');
  const read = {
    ...fields,
    status: status as WebhookAlertFields["status"],
    fingerprint: readText(fingerprint, "fingerprint", problems),
    dashboardURL: readText(dashboardURL, "dashboardURL", problems),
    panelURL: readText(panelURL, "panelURL", problems),
    silenceURL: readText(silenceURL, "silenceURL", problems),
    imageURL: readText(imageURL, "imageURL", problems),
    valueString: readText(valueString, "valueString", problems),
  };
  return problems.length > 0 ? problems : read;
}

export const isProblems = (read: object): read is readonly LocatedIssue[] => Array.isArray(read);

export const isEmpty = (map: Labels): boolean => Object.keys(map).length === 0;

function readFields(input: unknown, problems: LocatedIssue[]): AlertFields | undefined {
  if (!isObject(input)) {
    add(problems, [], "expected an object");
    return undefined;
  }
  const { labels, annotations, startsAt, endsAt, generatorURL } = input;
  return {
    labels: readTexts(labels, "labels", problems),
    annotations: readTexts(annotations, "annotations", problems),
    startsAt: readInstant(startsAt, "startsAt", problems),
    endsAt: readInstant(endsAt, "endsAt", problems),
    generatorURL: readText(generatorURL, "generatorURL", problems),
  };
}

/**
 * Reads names and their texts. The object is passed on unchanged: a label named `__proto__` stays the own property that
 * `JSON.parse` created, and a copy would make every later step slower. Go writes an empty map as null, and reads a null text as
 * an empty one. A label with an empty value is the same as no label: https://prometheus.io/docs/concepts/data_model/
 */
function readTexts(input: unknown, field: "labels" | "annotations", problems: LocatedIssue[]): Labels {
  if (input === undefined || input === null) return {};
  if (!isObject(input)) {
    add(problems, [field], "expected an object");
    return {};
  }
  let copied = false;
  let characters = 0;
  for (const name in input) {
    const text = input[name];
    if (field === "labels" && typeof text === "string") characters += name.length + text.length;
    if (text === null || (text === "" && field === "labels")) copied = true;
    else if (typeof text !== "string") add(problems, [field, name], "expected a string");
  }
  if (characters > maxLabelCharacters)
    add(problems, [field], `must not be longer than ${maxLabelCharacters} characters`);
  if (!copied) return input as Labels;
  const entries = Object.entries(input).map(([name, text]): [string, string] => [
    name,
    typeof text === "string" ? text : "",
  ]);
  return Object.fromEntries(field === "labels" ? entries.filter(([, text]) => text !== "") : entries);
}

/** Undefined if there is no time: absent, null, empty, or Go's zero time. */
function readInstant(input: unknown, field: string, problems: LocatedIssue[]): number | undefined {
  if (input === undefined || input === null) return undefined;
  const ms = typeof input === "string" ? parseInstant(input) : null;
  if (ms !== null) return ms;
  return add(problems, [field], 'expected a time such as "2026-01-31T12:00:00Z"');
}

/** Undefined if it is absent, null or empty. */
function readText(input: unknown, field: string, problems: LocatedIssue[]): string | undefined {
  if (input === undefined || input === null || input === "") return undefined;
  return typeof input === "string" ? input : add(problems, [field], "expected a string");
}

function add(problems: LocatedIssue[], path: readonly PropertyKey[], message: string): undefined {
  if (problems.length < maxProblems) problems.push({ path, message });
}

const isObject = (input: unknown): input is Input =>
  typeof input === "object" && input !== null && !Array.isArray(input);
