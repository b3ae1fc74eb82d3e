import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In memory where there is such a place: a sync costs nothing there, and loses nothing that a test could miss. */
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A directory for one test. */
export class Scratch implements Disposable {
  readonly #path = mkdtempSync(join(place, "tocsin-"));

  file(name: string): string {
    return join(this.#path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true });
  }
}
