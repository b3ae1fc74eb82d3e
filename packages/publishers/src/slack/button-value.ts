/** The `action_id` of each button in our messages. */
export const buttonActions = { acknowledge: "tocsin_acknowledge", resolve: "tocsin_resolve" } as const;

export type ButtonAction = (typeof buttonActions)[keyof typeof buttonActions];

/** The incident that a button is about. */
export interface ButtonValue {
  /** Full name of the target. */
  readonly target: string;
  /** The dedup key. */
  readonly key: string;
}

/** https://docs.slack.dev/reference/block-kit/block-elements/button-element: "Maximum length is 2000 characters". */
const maxLength = 2_000;

/** Undefined: it does not fit into a button. */
export function printButtonValue({ target, key }: ButtonValue): string | undefined {
  const text = JSON.stringify({ target, key });
  return text.length > maxLength ? undefined : text;
}

/** Undefined: this is no value of one of our buttons. */
export function parseButtonValue(text: unknown): ButtonValue | undefined {
  if (typeof text !== "string" || text.length > maxLength) return undefined;
  try {
    const { target, key } = (JSON.parse(text) ?? {}) as Partial<Record<string, unknown>>;
    return isText(target) && isText(key) ? { target, key } : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
