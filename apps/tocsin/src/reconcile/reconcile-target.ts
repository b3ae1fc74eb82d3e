import {
  type Clock,
  compareWithReceiver,
  type Incident,
  type Ledger,
  type OnResolve,
  type ReceiverDifference,
} from "@tocsin/core";
import type { PagerDutyRest, RestFailure, RestIncident, RestResult } from "@tocsin/publishers";
import { fittedId } from "../callbacks/fitted-id.ts";

/** One difference between an incident of ours and its receiver. */
export interface Difference {
  readonly incident: number;
  readonly dedupKey: string;
  /** `orphan`: open there, its alert has ended. `closed_there`: its alert fires, and it is not open there. */
  readonly difference: ReceiverDifference;
  /** Who closed it there. Absent: nobody that is known. */
  readonly by?: string;
  /** `none`: only compared. `skipped`: the incident changed meanwhile. `held`: a person's resolve counts. */
  readonly repair: "none" | "sent" | "held" | "skipped";
}

/** The result for one target. */
export interface TargetReport {
  readonly target: string;
  /** Open incidents in the token's account, of any sender. */
  readonly openThere: number;
  /** Incidents of this target that are open by our ledger. */
  readonly open: number;
  readonly differences: readonly Difference[];
  /** Why not everything was compared. Absent: it is complete. */
  readonly incomplete?: string;
  /** Present if it is incomplete for a reason that lasts until a person acts, so it is not tried again. */
  readonly permanent?: true;
}

/** Dedup keys with an open alert at the receiver. */
export interface OpenThere {
  readonly keys: ReadonlySet<string>;
  readonly incidents: number;
  /** The receiver has more open incidents than it lists. */
  readonly truncated: boolean;
  /** Open incidents whose alerts are not readable, and why. Their keys are not in `keys`. */
  readonly unreadable: readonly { readonly id: string; readonly why: string }[];
}

export interface ReconcileOptions {
  readonly ledger: Pick<Ledger, "incidents" | "newestIncidents" | "repairIncident" | "storeReceiverEvents">;
  readonly clock: Clock;
  readonly rest: PagerDutyRest;
  readonly target: string;
  readonly openThere: OpenThere;
  /** False: differences are only listed. */
  readonly apply: boolean;
  /** What follows a person's resolve there. */
  readonly onResolve: OnResolve;
  readonly signal: AbortSignal;
  /** Called after each repair: the comparison may go on for minutes. */
  readonly wake: () => void;
}

/** The receiver cannot be asked. Its message holds no secret. */
export class LookUpFailed extends Error {
  override readonly name = "LookUpFailed";
  readonly reason: RestFailure["reason"];

  constructor({ reason, detail }: Pick<RestFailure, "reason" | "detail">) {
    super(detail);
    this.reason = reason;
  }
}

/** Keys and incidents in one question to the ledger. */
const pageSize = 100;

/** Attempts of one question that failed for a reason that passes. */
const maxTries = 3;
const retryMs = 2_000;

/** How often the receiver may refuse one question because of its limit. Our own limit does not count. */
const maxRefusals = 10;

/** Asks, and waits as long as the limit of calls requires. @throws LookUpFailed */
export async function ask<Value>(
  question: () => Promise<RestResult<Value>>,
  { clock, signal }: Pick<ReconcileOptions, "clock" | "signal">,
): Promise<Value> {
  for (let tries = 1, refusals = 0; ;) {
    const answer = await question();
    if (answer.ok) return answer.value;
    const { reason, status, retryAfterMs } = answer.failure;
    if (reason === "rate_limited" && status === 429 && ++refusals >= maxRefusals)
      throw new LookUpFailed(answer.failure);
    const passes = reason === "server" || reason === "network" || reason === "timeout";
    if (signal.aborted || (reason !== "rate_limited" && (!passes || tries++ >= maxTries)))
      throw new LookUpFailed(answer.failure);
    await waitFor(retryAfterMs ?? retryMs, clock, signal);
  }
}

/** Ends earlier if the signal fires. */
const waitFor = (ms: number, clock: Clock, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });

/** Reads which dedup keys have an open alert. The list is read first and as a whole, because repairs change it. @throws LookUpFailed */
export async function readOpenThere({
  rest,
  ...how
}: Pick<ReconcileOptions, "rest" | "clock" | "signal">): Promise<OpenThere> {
  const { signal } = how;
  const incidents = new Set<string>();
  let truncated = false;
  for (let offset: number | null = 0; offset !== null;) {
    const from: number = offset;
    const page = await ask(() => rest.openIncidents({ offset: from, signal }), how);
    for (const { id } of page.incidents) incidents.add(id);
    offset = page.nextOffset;
    ({ truncated } = page);
  }
  const keys = new Set<string>();
  const unreadable: { id: string; why: string }[] = [];
  for (const id of incidents) {
    try {
      const alerts = await ask(() => rest.incidentAlerts(id, { signal }), how);
      for (const { key, status, suppressed } of alerts) if (status === "triggered" && !suppressed) keys.add(key);
    } catch (error) {
      if (!(error instanceof LookUpFailed)) throw error;
      // One incident with too many alerts must not keep all others from being compared.
      if (error.reason === "invalid") unreadable.push({ id, why: error.message });
      // An incident that was merged or deleted since the list was read has no alerts.
      else if (error.reason !== "not_found") throw error;
    }
  }
  return { keys, incidents: incidents.size, truncated, unreadable };
}

