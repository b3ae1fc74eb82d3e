import { useRef, useState } from "preact/hooks";
import { whyReadOnly } from "../api/session.ts";

interface ActionButtonProps {
  readonly label: string;
  /** What the action does, if it needs a confirmation. */
  readonly confirm?: string;
  /** Why the action is not possible now. */
  readonly unavailable?: string | undefined;
  readonly act: () => Promise<void>;
}

/** The element that says why a caller with the role `read` cannot act. */
export const readOnlyNoteId = "read-only-note";

/**
 * A button that changes something. It stays visible, and can receive the focus, where the caller lacks the role or the action is
 * not possible: its description says why.
 */
export function ActionButton({ label, confirm, unavailable, act }: ActionButtonProps) {
  const [asking, setAsking] = useState(false);
  const [running, setRunning] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const refused = whyReadOnly.value ?? unavailable;
  const run = async (): Promise<void> => {
    setAsking(false);
    setRunning(true);
    await act();
    setRunning(false);
  };
  const close = (): void => {
    setAsking(false);
    first.current?.focus();
  };
  const click = (): void => {
    if (refused !== undefined || running) return;
    if (confirm === undefined) void run();
    else setAsking(!asking);
  };
  return (
    <span
      class="action"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !asking) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        type="button"
        ref={first}
        aria-disabled={refused !== undefined || running}
        aria-expanded={confirm === undefined || refused !== undefined ? undefined : asking}
        title={refused}
        aria-describedby={whyReadOnly.value === undefined ? undefined : readOnlyNoteId}
        onClick={click}
      >
        {running ? `${label}…` : label}
      </button>
      {asking && (
        <span class="confirm" role="group" aria-label={confirm}>
          {confirm}{" "}
          <button type="button" class="strong" ref={(button) => button?.focus()} onClick={() => void run()}>
            Yes, {label.charAt(0).toLowerCase() + label.slice(1)}
          </button>{" "}
          <button type="button" onClick={close}>
            Cancel
          </button>
        </span>
      )}
    </span>
  );
}

/** Says once per screen why its actions are disabled. */
export function ReadOnlyNote() {
  const why = whyReadOnly.value;
  return why === undefined ? null : (
    <p class="muted" id={readOnlyNoteId}>
      {why}
    </p>
  );
}
