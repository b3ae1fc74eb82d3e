import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LargeJson, maxMemberValues, Unreadable } from "./large-json.ts";

const topOf = (text: string) => new LargeJson(Buffer.from(text)).top;
const itemsOf = (text: string) => [...topOf(text).items()];

test("reads list members of all kinds as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, "\t"), (list, indent) => {
      const text = JSON.stringify(list, null, indent);
      expect(itemsOf(` \n${text} `)).toEqual(JSON.parse(text));
    }),
  );
});

test("reads a list that is longer than one part", () => {
  const list = Array.from({ length: 20_000 }, (_, index) => ({ [`name-${index}`]: '\\"],[{' }));
  expect(itemsOf(JSON.stringify(list))).toEqual(list);
});

test("finds members of an object as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("a", "b", '"', "}", "é", ""), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object);
      const members = topOf(text).members("a", "é");
      const { a } = JSON.parse(text) as { a: unknown };
      const list = Array.isArray(a) ? a : undefined;
      expect(members.has("a")).toBe("a" in object);
      expect(members.has("é")).toBe("é" in object);
      expect(members.get("a")?.isList ?? false).toBe(list !== undefined);
      expect([...(list === undefined ? [] : (members.get("a")?.items() ?? []))]).toEqual(list ?? []);
    }),
  );
});

test("uses the last of several members with one name, and reads scalars", () => {
  const members = topOf('{"n":1,"list":[1],"n": 2 ,"list":[2]}').members("n", "list");
  expect([members.get("n")?.scalar, ...(members.get("list")?.items() ?? [])]).toEqual([2, 2]);
  expect(topOf('{"n":1e999}').members("n").get("n")?.scalar).toBe(Number.POSITIVE_INFINITY);
  expect(
    topOf(`{"n":"${"x".repeat(2_000)}"}`)
      .members("n")
      .get("n")?.scalar,
  ).toBeUndefined();
});

const unreadable = new Unreadable("expected JSON");

describe("a list that is not JSON", () => {
  test.each<[string, unknown[]]>([
    ["[1,nul,3]", [1, unreadable, 3]],
    ["[1,,3]", [1, unreadable, 3]],
    ["[1,]", [1, unreadable]],
    ["[1 2,3]", [unreadable, 3]],
    ["[1", [1, unreadable]],
    ["[", [unreadable]],
    ['["', [unreadable, unreadable]],
    ['[{"a":1]},2]', [unreadable, unreadable]],
    ["[1}2]", [1, unreadable]],
    ["[null,x]", [null, unreadable]],
  ])("with %s returns its readable members", (text, items) => {
    expect(itemsOf(text)).toEqual(items);
  });

  test("comes to an end for any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("[", "]", "{", "}", ",", ":", '"', "\\", "1", " ", "n")), (characters) => {
        const top = topOf(`[${characters.join("")}`);
        expect([...top.items()].length).toBeLessThanOrEqual(characters.length + 2);
        expect(topOf(`{${characters.join("")}`).members("1").size).toBeLessThanOrEqual(1);
      }),
    );
  });
});

test("does not parse a member with too many values, and reads the others", () => {
  const large = Object.fromEntries(Array.from({ length: maxMemberValues }, (_, index) => [`name-${index}`, 1]));
  const items = itemsOf(JSON.stringify([1, large, 2]));
  expect(items).toEqual([1, new Unreadable("must not hold more than 10000 values"), 2]);
});
