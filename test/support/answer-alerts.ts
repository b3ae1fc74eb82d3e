// A process that records alerts one after another in the ledger file that it is given, and says so the moment each is
// asked and answered.
import { writeSync } from "node:fs";
import { openSqliteLedger } from "@tocsin/engine";
import { firing, targetTerms, wanted } from "@tocsin/test/makers";

const [path = "", answers = "1"] = process.argv.slice(2);
const ledger = await openSqliteLedger({ path });
await ledger.useTargets([targetTerms("pagerduty")]);
for (let n = 0; n < Number(answers); n++) {
  writeSync(1, `asked ${n}\n`);
  await ledger.record([wanted(firing(`a${n}`))]);
  writeSync(1, `answered ${n}\n`);
}
await ledger[Symbol.asyncDispose]();
