import { createHmac, randomBytes } from "node:crypto";
import type { SignedRequest, Verification, Verifier } from "./verifier.ts";

interface SignedSender {
  readonly name: string;
  readonly verifier: Verifier;
}

/** Senders of signed requests, by name. */
export class SignedSenders<Sender extends SignedSender> {
  readonly #byName: ReadonlyMap<string, Sender>;
  /** What a sender is called in the reason of a refusal. */
  readonly #noun: string;
  /** The most hashes that any sender takes for one request. */
  readonly #mostHashes: number;
  readonly #noSecret = randomBytes(32);

  constructor(noun: string, senders: readonly Sender[]) {
    this.#noun = noun;
    this.#byName = new Map(senders.map((sender) => [sender.name, sender]));
    this.#mostHashes = Math.max(1, ...senders.map(({ verifier }) => verifier.hashes));
  }

  /**
   * Returns the sender of a request, or the reason why it is refused. A refusal of an unknown name takes as many hashes of the body
   * as one of a wrong secret, so that its time does not reveal which names exist.
   */
  verify(
    name: string,
    request: SignedRequest,
  ): { readonly sender: Sender; readonly signedId: string | undefined } | { readonly refused: string } {
    const sender = this.#byName.get(name);
    const { refused, signedId }: Verification = sender?.verifier.verify(request) ?? {};
    if (sender !== undefined && refused === undefined) return { sender, signedId };
    for (let hashes = sender?.verifier.hashes ?? 0; hashes < this.#mostHashes; hashes++)
      createHmac("sha256", this.#noSecret).update(request.body).digest();
    return { refused: refused ?? `no ${this.#noun} has this name` };
  }

  /** Whether a sender has this name. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }
}
