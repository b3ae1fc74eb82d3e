/** The filters of the list of incidents, which are the query of its address and of the API. */
export const filterNames = [
  "q",
  "state",
  "severity",
  "reason",
  "target",
  "source",
  "kind",
  "since",
  "matcher",
] as const;
export type FilterName = (typeof filterNames)[number];
export type Filters = Readonly<Partial<Record<FilterName, string>>>;

export interface IncidentQuery {
  readonly filters: Filters;
  /** The alert whose incidents are listed. */
  readonly fingerprint: string | undefined;
  readonly cursor: string | undefined;
}

export function readIncidentQuery(params: URLSearchParams): IncidentQuery {
  const filters: Partial<Record<FilterName, string>> = {};
  for (const name of filterNames) {
    const value = params.get(name)?.trim();
    if (value) filters[name] = value;
  }
  return { filters, fingerprint: params.get("fingerprint") || undefined, cursor: params.get("cursor") || undefined };
}

/** The filters besides search and state, which have fields of their own. */
export const countMoreFilters = (filters: Filters): number =>
  Object.keys(filters).filter((name) => name !== "q" && name !== "state").length;
