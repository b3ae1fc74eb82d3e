import type { TargetBody } from "../api/target-body.ts";
import { formatCount } from "../format/format-count.ts";

/** How much of the rate limit's window is used. */
export function LimiterMeter({ limiter }: { readonly limiter: NonNullable<TargetBody["limiter"]> }) {
  const { used, limit } = limiter;
  if (limit === 0) return <span class="muted">no limit</span>;
  return (
    <span class="meter">
      <meter value={used} min={0} max={limit} high={limit * 0.8} aria-label="Used part of the rate limit" />{" "}
      {formatCount(used)} of {formatCount(limit)}
    </span>
  );
}
