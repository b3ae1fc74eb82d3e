import { safeLink } from "../format/safe-link.ts";
import { LineText, Text } from "./text.tsx";

/** A link from an alert, if it is one to the web; else its text. */
export function OutsideLink({ href, text }: { readonly href: string; readonly text?: string | undefined }) {
  const safe = safeLink(href);
  if (safe === undefined) return <Text value={text === undefined || text === href ? href : `${text}: ${href}`} />;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer">
      {/* Without the button of a folded text: a link contains no other control. */}
      <LineText value={text || href} most={120} />
    </a>
  );
}
