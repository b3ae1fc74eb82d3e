import { useState } from "preact/hooks";
import { failureText } from "../api/failure.ts";
import { request } from "../api/request.ts";
import { countOf } from "../format/format-count.ts";
import { ActionButton, ReadOnlyNote } from "../parts/action-button.tsx";

/** Most incidents that one action changes. */
export const mostSelected = 10;

interface BulkBarProps {
  readonly ids: ReadonlySet<number>;
  readonly clear: () => void;
}

/** Acknowledges or resolves the selected incidents, one after the other. */
export function BulkBar({ ids, clear }: BulkBarProps) {
  const [result, setResult] = useState<string>();
  const all = async (action: "acknowledge" | "resolve", done: string): Promise<void> => {
    const refusals: string[] = [];
    for (const id of ids) {
      const answer = await request(`incidents/${id}/${action}`, { method: "POST" });
      if (!answer.ok) refusals.push(`${id}: ${failureText(answer.failure)}`);
    }
    const count = ids.size - refusals.length;
    setResult(
      `${countOf(count, "incident")} ${done}.${refusals.length > 0 ? ` Refused: ${refusals.join("; ")}.` : ""}`,
    );
    clear();
  };
  if (ids.size === 0 && result === undefined) return null;
  return (
    <div class="bulk" role="region" aria-label="Selected incidents">
      {ids.size === 0 ? (
        <>
          <span role="status">{result}</span>{" "}
          <button type="button" onClick={() => setResult(undefined)}>
            Close
          </button>
        </>
      ) : (
        <>
          <span>
            {ids.size} selected{ids.size >= mostSelected && " (the most)"}
          </span>
          <ActionButton label="Acknowledge" act={() => all("acknowledge", "acknowledged")} />
          <ActionButton
            label="Resolve"
            confirm={`Resolve ${countOf(ids.size, "incident")} at the targets?`}
            act={() => all("resolve", "resolved")}
          />
          <button type="button" onClick={clear}>
            Clear
          </button>
          <ReadOnlyNote />
        </>
      )}
    </div>
  );
}
