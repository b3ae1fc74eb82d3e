/** A shorter secret cannot be told from words, so it is not removed from answers and logs that repeat it. */
export const minRedactedLength = 6;

/**
 * A credential. However it is printed (text, JSON, `console.log`, an error's cause), it shows `[secret]`; only `reveal`
 * gives the value, and only the request to the credential's own target should call it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  /** What Node's `util.inspect` calls. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
