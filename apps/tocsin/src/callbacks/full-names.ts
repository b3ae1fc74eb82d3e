/**
 * Returns the full names of targets, each once: one from a Secret may be written without its namespace. A target that does not exist
 * keeps its name as written.
 *
 * @param find the targets, by full or short name
 */
export const fullNames = (
  written: readonly string[],
  find: (name: string) => { readonly name: string } | undefined,
): string[] => [...new Set(written.map((name) => find(name)?.name ?? name))];
