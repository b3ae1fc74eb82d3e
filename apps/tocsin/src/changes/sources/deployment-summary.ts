import { oneLine } from "./fields.ts";

/** Longest summary, characters: PagerDuty shows 1,024. */
const maxLength = 1_000;

/** The words of a summary. */
export interface Deployed {
  /** The service or application. */
  readonly what: string;
  /** The version, or a short commit. */
  readonly version?: string | undefined;
  readonly environment?: string | undefined;
  readonly actor?: string | undefined;
  /** The repository, or another place where a person finds more. */
  readonly place: string;
  /** Another text: the state as the sender names it. */
  readonly outcome: "succeeded" | "failed" | (string & {});
}

/** Returns a line such as "Deployed api v1.2.3 to production by alice (acme/api)". */
export function deploymentSummary({ what, version, environment, actor, place, outcome }: Deployed): string {
  const object = [what, version, environment && `to ${environment}`, actor && `by ${actor}`].filter(Boolean).join(" ");
  const sentence =
    outcome === "succeeded"
      ? `Deployed ${object}`
      : outcome === "failed"
        ? `Deployment of ${object} failed`
        : `Deployment of ${object}: ${outcome}`;
  return summaryOf(`${sentence} (${place})`);
}

/** Returns a text as the line of a summary. */
export const summaryOf = (text: string): string => oneLine(text, maxLength) ?? "Change";

/** Whether a reference of Git names a version, such as `v1.2.3` or `2026.11.2`. */
export const isVersion = (reference: string): boolean => /^v?\d+(?:\.\d+)+/.test(reference);

/** The first characters of a commit, as Git shows it. Undefined: it is not a commit. */
export const shortCommit = (sha: string | undefined): string | undefined =>
  sha !== undefined && /^[\da-f]{7,64}$/i.test(sha) ? sha.slice(0, 7) : undefined;
