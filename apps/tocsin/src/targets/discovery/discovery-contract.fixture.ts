import { describe, expect, test } from "vitest";
import type { Discovery } from "./discovery.ts";
import { Watched } from "./watched.fixture.ts";

/** A place where targets are found, under a test's control. */
export interface TestPlace extends AsyncDisposable {
  /** Creates another discovery of this place. */
  discovery(): Discovery;
  put(name: string, target: object): Promise<void>;
  putBroken(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  block(): Promise<void>;
  unblock(): Promise<void>;
}

const targetsOf = ({ known }: Watched) => Object.values(known ?? {});

/** Tests the promises of every discovery, wherever it reads its targets. */
export function discoveryContract(name: string, open: () => Promise<TestPlace>): void {
  describe(`${name} keep the promises of a discovery`, () => {
    test("finds the targets of the place, in the order of names", async () => {
      await using place = await open();
      for (const one of ["b", "a", "c"]) await place.put(one, { name: one });
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets !== undefined && watched.discovery.syncState.error === null);
      expect(targetsOf(watched)).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
      const { syncedAtMs, staleSinceMs } = watched.discovery.syncState;
      expect([typeof syncedAtMs, staleSinceMs]).toEqual(["number", null]);
    });

    test("reports an empty place as read", async () => {
      await using place = await open();
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets !== undefined);
      expect(watched.discovery.targets).toEqual([]);
    });

    test("sees additions, changes and removals, and keeps the objects of unchanged targets", async () => {
      await using place = await open();
      await place.put("a", { v: 1 });
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets?.length === 1);
      const [first] = watched.discovery.targets ?? [];
      await place.put("b", { v: 1 });
      await watched.until(() => watched.discovery.targets?.length === 2);
      expect(watched.discovery.targets?.[0]).toBe(first);
      await place.put("b", { v: 2 });
      await watched.until(() => JSON.stringify(watched.known).includes('"v":2'));
      expect(targetsOf(watched)).toEqual([{ v: 1 }, { v: 2 }]);
      await place.remove("a");
      await watched.until(() => watched.discovery.targets?.length === 1);
      expect(targetsOf(watched)).toEqual([{ v: 2 }]);
      const before = watched.discovery.targets;
      await watched.discovery.refresh();
      expect(watched.discovery.targets).toBe(before);
    });

    test("keeps the place of a target that cannot be read, with the reason, and follows the others", async () => {
      await using place = await open();
      await place.put("a", { v: 1 });
      await place.put("b", { v: 1 });
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets?.length === 2);
      const places = watched.discovery.targets?.map((one) => one.place);
      await place.putBroken("a");
      await watched.until(() => watched.discovery.targets?.[0]?.issues !== undefined);
      expect(watched.discovery.targets?.map((one) => one.place)).toEqual(places);
      expect(targetsOf(watched)).toEqual([expect.stringContaining("is not valid"), { v: 1 }]);
      await place.put("a", { v: 3 });
      await watched.until(() => JSON.stringify(watched.known).includes('"v":3'));
      expect(watched.discovery.syncState.error).toBeNull();
    });

    test("keeps its targets while the place cannot be reached, says since when, and then sees the changes in between", async () => {
      await using place = await open();
      for (const one of ["a", "b", "c"]) await place.put(one, { v: 1 });
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets?.length === 3);
      await place.block();
      await watched.until(() => watched.discovery.syncState.error !== null);
      expect(watched.discovery.targets).toHaveLength(3);
      const { staleSinceMs, syncedAtMs } = watched.discovery.syncState;
      expect(staleSinceMs).toBeGreaterThanOrEqual(syncedAtMs ?? Number.NaN);
      await watched.discovery.refresh();
      expect(watched.discovery.targets).toHaveLength(3);
      expect(watched.failures.length).toBeGreaterThan(0);
      await place.unblock();
      await place.remove("a");
      await place.put("b", { v: 2 });
      await watched.until(
        () => watched.discovery.syncState.error === null && targetsOf(watched).length === 2 && watched.changes > 1,
      );
      await watched.until(() => JSON.stringify(watched.known).includes('"v":2'));
      expect(targetsOf(watched)).toEqual([{ v: 2 }, { v: 1 }]);
      expect(watched.discovery.syncState.staleSinceMs).toBeNull();
    });

    test("does not report a place as empty that cannot be reached at the start", async () => {
      await using place = await open();
      await place.put("a", { v: 1 });
      await place.block();
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.syncState.error !== null);
      expect(watched.discovery.targets).toBeUndefined();
      expect(watched.discovery.syncState.syncedAtMs).toBeNull();
      await place.unblock();
      await watched.until(() => watched.discovery.targets?.length === 1);
    });

    test("can be refreshed and stopped more than once", async () => {
      await using place = await open();
      const watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets !== undefined);
      await place.put("a", { v: 1 });
      await watched.discovery.refresh();
      expect(targetsOf(watched)).toEqual([{ v: 1 }]);
      await Promise.all([watched.discovery.stop(), watched.discovery.stop()]);
      const { changes } = watched;
      await place.put("b", { v: 1 });
      await watched.discovery.refresh();
      expect([watched.changes, targetsOf(watched).length]).toEqual([changes, 1]);
    });
  });
}
