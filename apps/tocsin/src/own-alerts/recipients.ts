import type { Issue } from "@tocsin/core";
import type { Expectation } from "../heartbeats/expectation-settings.ts";
import { canReceive } from "../targets/target-warnings.ts";
import type { ResolvedTarget } from "../targets/resolved-target.ts";

export interface RecipientTerms {
  /** Finds a target by its full name, or by a short name if that is unique. */
  find(name: string): ResolvedTarget | undefined;
  /** Returns the identity of a target's credential; no secret. */
  credentialOf(target: string): string | undefined;
}

/**
 * Returns the targets that receive a self-alert: those of the configuration that can receive alerts, except the targets that are
 * the problem and those that share a credential with them. `failing`: full names of the targets that are the problem.
 */
export function recipientsOf(
  configured: readonly string[],
  failing: readonly string[],
  terms: RecipientTerms,
): string[] {
  const credentials = new Set(failing.flatMap((target) => terms.credentialOf(target) ?? []));
  const names = configured.flatMap((name) => {
    const entry = terms.find(name);
    if (entry === undefined || !canReceive(entry)) return [];
    const credential = terms.credentialOf(entry.name);
    return credential !== undefined && credentials.has(credential) ? [] : [entry.name];
  });
  return [...new Set(names)];
}

/** Warnings about sources whose silence no target would receive, for `config check`. */
export const expectationWarnings = (
  expectations: readonly Pick<Expectation, "source" | "targets">[],
  terms: RecipientTerms,
): Issue[] =>
  expectations
    .filter(({ targets }) => recipientsOf(targets, [], terms).length === 0)
    .map(({ source }) => ({
      path: "sources",
      message: `no target of \`expect\` can receive that the source ${source} is silent: each is missing, invalid, disabled or a shadow`,
    }));

/** Warnings about `selfAlerts.targets` for `config check`. `seesAll`: there are no targets that the command cannot see. */
export function selfAlertWarnings(
  configured: readonly string[] | undefined,
  terms: RecipientTerms,
  seesAll: boolean,
): Issue[] {
  if (configured === undefined) return [];
  const usable = recipientsOf(configured, [], terms);
  const unknown = seesAll ? 0 : configured.filter((name) => terms.find(name) === undefined).length;
  const count = new Set(usable.map((name) => terms.credentialOf(name) ?? name)).size + unknown;
  if (count >= 2) return [];
  const message = `${count === 0 ? "no target" : "only one target"} with a credential of its own can receive self-alerts: name at least two, so that one can report a failure of the other`;
  return [{ path: "selfAlerts.targets", message }];
}
