/** The fields of a Rootly alert that are needed to find it again. */
export interface FoundAlert {
  readonly id: string;
  readonly status: string | undefined;
  readonly deduplicationKey: string | undefined;
  /** From its label `severity`, which Tocsin wrote. */
  readonly severity: string | undefined;
}

/** A page of a list, and the cursor of the next page. */
export interface Page {
  readonly alerts: readonly FoundAlert[];
  readonly next: { readonly name: "page[after]" | "page[number]"; readonly value: string } | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** Parses a body. Undefined: it is no JSON object. */
export function documentOf(body: string): Fields {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Reads the alert of an answer with one alert. */
export const alertOf = (body: string): FoundAlert | undefined => found(documentOf(body)["data"]);

/** Reads a page of a list. Undefined: it is no list, or it is incomplete. */
export function pageOf(body: string): Page | undefined {
  const { data, meta } = documentOf(body);
  if (!Array.isArray(data)) return undefined;
  const { next_cursor: cursor, next_page: number } = fieldsOf(meta);
  const next =
    typeof cursor === "string" && cursor !== ""
      ? { name: "page[after]" as const, value: cursor }
      : typeof number === "number"
        ? { name: "page[number]" as const, value: String(number) }
        : undefined;
  return { alerts: data.flatMap((one) => found(one) ?? []), next };
}

function found(resource: unknown): FoundAlert | undefined {
  const { id, attributes } = fieldsOf(resource);
  if (typeof id !== "string" || id === "") return undefined;
  const { status, deduplication_key: key, labels } = fieldsOf(attributes);
  const label = Array.isArray(labels) ? labels.map(fieldsOf).find((one) => one["key"] === "severity") : undefined;
  return {
    id,
    status: textOf(status),
    deduplicationKey: textOf(key),
    severity: textOf(label?.["value"]),
  };
}
