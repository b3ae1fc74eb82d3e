import { expect, test } from "vitest";
import { mergeRows, pendingRows, rereadRows, startRows } from "./merge-rows.ts";

const row = (id: number, second: number, state = "due") => ({
  id,
  state,
  updatedAt: `2026-11-30T03:00:${String(second).padStart(2, "0")}.000Z`,
});
const start = startRows([row(3, 3), row(2, 2), row(1, 1)]);
const ids = (live: typeof start): number[] => live.rows.map(({ id }) => id);

test("a changed row is replaced where it is", () => {
  const live = mergeRows(start, [row(1, 9, "told")]);
  expect(ids(live)).toEqual([3, 2, 1]);
  expect(live.rows[2]).toEqual(row(1, 9, "told"));
  expect(pendingRows(live)).toBe(0);
});

test("an older copy, from another replica or a slow answer, changes nothing", () => {
  const live = mergeRows(mergeRows(start, [row(2, 9, "told")]), [row(2, 5, "in_flight")]);
  expect(live.rows[1]).toEqual(row(2, 9, "told"));
});

test("of two copies in one delivery the newer one counts, in either order", () => {
  for (const copies of [
    [row(1, 8, "in_flight"), row(1, 9, "told")],
    [row(1, 9, "told"), row(1, 8, "in_flight")],
  ])
    expect(mergeRows(start, copies).rows[2]?.state).toBe("told");
});

test("an incident that is not on the page is counted once, and does not move the rows", () => {
  const live = mergeRows(mergeRows(start, [row(9, 5)]), [row(9, 6), row(8, 6)]);
  expect(ids(live)).toEqual([3, 2, 1]);
  expect(pendingRows(live)).toBe(2);
});

test("a page that is read again replaces rows, counts new ones and marks missing ones", () => {
  const live = rereadRows(start, [row(4, 9), row(3, 8, "told"), row(1, 1)]);
  expect(ids(live)).toEqual([3, 2, 1]);
  expect(live.rows[0]?.state).toBe("told");
  expect([...live.elsewhere]).toEqual([4]);
  expect([...live.left]).toEqual([2]);
  expect(pendingRows(live)).toBe(2);
  expect([...rereadRows(live, [row(3, 9), row(2, 9), row(1, 9)]).left]).toEqual([]);
});

test("no row is doubled, even if a page repeats one", () => {
  expect(ids(startRows([row(2, 2), row(1, 1), row(2, 2)]))).toEqual([2, 1]);
});

test("without a change the same object comes back, so that nothing is drawn", () => {
  expect(mergeRows(start, [])).toBe(start);
});

test("a row that was read again without a change stays the same object, so that it is not drawn again", () => {
  const again = rereadRows(
    start,
    [...start.rows].map((one) => ({ ...one })),
  );
  expect(again.rows.every((one, index) => one === start.rows[index])).toBe(true);
  const [first, ...others] = start.rows;
  const changed = rereadRows(start, [{ ...first!, state: "another" }, ...others]);
  expect(changed.rows[0]?.state).toBe("another");
});

test("the count of other changes is bounded", () => {
  const many = Array.from({ length: 5_000 }, (_, index) => row(100 + index, 1));
  expect(pendingRows(mergeRows(start, many))).toBe(1_000);
});
