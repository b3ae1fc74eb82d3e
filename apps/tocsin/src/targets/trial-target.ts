import { type Issue, parseTarget, type Publisher, secretKeysOf, type Target } from "@tocsin/core";
import { createPublisher, type PublisherOptions, targetTypes } from "@tocsin/publishers";

/** A target that an operator tries without using it. Its publisher only renders events. */
export interface TrialTarget {
  readonly target: Target;
  readonly publisher: Pick<Publisher, "render">;
}

/** Long enough for every credential that is checked by its length. Begins like no credential of a real service. */
const placeholder = "0".repeat(32);

/** Values that pass the checks of keys with a form of their own. */
const placeholders: Readonly<Record<string, string>> = {
  webhook_url: "https://hooks.slack.com/services/T00000000/B00000000/placeholder",
  bot_token: "xoxb-placeholder",
  signing_secret: `whsec_${Buffer.alloc(32).toString("base64")}`,
  rest_token: "placeholder",
};

/**
 * Parses the definition of a target to try it. Every secret is replaced by a placeholder: files and variables are not read, and
 * a literal is not kept. Nothing is sent.
 */
export function trialTarget(
  input: unknown,
  options: PublisherOptions,
): TrialTarget | { readonly issues: readonly Issue[] } {
  const parsed = parseTarget(withPlaceholders(input), {
    types: targetTypes,
    readSecret: () => placeholder,
    path: "target",
    name: "edited",
  });
  if (!("target" in parsed)) return { issues: parsed.issues };
  const { tls: _, ...target } = parsed.target;
  return { target, publisher: createPublisher(target, options) };
}

function withPlaceholders(input: unknown): unknown {
  if (!isObject(input)) return input;
  const secretKeys = new Set(secretKeysOf(targetTypes));
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => {
      if (key === "headers" || key === "tls") return [key, replacedIn(value)];
      return [key, secretKeys.has(key) ? replaced(value, placeholders[key] ?? placeholder) : value];
    }),
  );
}

/** `server_name` of `tls` is no secret. */
const replacedIn = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, key === "server_name" ? one : replaced(one, placeholder)]),
      )
    : value;

/** Keeps a blank value, which counts as absent, and a value that is no secret, which is a mistake to report. */
function replaced(value: unknown, by: string): unknown {
  if (Array.isArray(value)) return value.map((one) => replaced(one, by));
  if (typeof value === "string") return value.trim() === "" ? value : by;
  return isObject(value) && ("file" in value || "env" in value) ? by : value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
