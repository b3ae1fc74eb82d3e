/** Shorter secrets could be ordinary words, so they are not removed from answers and logs that repeat them. */
export const minRedactedLength = 6;

/**
 * A credential. Printed in any way (text, JSON, `console.log`, an error's cause), it shows `[secret]`. Only `reveal` returns the
 * value, and only the code that makes the request to the credential's own target should call it.
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

  /** Node's `util.inspect` calls this method. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
