import type { ChangeSource } from "./change-source.ts";
import type { ChangeSources } from "./change-sources.ts";

/** The sources as requests use them. */
export type OpenChangeSources = Pick<ChangeSources, "verify" | "has">;

/** Refuses every request. */
export const noChangeSources: OpenChangeSources = {
  verify: () => ({ refused: "changes.sources is empty" }),
  has: () => false,
};

/** Opens the configured sources. Their code is loaded only if there are some. */
export async function openChangeSources(sources: readonly ChangeSource[]): Promise<OpenChangeSources> {
  if (sources.length === 0) return noChangeSources;
  const { ChangeSources: Sources } = await import("./change-sources.ts");
  return new Sources(sources);
}
