import type { DeadLetter, Ledger } from "@tocsin/core";
import type { Endpoint } from "../endpoint.ts";
import { idOf } from "./incidents.ts";
import { isoTime } from "../iso-time.ts";
import { paginationOf } from "../pagination.ts";
import { notFound, Problem } from "../problem.ts";

export interface DeadLetters {
  readonly ledger: Pick<Ledger, "deadLetters" | "deadLetter" | "dropDeadLetter" | "replay">;
  readonly wake: () => void;
}

export function deadLetterEndpoints({ ledger, wake }: DeadLetters): Endpoint[] {
  const path = "/api/v1/deadletters";
  return [
    {
      method: "GET",
      path,
      role: "read",
      does: "lists dead letters: events that a target refused for good, or that could not be delivered in time",
      async answer(request) {
        const { deadLetters, nextCursor } = await ledger.deadLetters(paginationOf(request));
        return { deadletters: deadLetters.map(deadLetterBody), ...(nextCursor !== undefined && { nextCursor }) };
      },
    },
    {
      method: "GET",
      path: `${path}/:id`,
      role: "read",
      does: "shows a dead letter with its event",
      async answer(request) {
        const found = await ledger.deadLetter(idOf(request, "dead letter"));
        if (found === undefined) throw notFound("dead letter");
        return { ...deadLetterBody(found), rendered: found.rendered };
      },
    },
    {
      method: "DELETE",
      path: `${path}/:id`,
      role: "operate",
      does: "drops a dead letter",
      async answer(request, reply) {
        if (!(await ledger.dropDeadLetter(idOf(request, "dead letter")))) throw notFound("dead letter");
        reply.code(204);
      },
    },
    {
      method: "POST",
      path: `${path}/:id/replay`,
      role: "operate",
      does: "re-evaluates a dead letter and sends it if it is still wanted",
      async answer(request, reply) {
        const id = idOf(request, "dead letter");
        const letter = await ledger.deadLetter(id);
        const result = await ledger.replay(id);
        if (letter === undefined || result === "not_found") throw notFound("dead letter");
        if (result === "already_replayed") throw new Problem(409, "already_replayed", "it was replayed already");
        wake();
        reply.code(202);
        return { id, incident: letter.incident };
      },
    },
  ];
}

export const deadLetterBody = (letter: DeadLetter) => ({
  id: letter.id,
  incident: letter.incident,
  target: letter.target,
  dedupKey: letter.dedupKey,
  action: letter.action,
  reason: letter.reason,
  answer: letter.answer,
  at: isoTime(letter.atMs),
  replayedAt: isoTime(letter.replayedAtMs),
});
