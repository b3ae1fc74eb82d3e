// Removes this package's build before it is packed, so that no output of a deleted or renamed source file is published.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
