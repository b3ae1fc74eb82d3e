// How does a storm pass a limit of 120 calls in 60 s? In virtual time, so the result does not depend on this machine: 1,000
// incidents of which a fifth is critical, and 10,000 flaps over 100 incidents, until the last is delivered correctly.
import { firing, Random, resolved, startVirtualService } from "@tocsin/test/makers";
import { printTable, writeResult } from "./lib/machine.ts";

const second = 1_000;
const names = (what: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${what}-${n}`);

async function drain(): Promise<{ seconds: number; requests: number }> {
  await using service = await startVirtualService();
  await service.say(
    names("c", 200).map((name) => firing(name)),
    "critical",
  );
  await service.say(
    names("w", 800).map((name) => firing(name)),
    "warning",
  );
  return { seconds: (await service.drained()) / second, requests: service.requests() };
}

async function flaps(paceMs: number): Promise<{ seconds: number; requests: number }> {
  await using service = await startVirtualService();
  const random = new Random(1);
  const fires = new Map(names("a", 100).map((name) => [name, false]));
  for (let flap = 0; flap < 10_000; flap++) {
    const name = random.pick([...fires.keys()]);
    const isFiring = !fires.get(name);
    fires.set(name, isFiring);
    await service.say([(isFiring ? firing : resolved)(name, { startsAtMs: service.clock.now() })], "error");
    await service.clock.advance(paceMs);
  }
  return { seconds: (await service.drained()) / second, requests: service.requests() };
}

const results = {
  "1,000 incidents, 200 critical": await drain(),
  "10,000 flaps in 5 minutes": await flaps(30),
  "10,000 flaps in 10 s": await flaps(1),
};
printTable([
  ["until all is delivered", "virtual s", "requests"],
  ...Object.entries(results).map(([name, { seconds, requests }]) => [name, seconds, requests]),
]);
writeResult("drain", { results });
