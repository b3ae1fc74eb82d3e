import { compilePattern } from "@tocsin/core";

/** Each pattern gives at most this many texts. */
const most = 40;

/**
 * Texts that match a pattern as a whole: for each alternative at least one if possible. Empty: none was found, although one may
 * exist.
 */
export function samplePattern(pattern: string): string[] {
  const matches = compilePattern(pattern, { whole: true });
  return [...new Set(new Sampler(pattern).alternatives())].filter((text) => matches(text)).slice(0, most);
}

const classes: Readonly<Record<string, string>> = { d: "7", w: "w", s: " ", D: "x", W: "-", S: "x", b: "", B: "" };

/** Reads the usual parts of RE2's syntax. A part that it does not know gives a text that does not match, which is then dropped. */
class Sampler {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  alternatives(): string[] {
    const found: string[] = [];
    let texts = [""];
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== ")") {
      if (this.#take("|")) {
        found.push(...texts);
        texts = [""];
        continue;
      }
      const parts = this.#repeated(this.#atom());
      texts = texts.flatMap((text) => parts.map((part) => text + part)).slice(0, most * 4);
    }
    return [...found, ...texts];
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #read(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#pattern);
    if (found) this.#at += found[0].length;
    return found;
  }

  #atom(): string[] {
    if (this.#read(/\(\?[a-zA-Z-]+\)/y)) return [""];
    if (this.#read(/\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?/y)) {
      const inner = this.alternatives();
      this.#take(")");
      return inner;
    }
    const set = this.#read(/\[(\^?)(\]?(?:\\.|\[:\w+:\]|[^\]\\])*)\]/suy);
    if (set) return setSamples(set[1] === "^", set[2]!);
    const escape = this.#read(/\\(.)/suy);
    if (escape) return [classes[escape[1]!] ?? escape[1]!];
    if (this.#read(/[\^$]/y)) return [""];
    if (this.#take(".")) return ["x"];
    return [this.#read(/./suy)![0]];
  }

  #repeated(parts: string[]): string[] {
    const counted = this.#read(/\{(\d+)(?:,(\d*))?\}\??/y);
    if (counted) return parts.map((part) => part.repeat(Number(counted[1])));
    const sign = this.#read(/([*+?])\??/y)?.[1];
    return sign === "*" || sign === "?" ? ["", ...parts] : parts;
  }
}

/** One character of a set, or candidates for one outside of a negated set. */
function setSamples(negated: boolean, inner: string): string[] {
  const named: Readonly<Record<string, string>> = {
    alpha: "a",
    digit: "7",
    alnum: "a",
    upper: "A",
    lower: "a",
    space: " ",
  };
  const first = /^(?:\[:(\w+):\]|\\(.)|(.))/su.exec(inner);
  const member = first?.[1] ? named[first[1]] : first?.[2] ? (classes[first[2]] ?? first[2]) : first?.[3];
  if (!negated) return [member ?? ""];
  return ["x", "7", "-", "Z"];
}
