// What does the event key cache cost beside a bare Map? CPU per operation, interleaved rounds, with 10,000 keys of 36
// characters: keys that are there, keys that are missing, keys that are set again, and keys that are set for the first time.
import { EventKeyCache } from "@tocsin/pagerduty";
import { median, printTable, writeResult } from "./lib/machine.ts";

const rounds = 11;
const keys = Array.from({ length: 10_000 }, (_, i) => `alert-${String(i).padStart(30, "0")}`);
const absent = keys.map((key) => `${key}x`);
const times = 500;

type Store = EventKeyCache | Map<string, string>;

const makers: Record<"cache" | "map", () => Store> = {
  cache: () => new EventKeyCache(),
  map: () => new Map<string, string>(),
};

/** Empties it, so that the next run's garbage collection does not walk through the entries of this one. */
function end(store: Store): void {
  if (store instanceof EventKeyCache) store.close();
  else store.clear();
}

let found = 0;
const questions: Record<string, (store: Store, fresh: () => Store) => void> = {
  get(store) {
    for (let i = 0; i < times; i++) for (const key of keys) if (store.get(key) !== undefined) found++;
  },
  miss(store) {
    for (let i = 0; i < times; i++) for (const key of absent) if (store.get(key) !== undefined) found++;
  },
  "set again"(store) {
    for (let i = 0; i < times; i++) for (const key of keys) store.set(key, key);
  },
  "set first"(_, fresh) {
    for (let i = 0; i < times; i++) {
      const store = fresh();
      for (const key of keys) store.set(key, key);
      end(store);
    }
  },
};

function nanosPerOperation(name: keyof typeof makers, question: string): number {
  const store = makers[name]();
  for (const key of keys) store.set(key, key);
  const before = process.threadCpuUsage();
  questions[question]!(store, makers[name]);
  const { user, system } = process.threadCpuUsage(before);
  end(store);
  return ((user + system) * 1000) / (times * keys.length);
}

const rows = Object.keys(questions).map((question) => {
  const all: Record<keyof typeof makers, number[]> = { cache: [], map: [] };
  for (let round = 0; round < rounds + 2; round++) {
    for (const name of ["cache", "map"] as const) {
      const nanos = nanosPerOperation(name, question);
      // The first two rounds are for the compiler.
      if (round >= 2) all[name].push(nanos);
    }
  }
  const [cache, map] = [median(all.cache), median(all.map)];
  return {
    question,
    cache: Number(cache.toFixed(1)),
    map: Number(map.toFixed(1)),
    ratio: Number((cache / map).toFixed(2)),
  };
});
if (found === 0) throw new Error("nothing was found");

printTable([["", "cache ns", "Map ns", "ratio"], ...rows.map((row) => [row.question, row.cache, row.map, row.ratio])]);
writeResult("cache", { rounds, keys: keys.length, rows });
