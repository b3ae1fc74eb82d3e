import type { Issue, ReceiverEvent } from "@tocsin/core";
import { SignedSenders } from "../changes/sources/signed-senders.ts";
import type { SignedRequest } from "../changes/sources/verifier.ts";
import type { Callback } from "./callback.ts";
import type { CallbackType } from "./callback-type.ts";
import { callbackTypesByName } from "./callback-types.ts";
import { fullNames } from "./full-names.ts";

/** The part of the targets that callbacks read. */
export interface CallbackTargets {
  /** Returns the full name and the type of a target. Undefined: there is no such target now. */
  readonly find: (name: string) => { readonly name: string; readonly type: string | undefined } | undefined;
  /** Whether the receiver's API can be asked with the target's `rest_token`. */
  readonly hasRestToken: (name: string) => boolean;
}

/** The result of reading a request. */
export type EventReading =
  | { readonly event: ReceiverEvent }
  /** A valid request that needs nothing, with the reason. */
  | { readonly ignored: string }
  | { readonly invalid: readonly Issue[] };

/** One callback, after a request of it was verified. */
export interface VerifiedCallback {
  readonly name: string;
  /** The receiver needs a 200 with an empty body instead of a 202. */
  readonly wantsEmptyAnswer: boolean;
  /** Reads the parsed JSON of a request. */
  readonly read: (body: unknown) => EventReading;
}

interface KnownCallback extends VerifiedCallback {
  readonly verifier: ReturnType<CallbackType["verifier"]>;
}

/** The callbacks of receivers. A reload of the configuration replaces them as a whole. */
export class Callbacks {
  readonly #callbacks: SignedSenders<KnownCallback>;

  constructor(callbacks: readonly Callback[], targets: CallbackTargets) {
    this.#callbacks = new SignedSenders(
      "callback",
      callbacks.map((callback) => knownCallback(callback, targets)),
    );
  }

  /** Returns the callback of a request, or the reason why it is refused. */
  verify(name: string, request: SignedRequest): VerifiedCallback | { readonly refused: string } {
    const verified = this.#callbacks.verify(name, request);
    return "refused" in verified ? verified : verified.sender;
  }

  /** Whether a callback has this name. */
  has(name: string): boolean {
    return this.#callbacks.has(name);
  }
}

function knownCallback(callback: Callback, targets: CallbackTargets): KnownCallback {
  const { name, type: typeName, onResolve } = callback;
  const type = callbackTypesByName[typeName];
  const secrets = callback.secrets.map((secret) => secret.reveal());
  /** Without targets of another type. */
  const targetNames = () =>
    fullNames(callback.targets, targets.find).filter((one) => {
      const target = targets.find(one);
      return target === undefined || target.type === typeName;
    });
  return {
    name,
    wantsEmptyAnswer: type.wantsEmptyAnswer ?? false,
    verifier: type.verifier(secrets),
    read(body) {
      const reading = type.read(body);
      if (!("event" in reading)) return reading;
      const { target, ...event } = reading.event;
      const names = targetNames();
      if (target !== undefined && !names.includes(target))
        return { ignored: `${JSON.stringify(target.slice(0, 100))} is not a target of this callback` };
      return {
        event: {
          ...event,
          callback: name,
          targets: target === undefined ? names : [target],
          onResolve,
          lookUp: type.hasKeyLookUp === true && names.some((one) => targets.hasRestToken(one)),
        },
      };
    },
  };
}
