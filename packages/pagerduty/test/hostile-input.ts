/** Random numbers that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pieces of texts that can break JSON, UTF-16, logs, terminals, regular expressions and prototypes. */
const pieces = [
  "a|Z|0| |.|-|_|/|:|\\|\"|'|`|<|>|&|%|$|{|}|[|]|(|)|__proto__|constructor|toJSON|null|\\ud800|{{x}}|../..|%00|http://",
  "\n|\r\n|\t|\0|\u0001|\u001b[31m|\u007f|\u0085|\u00a0|\u2028|\u202e|\u200b|\ufeff",
  "é|e\u0301|ß|İ|漢|각|😀|👨‍👩‍👧‍👦|🇩🇪|\ud800|\udc00|\udfff\ud800|\uffff|\u{10ffff}",
].flatMap((list) => list.split("|"));

const notTexts: readonly unknown[] = [
  0,
  -1,
  Number.NaN,
  true,
  null,
  [],
  {},
  ["x"],
  5n,
  Symbol("s"),
  () => {},
  new Date(),
];

const urls = [
  "https://example.com",
  "http://example.com/x?y=z#a",
  "HTTPS://Example.COM/ü b",
  "https://[::1]:8/x",
  "",
  "x",
];

/** Inputs for a client. Most values are valid, and now and then each one is not. */
export class HostileInputs {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Arguments of a call. `bytes` is the maximum size of its largest text. */
  input(kind: "trigger" | "acknowledge" | "resolve" | "change", bytes = 200): unknown {
    if (this.#once(500)) return this.#pick(notTexts);
    if (kind === "acknowledge" || kind === "resolve") return this.#extra({ dedupKey: this.#text(bytes) });
    if (kind === "change")
      return this.#extra({ payload: this.#payload(kind, bytes), links: this.#maybe(() => this.#links()) });
    return this.#extra({
      dedupKey: this.#maybe(() => this.#text(bytes)),
      payload: this.#payload(kind, bytes),
      links: this.#maybe(() => this.#links()),
      images: this.#maybe(() =>
        this.#list(() => ({
          src: this.#url(),
          href: this.#maybe(() => this.#url()),
          alt: this.#maybe(() => this.#text()),
        })),
      ),
      client: this.#maybe(() => this.#text()),
      clientUrl: this.#maybe(() => this.#url()),
    });
  }

  #payload(kind: "trigger" | "change", bytes: number): unknown {
    const shared = {
      summary: this.#text(this.#once(5) ? 5000 : bytes),
      source: this.#text(this.#once(3) ? bytes : 50),
      timestamp: this.#maybe(() => this.#timestamp()),
      customDetails: this.#maybe(() => this.#details(bytes)),
    };
    if (kind === "change") return this.#extra(shared);
    return this.#extra({
      ...shared,
      severity: this.#once(60) ? this.#text() : this.#pick(["critical", "error", "warning", "info"]),
      component: this.#maybe(() => this.#text()),
      group: this.#maybe(() => this.#text()),
      class: this.#maybe(() => this.#text()),
    });
  }

  #details(bytes: number): unknown {
    if (this.#once(40)) return this.#pick(notTexts);
    const details: Record<string, unknown> = {};
    for (const name of ["annotations", "labels", this.#string(20), this.#string(20)]) {
      if (!this.#once(3)) this.#define(details, name, this.#value(bytes, 3));
    }
    return details;
  }

  #value(bytes: number, depth: number): unknown {
    if (this.#once(100)) return this.#pick(notTexts);
    if (depth === 0 || this.#once(3)) return this.#text(bytes);
    if (this.#once(5)) return this.#list(() => this.#value(bytes, depth - 1));
    const object: Record<string, unknown> = {};
    for (let i = Math.floor(this.#random() * 4); i > 0; i--)
      this.#define(object, this.#string(20), this.#value(bytes, depth - 1));
    return object;
  }

  /** `__proto__` may be one of the names. */
  #define(object: Record<string, unknown>, name: string, value: unknown): void {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }

  #timestamp(): unknown {
    const date = new Date((this.#random() - 0.2) * 4e12);
    const text = date.toISOString();
    return this.#pick([
      date,
      text,
      text.replace("Z", "+0000"),
      text.replace("T", " "),
      text.replace(/\.\d+/, ""),
      this.#text(),
      "2015-02-30T00:00:00Z",
    ]);
  }

  #links(): unknown {
    return this.#list(() => this.#extra({ href: this.#url(), text: this.#maybe(() => this.#text()) }));
  }

  #url(): unknown {
    return this.#once(4) ? this.#text() : this.#pick(urls) + (this.#once(4) ? this.#string(20) : "");
  }

  /** A text, and now and then `undefined`. */
  #text(bytes = 30): unknown {
    return this.#once(150) ? this.#pick(notTexts) : this.#string(bytes);
  }

  #string(bytes: number): string {
    if (this.#once(40)) return "";
    let text = this.#pick(pieces);
    const length = Math.floor(this.#random() ** 2 * bytes);
    for (let i = Math.floor(this.#random() * 8); i > 0; i--) text += this.#pick(pieces);
    return length > text.length ? text.repeat(Math.ceil(length / text.length)).slice(0, length) : text;
  }

  #list(make: () => unknown): unknown {
    if (this.#once(80)) return this.#pick(notTexts);
    return Array.from({ length: Math.floor(this.#random() * 4) }, make);
  }

  #extra(object: Record<string, unknown>): unknown {
    return this.#once(150) ? { ...object, [this.#string(10)]: 1 } : object;
  }

  #maybe(make: () => unknown): unknown {
    return this.#once(2) ? make() : undefined;
  }

  /** True once in `times` calls, on average. */
  #once(times: number): boolean {
    return this.#random() * times < 1;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}
