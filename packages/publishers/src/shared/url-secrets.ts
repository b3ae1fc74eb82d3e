/**
 * The parts of a target's URL that may be a credential: its path, its query, and long parts of them. An answer such as "Cannot POST
 * /hooks/…" can repeat them.
 */
export function urlSecrets(url: string): string[] {
  const { pathname, search, searchParams } = new URL(url);
  // Shorter parts of a path are ordinary words.
  const parts = pathname.split("/").filter(({ length }) => length >= 16);
  const whole = [pathname + search, pathname].filter(({ length }) => length >= 8);
  return [...whole, search.slice(1), ...parts, ...searchParams.values()];
}
