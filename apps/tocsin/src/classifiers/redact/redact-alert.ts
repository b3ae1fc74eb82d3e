import type { Alert, Labels } from "@tocsin/core";
import { redacted, redactText } from "./redact-text.ts";

export interface RedactAlertOptions {
  /** Labels and annotations whose value never leaves, besides those that are named like secrets. */
  readonly denyLabels: readonly string[];
  readonly keep: readonly "ip"[];
}

/** Names of labels and annotations whose value never leaves. */
const secretNames =
  /pass(?:word|wd|phrase)|pwd|secret|token|api_?key|access_?key|private_?key|credential|authorization|cookie|e_?mail|session_?id/i;

/** Returns the labels and annotations of an alert without what must not leave. */
export function redactAlert(
  { labels, annotations }: Pick<Alert, "labels" | "annotations">,
  { denyLabels, keep }: RedactAlertOptions,
): { readonly labels: Labels; readonly annotations: Labels } {
  const denied = new Set(denyLabels);
  const keepIp = keep.includes("ip");
  const redact = (texts: Labels): Labels =>
    Object.fromEntries(
      Object.entries(texts).map(([name, value]) => [
        redactText(name, { keepIp }),
        denied.has(name) || secretNames.test(name.replaceAll("-", "_")) ? redacted : redactText(value, { keepIp }),
      ]),
    );
  return { labels: redact(labels), annotations: redact(annotations) };
}
