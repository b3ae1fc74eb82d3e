import type { TargetBody } from "../api/target-body.ts";
import { wordsOf } from "../format/words-of.ts";
import { TimeMark } from "./time-mark.tsx";

const good = new Set(["ready", "shadow", "disabled"]);

/** Whether a target can send, in words: its state, its breaker, and what holds it back. */
export function TargetState({ target }: { readonly target: TargetBody }) {
  const { state, breaker, heldBack, errors, mode, enabled } = target;
  const isOpen = breaker !== undefined && breaker.state !== "closed";
  return (
    <>
      <span class={good.has(state) ? "state" : "state dead"}>
        <b>{wordsOf(state)}</b>
      </span>
      {state !== "shadow" && mode === "shadow" && " shadow"}
      {state !== "disabled" && enabled === false && " disabled"}
      {errors.length > 0 && ` ${errors.length} ${errors.length === 1 ? "error" : "errors"}`}
      {isOpen && (
        <>
          {" "}
          <span class="state due">
            <b>breaker {wordsOf(breaker.state)}</b>
            {breaker.until != null && (
              <>
                {" "}
                until <TimeMark at={breaker.until} show="time" />
              </>
            )}
          </span>
        </>
      )}
      {heldBack && !isOpen && (
        <>
          {" "}
          <span class="state due">{wordsOf(heldBack.reason)}</span>
        </>
      )}
    </>
  );
}
