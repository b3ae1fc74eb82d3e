import { expect, test } from "vitest";
import { BinaryArrays } from "./binary-arrays.ts";
import { testServers } from "./server.fixture.ts";

const columns = new BinaryArrays({ a: "text", b: "bigint", c: "integer", d: "smallint", e: "boolean" });
const row = { a: "", b: 0, c: 0, d: 0, e: false };

for (const server of testServers(process.env["DATABASE_URL"])) {
  test(`${server.name} reads rows as they were written`, async () => {
    await using bare = await server.bare();
    const session = await bare.schema.connect();
    const rows = [
      row,
      { a: null, b: null, c: null, d: null, e: null },
      { a: `it's "{a,b}" \\ NULL, Zoë 日本 🔥`, b: Number.MAX_SAFE_INTEGER, c: 2 ** 31 - 1, d: 2 ** 15 - 1, e: true },
      { a: "null", b: -Number.MAX_SAFE_INTEGER, c: -(2 ** 31), d: -(2 ** 15), e: true },
      ...[1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 32), -(2 ** 32) - 1].map((b) => ({ ...row, b })),
    ];
    const read = async (given: typeof rows): Promise<unknown[]> => {
      let found: unknown[] = [];
      const take = (all: readonly unknown[]) => void (found = [...all]);
      const sql = `SELECT a, b::text, c, d, e, ${columns.next}::bigint::int AS next FROM ${columns.rows}`;
      await session.run([{ sql, values: [...columns.valuesOf(given), 7], take }], 5_000);
      return found;
    };
    expect(await read(rows)).toEqual(
      rows.map((one) => ({ ...one, b: one.b === null ? null : String(one.b), next: 7 })),
    );
    expect(await read([])).toEqual([]);
    await session.end();
  });
}

test("half a surrogate pair is written as a replacement character", () => {
  const [texts] = new BinaryArrays({ a: "text" }).valuesOf([{ a: "a\ud800" }]);
  expect(texts?.subarray(24)).toEqual(Buffer.from("a\ufffd"));
});

test("a number that does not fit is refused", () => {
  expect(() => new BinaryArrays({ d: "smallint" }).valuesOf([{ d: 2 ** 15 }])).toThrow(RangeError);
  expect(() => new BinaryArrays({ c: "integer" }).valuesOf([{ c: 2 ** 31 }])).toThrow(RangeError);
});
