export interface FoundLink {
  readonly href: string;
  readonly text: string | undefined;
}

/** Most links that are collected from one event. */
const mostLinks = 20;

/** The links of a rendered event, whatever its receiver names them: `{ href, text }`, `{ src, href }`, `{ url, text }`. */
export function linksIn(event: unknown): FoundLink[] {
  const found = new Map<string, string | undefined>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || depth > 8 || found.size >= mostLinks) return;
    const { href, url, text } = value as { readonly href?: unknown; readonly url?: unknown; readonly text?: unknown };
    const link = href ?? url;
    if (typeof link === "string" && /^https?:/i.test(link) && !found.has(link))
      found.set(link, typeof text === "string" ? text : undefined);
    for (const inner of Object.values(value)) visit(inner, depth + 1);
  };
  visit(event, 0);
  return Array.from(found, ([href, text]) => ({ href, text }));
}
