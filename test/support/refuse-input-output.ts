// Setup file of the unit project: functions that make a unit test slow, or dependent on its machine, throw. Such a test belongs
// into a file *.integration.test.ts. scripts/tidy.test.ts refuses the imports; this file also catches calls through the product.
import childProcess from "node:child_process";
import dgram from "node:dgram";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import threads from "node:worker_threads";

type Methods = Record<string, (...input: unknown[]) => unknown>;

const refuse = (owner: object, name: string, action: string): void => {
  (owner as Methods)[name] = function refused(): never {
    throw new Error(`A unit test must not ${action}. Rename its file to *.integration.test.ts.`);
  };
};

refuse(net.Server.prototype, "listen", "listen on a socket");
refuse(net.Socket.prototype, "connect", "open a connection");
refuse(dgram.Socket.prototype, "bind", "listen on a socket");
refuse(childProcess.ChildProcess.prototype, "spawn", "start a process");
for (const name of ["spawnSync", "execSync", "execFileSync"]) refuse(childProcess, name, "start a process");
refuse(threads, "Worker", "start a thread");
refuse(fs, "mkdtempSync", "write files");
refuse(fs.promises, "mkdtemp", "write files");
syncBuiltinESMExports();
