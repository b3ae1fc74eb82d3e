import type { Labels } from "@tocsin/core";

import { parseInstant } from "./instant.ts";

/** What every format says of an alert, read. */
export interface SaidAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt?: number | undefined;
  readonly endsAt?: number | undefined;
  readonly generatorURL?: string | undefined;
}

/** What a webhook says besides. */
export interface SaidByWebhook extends SaidAlert {
  readonly status: "firing" | "resolved";
  readonly fingerprint?: string | undefined;
  readonly dashboardURL?: string | undefined;
  readonly panelURL?: string | undefined;
  readonly silenceURL?: string | undefined;
  readonly imageURL?: string | undefined;
  readonly valueString?: string | undefined;
}

type Input = Readonly<Record<string, unknown>>;

/**
 * Reads an alert as nearly all senders write it, at a tenth of what its schema costs. Undefined where anything is unusual:
 * then the schema decides, which alone knows what is wrong and how to say it. Wherever this reads something the schema reads
 * the same; a test holds that.
 */
export function quickAlert(input: unknown): SaidAlert | undefined {
  return isObject(input) ? readUsual(input) : undefined;
}

/** The same for an alert of a webhook. */
export function quickWebhookAlert(input: unknown): SaidByWebhook | undefined {
  const said = quickAlert(input);
  if (said === undefined) return undefined;
  const { status, fingerprint, dashboardURL, panelURL, silenceURL, imageURL, valueString } = input as Input;
  if (status !== "firing" && status !== "resolved") return undefined;
  if (!isText(fingerprint) || !isText(dashboardURL) || !isText(panelURL)) return undefined;
  if (!isText(silenceURL) || !isText(imageURL) || !isText(valueString)) return undefined;
  return {
    ...said,
    status,
    fingerprint: fingerprint || undefined,
    dashboardURL: dashboardURL || undefined,
    panelURL: panelURL || undefined,
    silenceURL: silenceURL || undefined,
    imageURL: imageURL || undefined,
    valueString: valueString || undefined,
  };
}

function readUsual({ labels, annotations, startsAt, endsAt, generatorURL }: Input): SaidAlert | undefined {
  if (!areTexts(labels, false) || !areTexts(annotations, true) || !isText(generatorURL)) return undefined;
  const [from, to] = [instantOf(startsAt), instantOf(endsAt)];
  if (from === null || to === null) return undefined;
  return {
    labels: labels as Labels,
    annotations: (annotations ?? {}) as Labels,
    startsAt: from,
    endsAt: to,
    generatorURL: generatorURL || undefined,
  };
}

const isObject = (input: unknown): input is Input =>
  typeof input === "object" && input !== null && !Array.isArray(input);

const isText = (input: unknown): input is string | null | undefined =>
  typeof input === "string" || input === undefined || input === null;

/** Names to texts. An empty text is a label that is none, so labels with one are unusual, as are no labels at all. */
function areTexts(input: unknown, mayBeEmpty: boolean): boolean {
  if (!isObject(input)) return mayBeEmpty && (input === undefined || input === null);
  for (const name in input) {
    const text = input[name];
    if (typeof text !== "string" || (text === "" && !mayBeEmpty)) return false;
  }
  return true;
}

/** Null where it is no time. */
const instantOf = (input: unknown): number | undefined | null =>
  input === undefined || input === null ? undefined : typeof input === "string" ? parseInstant(input) : null;
