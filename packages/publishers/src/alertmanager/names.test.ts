import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { namesOf } from "./names.ts";

describe("names of labels", () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ["those that are taken everywhere stay", { a: "1", _b9: "2", __c__: "3" }, { a: "1", _b9: "2", __c__: "3" }],
    [
      "other characters become underscores",
      { "a.b": "1", größe: "2", "a b/c": "3", "💥": "4" },
      { a_b: "1", gr__e: "2", a_b_c: "3", _: "4" },
    ],
    ["none begins with a digit, none is empty", { "1a": "1", "": "2" }, { _1a: "1", _: "2" }],
    ["an empty value counts as absent", { a: "", "b.c": "" }, {}],
    ["a name that is taken stays distinct", { "a.b": "1", a_b: "2" }, { a_b: "2", a_b_f2ca1bb6: "1" }],
    ["halves of characters are mended", { "a\ud800": "x\udc00" }, { a_: "x\ufffd" }],
  ])("%s", (_, given, names) => {
    const plain = Object.fromEntries(
      Object.entries(namesOf(given)).map(([name, value]) => [name.replace(/_[\da-f]{8}$/, "_f2ca1bb6"), value]),
    );
    expect(plain).toEqual(names);
  });

  test("are always accepted, lose no label, and do not depend on the order", () => {
    const name = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 8 }),
      fc.stringMatching(/^[a-c._-]{0,3}$/),
      fc.constantFrom("__proto__", "constructor", "toString"),
    );
    const value = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 4 });
    const labels = fc.uniqueArray(fc.tuple(name, value), { selector: ([of]) => of.toWellFormed(), maxLength: 12 });
    fc.assert(
      fc.property(labels, (entries) => {
        const named = namesOf(Object.fromEntries(entries));
        const names = Object.keys(named);
        expect(names.filter((one) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(one))).toEqual([]);
        expect(names).toHaveLength(entries.length);
        const turned = namesOf(Object.fromEntries(entries.toReversed()));
        expect(new Map(Object.entries(turned))).toEqual(new Map(Object.entries(named)));
      }),
      { numRuns: 500 },
    );
  });
});
