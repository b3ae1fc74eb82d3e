#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --conditions=@tocsin/source --max-semi-space-size=8
// A young generation of 24 MB instead of 48: what an event leaves behind dies soon. Two arenas instead of eight a core: what
// one thread frees another may use (bench/README.md).
import module from "node:module";

// A named import of what an older Node lacks would end with a stack before anything could be said.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Tocsin needs Node 22.18 or newer; this is ${process.version}. In a checkout, run "npm start -- COMMAND", which uses the Node of node_modules.`,
  );
  process.exit(1);
}

// From the second start on, types need no stripping and code no compiling: less time to start, and 31 MB less memory, half of that
// because this file has no types itself, so that what strips them is never loaded. Threads find the cache by the environment. It
// lies beside the code, where only who may change the code may change it; elsewhere than in a checkout there is none.
const checkout = new URL("../../../node_modules/", import.meta.url);
process.env["NODE_COMPILE_CACHE"] ??= new URL(".cache/tocsin", checkout).pathname;
module.enableCompileCache();

const { run } = await import("./cli/program.ts");
const { processTerminal } = await import("./cli/terminal.ts");
setTimeout(module.flushCompileCache, 10_000).unref();
process.exitCode = await run(process.argv.slice(2), processTerminal());
