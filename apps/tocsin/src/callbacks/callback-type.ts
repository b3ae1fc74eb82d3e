import type { Issue, ReceiverEvent } from "@tocsin/core";
import type { Verifier } from "../changes/sources/verifier.ts";

/** Longest text for the timeline, characters. */
export const maxDetailLength = 500;

/** An event as a type reads it. The callback adds what its settings say. */
export interface ReadReceiverEvent extends Omit<ReceiverEvent, "callback" | "targets" | "onResolve" | "lookUp"> {
  /** The only target that it is about. Absent: any of the callback's. */
  readonly target?: string;
}

/** The result of reading a request. */
export type CallbackReading =
  | { readonly event: ReadReceiverEvent }
  /** A valid request that needs nothing, with the reason. */
  | { readonly ignored: string }
  /** The request lacks fields that its kind must have. */
  | { readonly invalid: readonly Issue[] };

/** A kind of receiver that reports. Each is one file or folder, and one line of the registry. */
export interface CallbackType {
  /** Reads the parsed JSON of a verified request. Untrusted: any value. Pure. */
  readonly read: (body: unknown) => CallbackReading;
  /**
   * Creates the check of requests.
   *
   * @param secrets at least one
   */
  readonly verifier: (secrets: readonly string[]) => Verifier;
  /** The receiver needs a 200 with an empty body instead of a 202. @default false */
  readonly wantsEmptyAnswer?: boolean;
  /** The receiver's API returns the dedup keys of an incident. @default false */
  readonly hasKeyLookUp?: boolean;
}
