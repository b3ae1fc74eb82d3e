import { describe, expect, test } from "vitest";
import type { Discovery } from "./discovery.ts";
import { Watched } from "./watched.fixture.ts";

/** A place where targets are found, under a test's control. */
export interface TestPlace extends AsyncDisposable {
  /** Another discovery of this place. */
  discovery(): Discovery;
  put(name: string, target: object): Promise<void>;
  putBroken(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  block(): Promise<void>;
  unblock(): Promise<void>;
}

const targetsOf = ({ known }: Watched) => Object.values(known ?? {});

/** What every discovery promises, whatever it reads. */
export function discoveryContract(name: string, open: () => Promise<TestPlace>): void {
  describe(`${name} keep the promises of a discovery`, () => {
    test("it finds what is there, in the order of names", async () => {
      await using place = await open();
      for (const one of ["b", "a", "c"]) await place.put(one, { name: one });
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets !== undefined && watched.discovery.syncState.error === null);
      expect(targetsOf(watched)).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
      const { syncedAtMs, staleSinceMs } = watched.discovery.syncState;
      expect([typeof syncedAtMs, staleSinceMs]).toEqual(["number", null]);
    });

    test("nothing there is something known", async () => {
      await using place = await open();
      await using watched = new Watched(place.discovery());
      await watched.until(() => watched.discovery.targets !== undefined);
      expect(watched.discovery.targets).toEqual([]);
    });

    test("it sees what is added, changed and removed; what stays is the same object", async () => {
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

    test("what cannot be read stays where it was and says why; the others go on", async () => {
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

    test("what it cannot reach it keeps, and says since when; then it sees what happened meanwhile", async () => {
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

    test("what it cannot reach at the start is not known to be empty", async () => {
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

    test("it can be told to look now, and to end, more than once", async () => {
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
