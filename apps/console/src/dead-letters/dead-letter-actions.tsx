import { failureText } from "../api/failure.ts";
import type { DeadLetterBody } from "../api/dead-letter-body.ts";
import { request } from "../api/request.ts";
import { ActionButton } from "../parts/action-button.tsx";

interface DeadLetterActionsProps {
  readonly letter: DeadLetterBody;
  /** Receives the result in words. */
  readonly done: (result: string) => void;
}

export function DeadLetterActions({ letter, done }: DeadLetterActionsProps) {
  const { id, replayedAt } = letter;
  const replay = async (): Promise<void> => {
    const answer = await request(`deadletters/${id}/replay`, { method: "POST" });
    done(
      answer.ok
        ? `Dead letter ${id} was replayed: its event is sent if it is still wanted.`
        : `Dead letter ${id} was not replayed: ${failureText(answer.failure)}.`,
    );
  };
  const drop = async (): Promise<void> => {
    const answer = await request(`deadletters/${id}`, { method: "DELETE" });
    done(
      answer.ok
        ? `Dead letter ${id} was dropped.`
        : `Dead letter ${id} was not dropped: ${failureText(answer.failure)}.`,
    );
  };
  return (
    <>
      <ActionButton
        label="Replay"
        unavailable={replayedAt == null ? undefined : "It was replayed already."}
        act={replay}
      />{" "}
      <ActionButton label="Drop" confirm={`Delete dead letter ${id}? Its event is then lost.`} act={drop} />
    </>
  );
}
