import {
  chmodSync,
  copyFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { firing, Scratch, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultSettings } from "../../delivery-settings.ts";
import { packClaim } from "../../ledger/wire-format.ts";
import { type Call, GroupCommit } from "./group-commit.ts";
import { Database } from "./database.ts";

const want = (name: string): Call => ["record", [[packClaim(wanted(firing(name)))]]];
const useTargets: Call = ["useTargets", [[targetTerms("pagerduty")]]];
const probe: Call = ["probe", []];
const claimDue: Call = [
  "leaseDue",
  [{ owner: "w", max: 10, concurrency: 10, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } }],
];

let scratch: Scratch;
let path: string;
let clock: VirtualClock;
let groupCommit: GroupCommit;
const open = () => new GroupCommit({ path, settings: defaultSettings }, { clock, random: () => 1 });
beforeEach(() => {
  scratch = new Scratch();
  path = scratch.file("tocsin.db");
  clock = new VirtualClock();
});
afterEach(() => scratch[Symbol.dispose]());

const modes = () =>
  Object.fromEntries(readdirSync(dirname(path)).map((name) => [name, statSync(scratch.file(name)).mode & 0o777]));

describe("the files of a ledger", () => {
  test("can be read by their owner only, whatever the umask is", async () => {
    const umask = process.umask(0);
    try {
      groupCommit = open();
      groupCommit.run([useTargets, want("a")]);
      expect(modes()).toEqual({ "tocsin.db": 0o600, "tocsin.db-wal": 0o600 });
      await groupCommit.backup(scratch.file("copy.db"));
      expect(modes()).toMatchObject({ "copy.db": 0o600 });
      groupCommit.close();
    } finally {
      process.umask(umask);
    }
  });

  test("are made private if an earlier version left them open to others", () => {
    new Database(path).close();
    for (const file of [path, `${path}-wal`]) {
      writeFileSync(file, "", { flag: "a" });
      chmodSync(file, 0o666);
    }
    new Database(path).close();
    expect(Object.values(modes()).every((mode) => mode === 0o600)).toBe(true);
  });
});

describe("changes of the files of an open ledger", () => {
  beforeEach(() => {
    groupCommit = open();
    groupCommit.run([useTargets, want("before")]);
  });
  afterEach(() => groupCommit.close());

  test.each<[string, RegExp, () => void]>([
    ["removed", /tocsin\.db was removed/, () => rmSync(path)],
    ["removed log", /tocsin\.db-wal was removed/, () => rmSync(`${path}-wal`)],
    ["moved", /tocsin\.db was removed/, () => renameSync(path, `${path}.old`)],
    [
      "replaced by a copy",
      /tocsin\.db was replaced/,
      () => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
    ["truncated", /tocsin\.db was truncated/, () => truncateSync(path, 0)],
    ["shortened", /tocsin\.db was truncated/, () => truncateSync(path, statSync(path).size - 1)],
    ["truncated log", /tocsin\.db-wal was truncated/, () => truncateSync(`${path}-wal`, 0)],
  ])("%s: nothing more is accepted, and accepted alerts are still delivered", async (_name, problem, change) => {
    change();
    await clock.advance(1_000);
    const refused = { ok: false, unavailable: true, message: expect.stringMatching(problem) as string };
    const answers = groupCommit.run([want("after"), claimDue, probe, ["acknowledge", [1, "a"]], ["resolve", [1, "a"]]]);
    expect(answers).toMatchObject([
      refused,
      { value: { leases: [{ dedupKey: "before" }] } },
      refused,
      refused,
      refused,
    ]);
    expect(groupCommit.run([want("again")])).toMatchObject([refused]);
  });

  test("are noticed at once by a probe, and within a second by other operations", async () => {
    renameSync(path, `${path}.old`);
    expect(groupCommit.run([want("meanwhile")])).toMatchObject([{ ok: true }]);
    expect(groupCommit.run([probe])).toMatchObject([{ ok: false }]);
    renameSync(`${path}.old`, path);
    expect(groupCommit.run([probe, want("back")])).toMatchObject([{ ok: true }, { ok: true }]);
    await clock.advance(999);
    rmSync(path);
    expect(groupCommit.run([want("in time")])).toMatchObject([{ ok: true }]);
    await clock.advance(1);
    expect(groupCommit.run([want("late")])).toMatchObject([{ ok: false }]);
  });

  test("do not include the changes that SQLite makes itself", async () => {
    // It copies its log into the file in rounds 4 and 9, and then writes the log from its beginning.
    for (let round = 0; round < 12; round++) {
      groupCommit.run(Array.from({ length: 100 }, (_, index) => want(`${round}-${index}-${"x".repeat(10_000)}`)));
      await clock.advance(1_000);
      expect(groupCommit.run([probe])).toMatchObject([{ ok: true }]);
    }
  });
});
