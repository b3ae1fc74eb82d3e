import { useState } from "preact/hooks";
import { failureText } from "../api/failure.ts";
import type { IncidentDetail } from "../api/incident-body.ts";
import { apiUrl, request } from "../api/request.ts";
import { curlCommand } from "../format/curl-command.ts";
import { ActionButton, ReadOnlyNote } from "../parts/action-button.tsx";
import { CopyButton } from "../parts/copy-button.tsx";

interface IncidentActionsProps {
  readonly incident: IncidentDetail;
  readonly reload: () => void;
}

/** Why a person cannot acknowledge or resolve it now. */
function whyNot({ kind, state, wanted }: IncidentDetail): string | undefined {
  if (kind === "change") return "A change has no end.";
  if (state === "closed") return "The incident is closed.";
  return wanted.status === "resolved" ? "Its sources have resolved it." : undefined;
}

export function IncidentActions({ incident, reload }: IncidentActionsProps) {
  const [result, setResult] = useState<{ readonly text: string; readonly ok: boolean }>();
  const { id, wanted } = incident;
  const act = async (action: "acknowledge" | "resolve", done: string): Promise<void> => {
    const answer = await request(`incidents/${id}/${action}`, { method: "POST" });
    setResult(answer.ok ? { ok: true, text: done } : { ok: false, text: failureText(answer.failure) });
    reload();
  };
  const refused = whyNot(incident);
  return (
    <>
      <div class="actions">
        <ActionButton
          label="Acknowledge"
          unavailable={refused ?? (wanted.acknowledged ? "It is acknowledged already." : undefined)}
          act={() => act("acknowledge", "Acknowledged. Tocsin sends it to the targets of this alert.")}
        />
        <ActionButton
          label="Resolve"
          confirm="Resolve this alert at all its targets?"
          unavailable={refused}
          act={() => act("resolve", "Resolved. Tocsin sends it to the targets of this alert.")}
        />
        <CopyButton
          label="Copy as curl"
          text={() => curlCommand({ url: new URL(apiUrl(`incidents/${id}`), location.href).href })}
        />
      </div>
      {refused !== undefined && <p class="muted">{refused}</p>}
      <ReadOnlyNote />
      <p role="status" class={result?.ok === false ? "bad-text" : "good-text"}>
        {result?.text}
      </p>
    </>
  );
}
