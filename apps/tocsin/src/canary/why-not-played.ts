import type { ResolvedTarget } from "../targets/resolved-target.ts";

/** Returns why no canary can be played at a target. Undefined: it can. */
export function whyNotPlayed(entry: Pick<ResolvedTarget, "target" | "fallback"> | undefined): string | undefined {
  if (entry === undefined) return "there is no such target";
  const { target, fallback } = entry;
  if (target === undefined) return "the target is invalid";
  if (!target.enabled) return "the target is disabled";
  if (target.mode === "shadow") return "the target is a shadow";
  return fallback === undefined ? undefined : "the target has a fallback, which would be paged";
}
