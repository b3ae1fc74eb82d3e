import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCsv } from "./parse-csv.ts";

const written = (rows: string[][]) =>
  rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(",")).join("\r\n");

describe("CSV", () => {
  test.each<[string, string, [number, string[]][]]>([
    [
      "fields and rows",
      "a,b\n1,2\n",
      [
        [1, ["a", "b"]],
        [2, ["1", "2"]],
      ],
    ],
    [
      "no line break at the end",
      "a,b\r\n1,",
      [
        [1, ["a", "b"]],
        [2, ["1", ""]],
      ],
    ],
    [
      "empty lines",
      "a\n\n\nb\n",
      [
        [1, ["a"]],
        [4, ["b"]],
      ],
    ],
    ["a byte order mark", "\uFEFFa,b", [[1, ["a", "b"]]]],
    [
      "quotes, separators and line breaks in a field",
      'a,"b ""x"", y\nz"\n"1",2',
      [
        [1, ["a", 'b "x", y\nz']],
        [3, ["1", "2"]],
      ],
    ],
    [
      "semicolons",
      "a;b,c;d\n1;2;3",
      [
        [1, ["a", "b,c", "d"]],
        [2, ["1", "2", "3"]],
      ],
    ],
    [
      "tabs",
      "a\tb\n1\t2",
      [
        [1, ["a", "b"]],
        [2, ["1", "2"]],
      ],
    ],
    ["a quote inside of a field without quotes", 'a,5" disk', [[1, ["a", '5" disk']]]],
    [
      "old line breaks",
      "a,b\r1,2",
      [
        [1, ["a", "b"]],
        [2, ["1", "2"]],
      ],
    ],
  ])("has %s", (_, text, expected) => {
    const { rows, issues } = parseCsv(text);
    expect(issues).toEqual([]);
    expect(rows.map(({ line, fields }) => [line, fields])).toEqual(expected);
  });

  test.each([
    ['a,b\n1,"2\n3,4\n', 2, "a quoted field starts on this line and never ends"],
    ['a,b\n"1\n1"x,2\n', 3, "text follows the closing quote of a field"],
    [`${",".repeat(2_000)}\n`, 1, "more than 1000 fields"],
  ])("%j has a mistake on line %i", (text, line, message) => {
    expect(parseCsv(text).issues).toEqual([{ line, message }]);
  });

  test("every table that is written is read as it was", () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é") });
    const rowsOf = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(rowsOf, (rows) => {
        // The separator is taken from the first line.
        const table = [rows[0]!.map((_, n) => `column${n}`), ...rows];
        expect(parseCsv(written(table)).rows.map(({ fields }) => fields)).toEqual(table);
      }),
      { numRuns: 50 },
    );
  });
});
