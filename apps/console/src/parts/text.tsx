import { useState } from "preact/hooks";
import { foldText } from "../format/fold-text.ts";
import { visibleText } from "../format/visible-text.ts";

interface TextProps {
  readonly value: string | undefined | null;
  /** Most characters that are shown at first. */
  readonly most?: number;
}

/** Text from outside: isolated from the direction of the page, invisible characters named, long values folded. */
export function Text({ value, most = 400 }: TextProps) {
  const [open, setOpen] = useState(false);
  const text = value ?? "";
  const folded = open ? undefined : foldText(text, most);
  return (
    <bdi class="text">
      {visibleText(folded?.start ?? text).map((part) =>
        part.kind === "text" ? part.text : <span class="code-point">{part.text}</span>,
      )}
      {folded && (
        <>
          …{" "}
          <button type="button" class="plain" onClick={() => setOpen(true)}>
            show {folded.hidden.toLocaleString("en")} more characters
          </button>
        </>
      )}
    </bdi>
  );
}

/** The same in one line of a list, cut without a button. */
export function LineText({ value, most = 300 }: TextProps) {
  const text = value ?? "";
  const folded = foldText(text, most);
  return (
    <bdi class="text">
      {visibleText(folded?.start ?? text).map((part) =>
        part.kind === "text" ? part.text : <span class="code-point">{part.text}</span>,
      )}
      {folded && "…"}
    </bdi>
  );
}
