import { json, pathOf } from "./exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import { type Fault, type Swallow, swallowOf } from "../faults/fault.ts";
import type { Faults } from "../faults/faults.ts";
import { corruptResponse } from "../faults/corrupt-response.ts";
import type { Journal, RequestRecord } from "../state/journal.ts";
import type { Charge, Limit, RateLimiter } from "../state/rate-limiter.ts";

export interface Surroundings {
  readonly clock: { now(): number };
  readonly receivers: readonly Receiver[];
  readonly limits: ReadonlyMap<string, Limit>;
  readonly windows: RateLimiter;
  readonly faults: Faults;
  readonly journal: Journal;
}

/**
 * Runs each request to a receiver through these steps: a fault that strikes before it is read, reading, a fault
 * that prevents it from being applied, the limit, the receiver itself, a fault on the way back, the journal.
 */
export class Dispatcher {
  readonly #around: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#around = surroundings;
  }

  receiverOf(path: string): Receiver | undefined {
    return this.#around.receivers.find((receiver) => receiver.takes(path));
  }

  /** Returns the answer of a fault that strikes before the body is read, if there is one. */
  early(receiver: Receiver, region: Region): SimulatorAnswer | undefined {
    const atMs = this.#around.clock.now();
    const fault = this.#around.faults.pickEarly({ receiver: receiver.name, region, atMs });
    if (fault === undefined) return undefined;
    const answer = corruptResponse(fault, json(0, {}), undefined, atMs);
    return this.#record({ receiver, region, atMs, answer, fault, applied: false });
  }

  meet(receiver: Receiver, request: SimulatorRequest, region: Region): SimulatorAnswer {
    const { clock, faults } = this.#around;
    const atMs = clock.now();
    const call = receiver.read(request, region);
    const met = { receiver: receiver.name, region, key: call.key, action: call.action, atMs };
    const skewMs = faults.skewMs(met);
    const clockMs = atMs + skewMs;
    const fault = faults.pick(met);
    const served =
      fault === undefined || faults.applies(fault)
        ? this.#serve(call, atMs, clockMs, swallowOf(fault?.kind))
        : this.#keepOut(call, atMs);
    let answer = fault === undefined ? served.answer : corruptResponse(fault, served.answer, call, clockMs);
    if (skewMs !== 0) answer = { ...answer, headers: { ...answer.headers, date: new Date(clockMs).toUTCString() } };
    const applied = served.effect !== undefined;
    return this.#record({ receiver, region, atMs, answer, fault, applied, call, served });
  }

  /** A path that no receiver has. */
  unknown(request: SimulatorRequest, region: Region): SimulatorAnswer {
    const atMs = this.#around.clock.now();
    const path = pathOf(request.path).slice(0, 200);
    const violations = [{ field: "path", reason: `no receiver has ${request.method} ${path}` }];
    const row = {
      receiver: "none",
      region,
      action: "unknown_path",
      status: 404,
      applied: false,
      ambiguous: false,
      atMs,
    };
    const { id } = this.#around.journal.record(row, violations);
    return { ...json(404, { message: "Not Found" }), request: id };
  }

  #serve(call: Call, atMs: number, clockMs: number, swallow?: Swallow): Served {
    const { limits, windows } = this.#around;
    const limit = call.charge === undefined ? undefined : limits.get(call.charge.limit);
    if (call.charge === undefined || limit === undefined) return call.serve(atMs, clockMs, swallow);
    const waitMs = windows.refuse(limit, call.charge, atMs);
    if (waitMs !== undefined) {
      const violations = [{ field: "rate_limit", reason: `more than ${limit.limit} calls in ${limit.perMs / 1000} s` }];
      const answer = comeBack(call.throttled(), limit, waitMs, clockMs);
      return { answer: this.#withUsage(answer, call, call.charge, limit, atMs), violations };
    }
    const served = call.serve(atMs, clockMs, swallow);
    if (served.effect === "opened" && limit.dynamicFloor !== undefined) {
      windows.opened(call.charge, atMs);
    }
    return { ...served, answer: this.#withUsage(served.answer, call, call.charge, limit, atMs) };
  }

  #withUsage(answer: SimulatorAnswer, call: Call, charge: Charge, limit: Limit, atMs: number): SimulatorAnswer {
    if (call.usageHeaders === undefined) return answer;
    const headers = call.usageHeaders(this.#around.windows.usage(limit, charge, atMs));
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  /** The request arrived and counts, but the receiver ignores its content. */
  #keepOut(call: Call, atMs: number): Served {
    const { limits, windows } = this.#around;
    const limit = call.charge === undefined ? undefined : limits.get(call.charge.limit);
    if (call.charge !== undefined && limit !== undefined) {
      windows.charge(limit, call.charge, atMs);
    }
    return { answer: json(202, { status: "success" }) };
  }

  #record(what: {
    readonly receiver: Receiver;
    readonly region: Region;
    readonly atMs: number;
    readonly answer: SimulatorAnswer;
    readonly fault: Fault | undefined;
    readonly applied: boolean;
    readonly call?: Call;
    readonly served?: Served;
  }): SimulatorAnswer {
    const row: Omit<RequestRecord, "id" | "unread"> = {
      atMs: what.atMs,
      receiver: what.receiver.name,
      region: what.region,
      action: what.call?.action ?? "unread",
      key: what.call?.key,
      dedupKey: what.served?.dedupKey ?? what.call?.dedupKey,
      status: what.answer.status,
      effect: what.served?.effect,
      fault: what.fault?.kind,
      applied: what.applied,
      ambiguous: what.applied && what.fault !== undefined && leavesDoubt(what.fault, what.answer),
    };
    const { id } = this.#around.journal.record(row, what.served?.violations, what.served?.answer.status);
    return { ...what.answer, request: id };
  }
}

/** Whether a client that the fault hit cannot know that its request was applied. */
const leavesDoubt = (fault: Fault, answer: SimulatorAnswer): boolean =>
  answer.status < 200 || answer.status > 299 || fault.kind === "half" || fault.kind === "not_json";

function comeBack(answer: SimulatorAnswer, limit: Limit, waitMs: number, clockMs: number): SimulatorAnswer {
  if (limit.retryAfter === "none") return answer;
  const value =
    limit.retryAfter === "seconds"
      ? String(Math.max(1, Math.ceil(waitMs / 1000)))
      : new Date(Math.ceil((clockMs + waitMs) / 1000) * 1000).toUTCString();
  return { ...answer, headers: { ...answer.headers, "retry-after": value } };
}
