import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port that is free now, for what must be found again under the same one after a restart: below those that connections
 * are given, so that none of them takes it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer().listen(port, "127.0.0.1");
    // It rejects at the first error, such as a port that is taken.
    const isFree = await once(probe, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}
