import type { Answer } from "../answer-error.ts";
import type { PostRequest, ReachRequest, Transport } from "./transport.ts";

/** Loads a transport at the first request, so that a program that never uses it does not need its modules. */
export class LazyTransport implements Transport {
  readonly #load: () => Promise<Transport>;
  #loading: Promise<Transport> | undefined;
  #transport: Transport | undefined;

  constructor(load: () => Promise<Transport>) {
    this.#load = load;
  }

  post(request: PostRequest): Promise<Answer> {
    return this.#transport ? this.#transport.post(request) : this.#loaded().then((loaded) => loaded.post(request));
  }

  reach(request: ReachRequest): Promise<void> {
    return this.#transport ? this.#transport.reach(request) : this.#loaded().then((loaded) => loaded.reach(request));
  }

  close(): void {
    this.#transport?.close();
  }

  #loaded(): Promise<Transport> {
    return (this.#loading ??= this.#load().then((loaded) => (this.#transport = loaded)));
  }
}
