import type { Issue } from "@tocsin/core";
import type { Config } from "../config/config.ts";
import type { RecipientTerms } from "../own-alerts/recipients.ts";
import { whyNotPlayed } from "./why-not-played.ts";

/** Warnings about `canary` for `config check`. `seesAll`: there are no targets that the command cannot see. */
export function canaryWarnings(
  { canary, selfAlerts }: Pick<Config, "canary" | "selfAlerts">,
  terms: Pick<RecipientTerms, "find">,
  seesAll: boolean,
): Issue[] {
  if (canary === undefined) return [];
  const path = "canary.target";
  const entry = terms.find(canary.target);
  const why = entry === undefined && !seesAll ? undefined : whyNotPlayed(entry);
  const isReader = selfAlerts?.targets.some((name) => terms.find(name)?.name === (entry?.name ?? canary.target));
  return [
    ...(why === undefined ? [] : [{ path, message: `no canary can be played: ${why}` }]),
    ...(isReader === true
      ? [{ path, message: "also receives self-alerts, but the service of the canary should have no people on call" }]
      : []),
  ];
}
