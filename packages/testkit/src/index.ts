export * from "./contracts/publisher-contract.ts";
export * from "./contracts/scripted-receiver.ts";
export * from "./claims.ts";
export * from "./incident-of.ts";
export * from "./random.ts";
export * from "./target-terms.ts";
export * from "./virtual-clock.ts";
