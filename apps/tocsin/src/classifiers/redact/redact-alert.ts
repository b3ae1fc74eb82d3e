import type { Alert, Labels } from "@tocsin/core";
import { marks, redactText } from "./redact-text.ts";

export interface RedactSettings {
  /** Labels and annotations whose values never leave, besides those whose name says that they are secret. Any case. */
  readonly denyLabels: readonly string[];
  /** `ip`: addresses stay. */
  readonly keep: readonly "ip"[];
}

/** Names that say that the value is secret. */
const secretName =
  /pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|routing[_-]?key|integration[_-]?key|credential|authorization|cookie|session[_-]?id|(?:^|_)auth(?:$|_)|e?mail(?:$|_)/i;

/**
 * The labels and annotations of an alert without what must not leave to a model: credentials, e-mail addresses, IP addresses, and
 * the values of denied labels. Names of pods, hosts, images and services stay, because a verdict needs them. UUIDs stay too: they
 * identify things, and few services use them as credentials.
 */
export function redactAlert(
  { labels, annotations }: Pick<Alert, "labels" | "annotations">,
  { denyLabels, keep }: RedactSettings,
): { readonly labels: Labels; readonly annotations: Labels } {
  const denied = new Set(denyLabels.map((name) => name.toLowerCase()));
  const keepIp = keep.includes("ip");
  const redacted = (texts: Labels): Labels =>
    Object.fromEntries(
      Object.entries(texts).map(([name, value]) => [
        redactText(name, { keepIp }),
        denied.has(name.toLowerCase()) || secretName.test(name) ? marks.secret : redactText(value, { keepIp }),
      ]),
    );
  return { labels: redacted(labels), annotations: redacted(annotations) };
}
