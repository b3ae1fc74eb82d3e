import type { ExplanationBody } from "../api/explanation-body.ts";
import { wordsOf } from "../format/words-of.ts";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";

/** What each source says about the alert. */
export function ClaimList({ claims = [] }: { readonly claims: ExplanationBody["claims"] | undefined }) {
  if (claims.length === 0) return <p class="muted">No source is recorded.</p>;
  return (
    <ul class="claims">
      {claims.map((claim) => (
        <li>
          <Text value={claim.source} most={80} />
          {claim.sender !== undefined && (
            <span class="muted">
              {" "}
              at <Text value={claim.sender} most={80} />
            </span>
          )}
          : <b>{claim.status}</b>
          {claim.ended !== undefined && ` (${wordsOf(claim.ended)})`}
          {claim.startsAt !== undefined && (
            <>
              , since <TimeMark at={claim.startsAt} />
            </>
          )}
          {claim.heardAt !== undefined && (
            <>
              , last received <TimeMark at={claim.heardAt} />
            </>
          )}
          {claim.expiresAt !== undefined && (
            <>
              , ends <TimeMark at={claim.expiresAt} /> unless repeated
            </>
          )}
          {claim.doubtfulEndAt !== undefined && (
            <>
              , doubtful resolve: ends <TimeMark at={claim.doubtfulEndAt} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
