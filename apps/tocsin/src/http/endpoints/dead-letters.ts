import {
  checkInput,
  type Clock,
  type DeadLetter,
  type DeadLetterFilter,
  InvalidMatcher,
  InvalidPattern,
  type Ledger,
  oneOrMany,
  parseMatchers,
} from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { parseInstant } from "../../ingest/instant.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { instantOf } from "../instant-of.ts";
import { oneOf } from "../one-of.ts";
import { replayDeadLetters, type ReplayFilter, type ReplayParts } from "./replay-dead-letters.ts";
import { idOf } from "./incidents.ts";
import { isoTime } from "../iso-time.ts";
import { paginationOf } from "../pagination.ts";
import { badRequest, notFound, Problem } from "../problem.ts";

export interface DeadLetters {
  readonly ledger: Pick<Ledger, "deadLetters" | "deadLetter" | "dropDeadLetter" | "replay" | "incidentsOf">;
  readonly targetNamed: ReplayParts["targetNamed"];
  readonly clock: Clock;
  readonly wake: () => void;
}

export function deadLetterEndpoints({ ledger, targetNamed, clock, wake }: DeadLetters): Endpoint[] {
  const path = "/api/v1/deadletters";
  return [
    {
      method: "GET",
      path,
      role: "read",
      does: "lists dead letters, events that a target refused or that could not be delivered in time: ?target= &reason= &before= &replayed= &limit= &cursor=",
      async answer(request) {
        const { deadLetters, nextCursor } = await ledger.deadLetters({
          ...filterOf(request),
          ...paginationOf(request),
        });
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
      path: `${path}/replay`,
      role: "operate",
      does: "replays all dead letters that match { target, reason, before, matcher }, each once; dryRun: true only counts them; cursor: nextCursor of the answer before continues after its limit",
      async answer(request) {
        const replayed = await replayDeadLetters(requestedIn(request.body), { ledger, targetNamed, clock });
        if (replayed.replayed > 0) wake();
        return replayed;
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

export const deadReasons = ["dead_invalid", "dead_expired"] as const;

function filterOf(request: FastifyRequest): DeadLetterFilter {
  const [target, before] = [queryOf(request, "target"), queryOf(request, "before")];
  const [reason, replayed] = [oneOf(request, "reason", deadReasons), queryOf(request, "replayed")];
  if (replayed !== undefined && replayed !== "true" && replayed !== "false")
    throw badRequest({ path: "replayed", message: "expected true or false" });
  return {
    ...(target !== undefined && { target }),
    ...(reason !== undefined && { reason }),
    ...(before !== undefined && { beforeMs: instantOf(before, "before") }),
    ...(replayed !== undefined && { replayed: replayed === "true" }),
  };
}

export const replayBody = z.strictObject({
  target: z.string().optional(),
  reason: z.enum(deadReasons).optional(),
  before: z
    .string()
    .transform((text, context) => {
      const ms = parseInstant(text);
      if (typeof ms === "number") return ms;
      context.issues.push({
        code: "custom",
        message: 'expected a time such as "2026-01-31T12:00:00Z"',
        input: text,
      });
      return z.NEVER;
    })
    .optional(),
  matcher: oneOrMany(
    z
      .string()
      .max(1_000)
      .transform((text, context) => {
        try {
          return parseMatchers(text);
        } catch (error) {
          if (!(error instanceof InvalidMatcher || error instanceof InvalidPattern)) throw error;
          context.issues.push({ code: "custom", message: error.message, input: text });
          return z.NEVER;
        }
      }),
  )
    .transform((lists) => lists.flat())
    .optional(),
  dryRun: z.boolean().optional(),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "expected a nextCursor of an earlier answer")
    .describe("`nextCursor` of the request before, to continue with older dead letters.")
    .optional(),
});

/** @throws Problem 400 */
function requestedIn(body: unknown): ReplayFilter {
  const checked = checkInput(replayBody, body ?? {});
  if ("issues" in checked) throw badRequest(...checked.issues);
  const { target, reason, before, matcher = [], dryRun = false, cursor } = checked.data;
  return {
    ...(target !== undefined && { target }),
    ...(reason !== undefined && { reason }),
    ...(before !== undefined && { beforeMs: before }),
    matchers: matcher,
    dryRun,
    ...(cursor !== undefined && { cursor }),
  };
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
