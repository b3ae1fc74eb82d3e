import { useState } from "preact/hooks";

/** Copies a text. Without access to the clipboard, as on plain http, it shows the text, selected. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const [state, setState] = useState<"ready" | "copied" | "shown">("ready");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setState("copied");
      setTimeout(() => setState("ready"), 2_000);
    } catch {
      setState("shown");
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {state === "copied" ? "Copied" : label}
      </button>
      {state === "shown" && (
        <textarea class="copy" readOnly rows={3} aria-label={label} ref={(area) => area?.select()} value={text()} />
      )}
    </>
  );
}
