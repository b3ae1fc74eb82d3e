import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { answers, mutate, randomFrom } from "../test/mutated-responses.ts";
import { judgeByUndici, type Verdict } from "../test/undici-judge.ts";
import { ResponseParser } from "./response-parser.ts";

const count = 100_000;
const together = 200;
const seed = Number(process.env["TOCSIN_SEED"] ?? 9112);

function judgeByUs(bytes: Buffer): Verdict {
  const none: Verdict = { kind: "failed", status: 0, retryAfter: undefined, body: "", reusable: false };
  try {
    const parser = new ResponseParser(1_000_000);
    const response = parser.push(bytes) ?? parser.close();
    if (!response) return none;
    const { status, retryAfter, body, keepAliveMs } = response;
    return { kind: "answered", status, retryAfter, body, reusable: keepAliveMs !== 0 };
  } catch {
    return none;
  }
}

/** A NUL, or a CR that ends no line. */
const strayControl = /\0|\r(?!\n)/;

const endOfHead = /\n\r?\n/;

const lineEnds = "RFC 9112, 2.2: empty lines come first, or LF alone ends a line";
const folds = "RFC 9112, 5.2: a header is folded";
const blanks = "RFC 9110, 5.6.3: a tab around a value does not belong to it";
const lengths = "RFC 9110, 8.6: the same length is repeated";
const interim = "RFC 9110, 15.2: 100 (Continue) is skipped, 101 (Switching Protocols) is the last answer";
const faults = "RFC 9112, 6.3 and 8: after a status, a fault ends the body and the connection";
const versions = "RFC 9112, 2.3: an answer of another version is none of HTTP/1.0 or HTTP/1.1";
const surplus = "RFC 9112, 6.3: bytes after the answer end the connection";
type Reason = (typeof reasons)[number];
const reasons = [lineEnds, folds, blanks, lengths, interim, faults, versions, surplus] as const;

/** Forms of a head with the same meaning as the usual form, each with the function that makes the usual form of it. */
const forms: readonly (readonly [Reason, (head: string) => string])[] = [
  [lineEnds, (head) => head.replaceAll(/\r?\n/g, "\r\n")],
  [folds, (head) => head.replaceAll(/(?<=:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n[ \t]+/g, " ")],
  [blanks, (head) => head.replaceAll(/[ \t]+\r\n/g, "\r\n").replaceAll(/:[ \t]+/g, ": ")],
  [lengths, oneLength],
];

/** Removes lengths that repeat the first one. */
function oneLength(head: string): string {
  const values = [...head.matchAll(/^content-length:(.*)\r$/gim)].flatMap(([, value]) => value!.split(","));
  const [first, ...others] = new Set(values.map((value) => value.trim()));
  if (values.length < 2 || others.length > 0) return head;
  const [before, ...after] = head.split(/^content-length:.*\r\n/im);
  return `${before}Content-Length: ${first}\r\n${after.join("")}`;
}

/** The same answer in the usual form, without interim ones. */
function usual(answer: string): { text: string; reason: Reason | undefined } {
  let reason: Reason | undefined;
  const begin = answer.replace(/^[\r\n]+/, "");
  if (begin !== answer) reason = lineEnds;
  const end = endOfHead.exec(begin);
  if (!end) return { text: begin, reason };
  let head = begin.slice(0, end.index + 1);
  for (const [clause, change] of forms) {
    const changed = change(head);
    if (changed !== head) reason ??= clause;
    head = changed;
  }
  if (end[0] !== "\n\r\n") reason ??= lineEnds;
  const rest = begin.slice(end.index + end[0].length);
  if (!/^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/.test(head)) return { text: `${head}\r\n${rest}`, reason };
  return { text: usual(rest).text, reason: reason ?? interim };
}

/** The reason why our verdict differs from undici's. `undefined`: there is no good reason. */
async function reasonFor(answer: string, ours: Verdict, theirs: Verdict): Promise<Reason | undefined> {
  const { text, reason } = usual(answer);
  const ofUsual = text === answer ? theirs : await judgeByUndici(Buffer.from(text, "latin1"));
  if (isDeepStrictEqual(ours, ofUsual)) return reason;
  return beyondForm(answer, text, ours, ofUsual);
}

function beyondForm(answer: string, text: string, ours: Verdict, theirs: Verdict): Reason | undefined {
  const head = text.slice(0, endOfHead.exec(text)?.index);
  const status = Number(/^HTTP\/1\.[01] ([1-9]\d\d)[ \r\n]/.exec(text)?.[1] ?? 0);
  if (ours.kind === "failed") return status === 0 && theirs.status > 0 ? versions : undefined;
  // The remaining reasons are for a status that we return and undici does not, or for a connection that we end.
  if (ours.status !== status || ours.reusable) return undefined;
  if (status === 101) return interim;
  if (strayControl.test(head) && ours.body === "") return faults;
  if (theirs.kind === "failed" && ours.body === (theirs.status === 0 ? "" : theirs.body)) return faults;
  if (!isDeepStrictEqual(ours, { ...theirs, reusable: false })) return undefined;
  return strayControl.test(answer) ? faults : surplus;
}

test("unchanged responses get the same verdict as from undici", async () => {
  for (const answer of answers) {
    const bytes = Buffer.from(answer, "latin1");
    expect(judgeByUs(bytes)).toEqual(await judgeByUndici(bytes));
  }
});

test(
  `${count} mutated answers are judged as undici judges them, except for eight reasons`,
  { timeout: 240_000 },
  async () => {
    const random = randomFrom(seed);
    const before = new Map<string, Verdict>();
    for (const answer of answers) before.set(answer, await judgeByUndici(Buffer.from(answer, "latin1")));
    const histogram = new Map<string, number>();
    const add = (name: string) => void histogram.set(name, (histogram.get(name) ?? 0) + 1);
    const unexplained: unknown[] = [];
    let changed = 0;
    const judgeOne = async () => {
      const answer = answers[Math.floor(random() * answers.length)]!;
      const mutated = mutate(answer, random);
      const bytes = Buffer.from(mutated, "latin1");
      const ours = judgeByUs(bytes);
      const theirs = await judgeByUndici(bytes);
      if (!isDeepStrictEqual(theirs, before.get(answer))) changed++;
      const reason = isDeepStrictEqual(ours, theirs) ? "the same" : await reasonFor(mutated, ours, theirs);
      if (reason) add(reason);
      else unexplained.push({ mutated, ours, theirs });
    };
    for (let done = 0; done < count; done += together) await Promise.all(Array.from({ length: together }, judgeOne));
    console.log(`seed ${seed}: undici judges ${changed} of ${count} otherwise than before their mutation. We judge`);
    for (const name of ["the same", ...reasons])
      console.log(`${String(histogram.get(name) ?? 0).padStart(8)}  ${name}`);
    expect(unexplained.slice(0, 5)).toEqual([]);
    expect(changed).toBeGreaterThan(count / 5);
    // A reason must explain the difference.
    expect(reasons.filter((reason) => !histogram.has(reason))).toEqual([]);
  },
);
