export type QueryValue = string | readonly string[] | undefined;

/** Appends the parameters that have a value. */
export function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value ?? []].flat()) if (one !== "") params.append(name, one);
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}
