import type { Flight } from "@tocsin/core/decisions";
import type { EndpointRecord, GateKind, IncidentInFlight, Slot } from "../../ledger/store.ts";

export interface Seat {
  readonly seat: number;
  readonly incident: number;
  readonly endpoint: number;
  readonly flight: Flight;
}

/** Changes that a cache takes over: from the database, or from a transaction of this replica after its commit. */
export interface CacheChanges {
  readonly endpoints?: readonly EndpointRecord[];
  readonly gates: readonly { readonly kind: GateKind; readonly id: string; readonly facts: unknown }[];
  readonly slots: readonly Slot[];
  readonly slotsDropped?: Iterable<number>;
  /** Null: the seat is free now. */
  readonly seats: readonly (readonly [seat: number, Seat | null])[];
}

/** Whether every replica keeps a copy of these gates. The others are read when an operation needs them: they may be many. */
export const isMirrored = (kind: GateKind): boolean => kind !== "memory" && kind !== "shape";

/**
 * The few rows that every decision needs, as they were after transaction `seq`: endpoints, gates, slots, flights. Each row
 * contains the number of the transaction that wrote it last, so a replica reads only the rows that other replicas wrote since
 * it last read them.
 */
export class ReplicaCache {
  seq = 0;
  endpointsSeq = 0;
  endpoints: readonly EndpointRecord[] = [];
  readonly #gates = new Map<GateKind, Map<string, unknown>>();
  readonly slots = new Map<number, Slot>();
  readonly #seats = new Map<number, Seat>();
  readonly #seatOf = new Map<number, Seat>();
  readonly #free = new Set<number>();

  take({ endpoints, gates, slots, slotsDropped = [], seats }: CacheChanges): void {
    if (endpoints) this.endpoints = endpoints;
    for (const { kind, id, facts } of gates) {
      const known = this.#gates.get(kind);
      if (known) known.set(id, facts);
      else this.#gates.set(kind, new Map([[id, facts]]));
    }
    for (const slot of slots) this.slots.set(slot.token, slot);
    for (const token of slotsDropped) this.slots.delete(token);
    for (const [number, seat] of seats) {
      const before = this.#seats.get(number);
      if (before && this.#seatOf.get(before.incident)?.seat === number) this.#seatOf.delete(before.incident);
      if (seat) this.#seats.set(number, seat);
      else this.#seats.delete(number);
      if (seat) this.#free.delete(number);
      else this.#free.add(number);
    }
    for (const [number, seat] of seats) if (seat) this.#seatOf.set(seat.incident, this.#seats.get(number) ?? seat);
  }

  gate(kind: GateKind, id: string): unknown {
    return this.#gates.get(kind)?.get(id);
  }

  gates(kind: GateKind): ReadonlyMap<string, unknown> {
    return this.#gates.get(kind) ?? new Map<string, unknown>();
  }

  seatOf(incident: number): Seat | undefined {
    return this.#seatOf.get(incident);
  }

  inFlight(): IncidentInFlight[] {
    return Array.from(this.#seats.values(), ({ incident, endpoint, flight }) => ({ id: incident, endpoint, flight }));
  }

  /** The numbers of free seats, then new ones. */
  *freeSeats(): Generator<number, never> {
    yield* this.#free;
    for (let seat = this.#seats.size + this.#free.size + 1; ; seat++) yield seat;
  }
}
