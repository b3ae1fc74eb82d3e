import { signal } from "@preact/signals";
import type { IncidentBody } from "../api/incident-body.ts";
import { apiUrl } from "../api/request.ts";
import { sessionEnded } from "../api/session.ts";
import { EventStream, type StreamState } from "./event-stream.ts";
import type { ServerEvent } from "./parse-events.ts";

/** The changes of one moment. `missed`: more changed than is listed, so lists must be read again. */
export interface Changes {
  readonly incidents: readonly IncidentBody[];
  readonly missed: boolean;
}

export const streamState = signal<StreamState>({ is: "connecting" });

const listeners = new Set<(changes: Changes) => void>();

/** Changes are collected for so long, so that a storm costs few renders. */
const gatherMs = 200;

let gathered = new Map<number, IncidentBody>();
let missed = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let stream: EventStream | undefined;

/** Returns the function that ends it. */
export function listenToIncidents(listener: (changes: Changes) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Opens the stream of the page, or connects it again at once. */
export function startStream(): void {
  if (stream !== undefined && streamState.value.is !== "refused") return stream.retryNow();
  stream?.close();
  stream = new EventStream({
    open: (headers, aborted) =>
      fetch(apiUrl("events/stream"), { headers, signal: aborted, credentials: "same-origin", cache: "no-store" }),
    onState: (state) => {
      streamState.value = state;
      if (state.is === "refused") sessionEnded();
    },
    onEvent: gather,
  });
}

export function stopStream(): void {
  stream?.close();
  stream = undefined;
}

function gather({ event, data }: ServerEvent): void {
  if (event === "reset") missed = true;
  else if (event === "incident") {
    const incident = JSON.parse(data) as IncidentBody;
    gathered.set(incident.id, incident);
  } else return;
  timer ??= setTimeout(deliver, gatherMs);
}

function deliver(): void {
  timer = undefined;
  const changes = { incidents: [...gathered.values()], missed };
  gathered = new Map();
  missed = false;
  for (const listener of listeners) listener(changes);
}