/** Why a target is not compared completely: a look-up failed. */
export const lookUpFailure = ({ message, reason }: LookUpFailed): Pick<TargetReport, "incomplete" | "permanent"> => ({
  incomplete: message,
  // A refused token stays refused until a person replaces it.
  ...(reason === "auth" && { permanent: true }),
});

/** Why a target is not compared completely, although each look-up had an answer: the list lacks incidents. */
function listFailure({ truncated, unreadable }: OpenThere): Pick<TargetReport, "incomplete" | "permanent"> {
  const [first] = unreadable;
  const texts = [
    ...(truncated ? ["it has more open incidents than it lists; close some there, and compare again"] : []),
    ...(first ? [`Tocsin skipped ${unreadable.length} of its open incidents, such as ${first.id}: ${first.why}`] : []),
  ];
  if (texts.length === 0) return {};
  return { incomplete: texts.join("; "), ...(truncated && { permanent: true }) };
}

/**
 * Compares the incidents of a target with its receiver, and repairs the differences. Each one that the lists suggest is looked up
 * again, after its row was read; the ledger repairs it only if the row is still the same. So a stopped run leaves nothing half done,
 * and the next one finds what remains.
 */
export async function reconcileTarget(o: ReconcileOptions): Promise<TargetReport> {
  const { target, openThere, ledger } = o;
  const differences: Difference[] = [];
  let open = 0;
  const check = async (suspects: readonly string[]): Promise<void> => {
    for (const dedupKey of suspects) {
      const found = await checkKey(o, dedupKey);
      if (found) differences.push(found);
    }
  };
  const report = () => ({ target, openThere: openThere.incidents, open, differences });
  try {
    const keys = [...openThere.keys];
    for (let from = 0; from < keys.length; from += pageSize) {
      const views = await ledger.newestIncidents(target, keys.slice(from, from + pageSize));
      await check(views.flatMap(({ incident }) => (isDifferent(o, incident, true) ? incident.dedupKey : [])));
    }
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const query = { target, state: "told" as const, limit: pageSize };
      const page = await ledger.incidents({ ...query, ...(cursor !== undefined && { cursor }) });
      open += page.incidents.length;
      cursor = page.nextCursor;
      const missing = page.incidents.filter(({ incident }) => !openThere.keys.has(incident.dedupKey));
      await check(missing.flatMap(({ incident }) => (isDifferent(o, incident, false) ? incident.dedupKey : [])));
    }
    return { ...report(), ...listFailure(openThere) };
  } catch (error) {
    if (!(error instanceof LookUpFailed)) throw error;
    return { ...report(), ...lookUpFailure(error) };
  }
}

function isDifferent({ clock }: ReconcileOptions, incident: Incident, isOpenThere: boolean): boolean {
  return compareWithReceiver(incident, isOpenThere, clock.now()) !== undefined;
}

async function checkKey(o: ReconcileOptions, dedupKey: string): Promise<Difference | undefined> {
  const { ledger, rest, clock, signal, target, apply } = o;
  const [view] = await ledger.newestIncidents(target, [dedupKey]);
  const told = view?.incident.told;
  if (!view || !told) return undefined;
  const there = await ask(() => rest.findIncident(dedupKey, { resolved: true, signal }), o);
  const isOpenThere = there !== null && there.status !== "resolved";
  const difference = compareWithReceiver(view.incident, isOpenThere, clock.now());
  if (difference === undefined) return undefined;
  const by = isOpenThere ? undefined : there?.changedBy;
  const found = { incident: view.incident.id, dedupKey, difference, ...(by !== undefined && { by }) };
  if (!apply) return { ...found, repair: "none" };
  if (there && by !== undefined && (await isHeld(o, dedupKey, there, by))) {
    // The other targets of its alerts are told.
    o.wake();
    return { ...found, repair: "held" };
  }
  const why = isOpenThere ? `open at ${target} as ${there.id}` : `not open at ${target}`;
  const isSent = await ledger.repairIncident({ incident: found.incident, toldAtMs: told.atMs, isOpenThere, why });
  if (isSent) o.wake();
  return { ...found, repair: isSent ? "sent" : "skipped" };
}

/** A person resolved it there: reports that like a callback. False: it happened before our last trigger, so it no longer counts. */
async function isHeld(o: ReconcileOptions, dedupKey: string, there: RestIncident, by: string): Promise<boolean> {
  const { ledger, clock, target, onResolve } = o;
  const atMs = there.changedAtMs ?? clock.now();
  const [effect] = await ledger.storeReceiverEvents([
    {
      id: fittedId(`${there.id} ${atMs} ${target}`),
      callback: "reconcile",
      targets: [target],
      kind: "resolved",
      dedupKeys: [dedupKey],
      receiverIncident: there.id,
      ...(there.createdAtMs !== undefined && { openedAtMs: there.createdAtMs }),
      by,
      own: false,
      atMs,
      onResolve,
      lookUp: false,
    },
  ]);
  return effect === "applied";
}
