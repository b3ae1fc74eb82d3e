import type { IncomingHttpHeaders } from "node:http";
import type { Change, Issue } from "@tocsin/core";
import type { ChangeSource } from "./change-source.ts";
import type { Verifier } from "./verifier.ts";

/** A request whose secret was checked. */
export interface SourceEvent {
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON. Untrusted: any value. */
  readonly body: unknown;
  /** The bytes of the body as received. */
  readonly rawBody: Uint8Array;
  /** The id of the event, if the signature covers it. */
  readonly signedId?: string | undefined;
  /** Wall clock, ms: the time of a change whose event names none. */
  readonly receivedAtMs: number;
}

/** A change as a type reads it. The source adds its name and its own labels. */
export interface ReadChange extends Omit<Change, "origin" | "labels" | "links"> {
  /** Labels without a value are left out. */
  readonly labels: Readonly<Record<string, string | undefined>>;
  /** Links without an address are left out. */
  readonly links: readonly { readonly href: string | undefined; readonly text: string }[];
}

/** The object that an event is about, for senders that repeat an event as long as its state lasts. */
export interface ObjectState {
  /** Identity of the object. */
  readonly object: string;
  /** The state. An event with the same state as the object's latest change is a repeat of that change. */
  readonly state: string;
}

/** The result of reading an event, before filters. */
export type Reading =
  | {
      readonly change: ReadChange;
      /** For `filters.states`. */
      readonly state: string | undefined;
      /** Something has changed for good. Other events are ignored unless `filters.states` names their state. */
      readonly isFinal: boolean;
      /** For `filters.branches`; a tag has its full reference here. */
      readonly branch: string | undefined;
      readonly objectState?: ObjectState;
    }
  /** A valid event that is no change, with the reason. */
  | { readonly ignored: string }
  /** The event lacks fields that its kind must have. */
  | { readonly invalid: readonly Issue[] };

/** A kind of sender of changes. Each is one file or folder, and one line of the registry. */
export interface SourceType {
  /** Pure. */
  readonly read: (event: SourceEvent, settings: ChangeSource) => Reading;
  /**
   * Creates the check of requests.
   *
   * @param secrets at least one; each of them is valid
   */
  readonly verifier: (secrets: readonly string[], settings: ChangeSource) => Verifier;
}
