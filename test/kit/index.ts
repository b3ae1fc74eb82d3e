export * from "../contracts/ledger-contract.ts";
export * from "../contracts/publisher-contract.ts";
export * from "../contracts/scripted-receiver.ts";
export { type CollectedSpan, Collector } from "./collector.ts";
export * from "./makers.ts";
export * from "./hanging-listener.ts";
