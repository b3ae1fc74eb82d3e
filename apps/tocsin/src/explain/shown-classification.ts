import {
  type AlertView,
  type Classification,
  type EpisodeVerdict,
  type Incident,
  leadingMember,
  type Route,
  type Verdict,
  type VerdictAbsence,
  type Wanted,
} from "@tocsin/core";

/** The verdict that an incident uses, as API and console show it. Its texts are untrusted. */
export interface ShownClassification extends Verdict {
  /** The rules gave it, because the model gave none in time. */
  readonly fallback: boolean;
  /** It was given for another alert of the same shape. */
  readonly ofShape: boolean;
  /** What it did to the severity of this incident: `filled` where no label states one. Null: nothing. */
  readonly changed: NonNullable<Route["byVerdict"]> | null;
}

export const shownClassification = (verdict: EpisodeVerdict, changed: Route["byVerdict"]): ShownClassification => ({
  severity: verdict.severity,
  confidence: verdict.confidence,
  reasoning: verdict.reasoning,
  recommendations: verdict.recommendations,
  category: verdict.category,
  model: verdict.model,
  provider: verdict.provider,
  fallback: verdict.fallback === true,
  ofShape: verdict.ofShape === true,
  changed: changed ?? null,
});

/**
 * The verdict of an incident's leading alert. Undefined: it has none, or the alert has begun a later episode since, whose verdict is
 * not about this incident.
 */
export function classificationOfIncident(
  {
    members,
    wanted,
    updatedAtMs,
  }: Pick<Incident, "members" | "updatedAtMs"> & { readonly wanted: Pick<Wanted, "severity"> },
  leading: Pick<AlertView, "classification"> | undefined,
): ShownClassification | undefined {
  const { verdict, atMs = 0 } = leading?.classification ?? {};
  if (verdict === undefined || atMs > updatedAtMs) return undefined;
  const { severity, byVerdict } = leadingMember(members);
  return shownClassification(verdict, severity === wanted.severity ? byVerdict : undefined);
}

/** The classification of an alert's episode, as the API shows it. */
export interface ShownEpisode {
  /** The verdict that is used. Null: none is; see `absent`. */
  readonly verdict: Omit<ShownClassification, "changed"> | null;
  readonly absent: VerdictAbsence | null;
  /** A verdict that comes before this time is used. Null: none is awaited. Wall clock, ms. */
  readonly awaitedUntilMs: number | null;
  /** A verdict that changed nothing: it came too late, or in shadow mode. */
  readonly unused: Omit<ShownClassification, "changed"> | null;
}

export const shownEpisode = ({ verdict, absent, untilMs, unused }: Classification): ShownEpisode => ({
  verdict: verdict === undefined ? null : withoutEffect(verdict),
  absent: absent ?? null,
  awaitedUntilMs: untilMs ?? null,
  unused: unused === undefined ? null : withoutEffect(unused),
});

function withoutEffect(verdict: EpisodeVerdict): Omit<ShownClassification, "changed"> {
  const { changed: _, ...rest } = shownClassification(verdict, undefined);
  return rest;
}
