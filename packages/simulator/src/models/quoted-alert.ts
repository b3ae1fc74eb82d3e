import { isRecord } from "../server/json-body.ts";

export interface QuotedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Finds the alert in a prompt: the JSON object from the first brace to the last. Without one, the alert is empty. */
export function quotedAlert(prompt: string): QuotedAlert {
  try {
    const value: unknown = JSON.parse(prompt.slice(prompt.indexOf("{"), prompt.lastIndexOf("}") + 1));
    if (isRecord(value)) return { labels: textsIn(value["labels"]), annotations: textsIn(value["annotations"]) };
  } catch {
    // The prompt quotes no alert.
  }
  return { labels: {}, annotations: {} };
}

const textsIn = (value: unknown): Record<string, string> =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      )
    : {};
