import { epochMs as t0, incidentOf, receiverEventOf } from "@tocsin/test/makers";
import { describe, expect, test } from "vitest";
import type { Incident } from "../incidents/incident.ts";
import type { ReceiverEvent } from "../ports/ledger/receiver-events.ts";
import { receiverEpisode } from "./receiver-episode.ts";

const minute = 60_000;
const hour = 60 * minute;
const open = incidentOf({ told: {}, attempts: 1, acceptedAtMs: t0 });
/** It ended an hour before `open` was accepted. */
const before = incidentOf({ told: { event: "resolve", atMs: t0 - hour }, acceptedAtMs: t0 - 2 * hour });
const justResolved = incidentOf({ told: { event: "resolve", atMs: t0 } }).told;

type Case = [
  title: string,
  incident: Partial<Incident>,
  previous: Partial<Incident> | undefined,
  event: Partial<ReceiverEvent>,
  is: ReturnType<typeof receiverEpisode>,
];
const bound = { receiver: { incident: "P2", openedAtMs: t0 } };
const wasResolved = { status: { is: "resolved", atMs: t0 - hour, id: "" } } as const;

describe("an event is about", () => {
  test.each<Case>([
    [
      "an earlier episode if nothing was sent in this one",
      { told: null, attempts: 0 },
      undefined,
      { atMs: t0 },
      "earlier",
    ],
    [
      "this one if the first trigger failed, perhaps only its answer",
      { told: null },
      undefined,
      { atMs: t0 },
      "current",
    ],
    ["this one if there was none before, whatever the clocks", {}, undefined, { atMs: t0 - 9 * hour }, "current"],
    [
      "this one if the numbers are equal, whatever the times",
      bound,
      before,
      { receiverIncident: "P2", atMs: 0 },
      "current",
    ],
    [
      "a newer incident of the receiver",
      bound,
      before,
      { receiverIncident: "P3", openedAtMs: t0 + 1, atMs: t0 + 1 },
      "newer",
    ],
    [
      "a newer one that does not say when it was opened",
      bound,
      before,
      { receiverIncident: "P3", atMs: t0 + 1 },
      "newer",
    ],
    [
      "an older incident of the receiver",
      bound,
      undefined,
      { receiverIncident: "P1", openedAtMs: t0 - 1, atMs: t0 + hour },
      "earlier",
    ],
    [
      "an older one than the status, if it is unknown when the known one was opened",
      { receiver: { incident: "P2", status: { is: "open", atMs: t0 + minute, id: "" } } },
      undefined,
      { receiverIncident: "P1", atMs: t0 + minute },
      "earlier",
    ],
    [
      "this one if it happened after the middle between the two episodes",
      {},
      before,
      { atMs: t0 - 29 * minute },
      "current",
    ],
    ["the previous one if it happened before the middle", {}, before, { atMs: t0 - 31 * minute }, "earlier"],
    [
      "the previous one if it happened before the middle, though that was not delivered",
      {},
      incidentOf({ updatedAtMs: t0 - 2 * minute }),
      { atMs: t0 - 90_000 },
      "earlier",
    ],
    [
      "the previous one if that has its number",
      {},
      { receiver: { incident: "P1" } },
      { receiverIncident: "P1", atMs: t0 - minute },
      "earlier",
    ],
    [
      "this one if the receiver kept the incident of the previous one open",
      {},
      { receiver: { incident: "P1" } },
      { receiverIncident: "P1", atMs: t0 + minute },
      "current",
    ],
    [
      "this one if a person reopened the incident of the previous one",
      {},
      { receiver: { incident: "P1", ...wasResolved } },
      { kind: "reopened", receiverIncident: "P1", atMs: t0 - minute },
      "current",
    ],
    [
      "the previous one if that was open again for a while, before this one began",
      {},
      { receiver: { incident: "P1", ...wasResolved } },
      { receiverIncident: "P1", atMs: t0 - minute },
      "earlier",
    ],
    [
      "the previous one if that was reopened before its end was reported",
      {},
      { receiver: { incident: "P1", ...wasResolved } },
      { kind: "reopened", receiverIncident: "P1", atMs: t0 - hour },
      "earlier",
    ],
    [
      "the previous one if that has its number and it happened then, though a later event has bound the number to this one",
      { receiver: { incident: "P1", openedAtMs: t0 - 2 * hour } },
      { receiver: { incident: "P1", ...wasResolved } },
      { receiverIncident: "P1", openedAtMs: t0 - 2 * hour, atMs: t0 - minute },
      "earlier",
    ],
    [
      "this one if the receiver opened its incident nearer to this beginning than to the previous one, by a slow clock",
      {},
      { told: justResolved, acceptedAtMs: t0 - minute },
      { receiverIncident: "P2", openedAtMs: t0 - 2_000, atMs: t0 - 1_000 },
      "current",
    ],
    [
      "the previous one if the receiver opened its incident nearer to that beginning",
      {},
      { told: justResolved, acceptedAtMs: t0 - minute },
      { receiverIncident: "P1", openedAtMs: t0 - 58_000, atMs: t0 - 1_000 },
      "earlier",
    ],
    [
      "this one if the receiver opened its incident after that of the previous one, whatever our clock says",
      {},
      { receiver: { incident: "P1", openedAtMs: t0 - 9 * hour } },
      { receiverIncident: "P2", openedAtMs: t0 - 8 * hour, atMs: t0 - 8 * hour },
      "current",
    ],
    [
      "an earlier one if the receiver opened its incident before that of the previous one",
      {},
      { receiver: { incident: "P1", openedAtMs: t0 + 9 * hour } },
      { receiverIncident: "P0", openedAtMs: t0 + 8 * hour, atMs: t0 + 8 * hour },
      "earlier",
    ],
    [
      "this one if its number is our receipt",
      { receipt: "17.1" },
      before,
      { receiverIncident: "17.1", atMs: 0 },
      "current",
    ],
    [
      "an earlier one if its number is another receipt",
      { receipt: "17.1" },
      undefined,
      { receiverIncident: "9.1", atMs: t0 + hour },
      "earlier",
    ],
  ])("%s", (_title, incident, previous, event, is) => {
    const earlier = previous && { ...before, ...previous };
    expect(receiverEpisode({ ...open, ...incident }, earlier, receiverEventOf(event))).toBe(is);
  });
});
