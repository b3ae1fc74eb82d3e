import type { RelatedChange } from "../api/incident-body.ts";
import { OutsideLink } from "./outside-link.tsx";
import { Text } from "./text.tsx";
import { TimeMark } from "./time-mark.tsx";

/** Changes that may have caused an alert. */
export function ChangeList({ changes }: { readonly changes: readonly RelatedChange[] }) {
  if (changes.length === 0) return <p class="muted">No related change in the hour before.</p>;
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={change.id}>
          <TimeMark at={change.timestamp ?? change.acceptedAt} /> <Text value={change.summary} />
          {change.environment !== undefined && (
            <span class="muted">
              {" "}
              in <Text value={change.environment} most={80} />
            </span>
          )}
          {change.links?.map(({ href, text }) => (
            <>
              {" "}
              <OutsideLink href={href} text={text} />
            </>
          ))}
        </li>
      ))}
    </ul>
  );
}
