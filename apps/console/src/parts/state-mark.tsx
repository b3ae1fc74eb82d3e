import { wordsOf } from "../format/words-of.ts";

interface StateMarkProps {
  readonly state: string;
  readonly reason?: string | null | undefined;
}

/** Reasons that add nothing to their state. */
const plain = new Set(["delivered", "in_flight", "would_tell"]);

/** A state with its reason, as words. */
export function StateMark({ state, reason }: StateMarkProps) {
  const shown = reason != null && !plain.has(reason) ? wordsOf(reason) : undefined;
  return (
    <span class={`state ${state}`}>
      <b>{reason === "would_tell" ? wordsOf(reason) : wordsOf(state)}</b>
      {shown !== undefined && `: ${shown}`}
    </span>
  );
}
