/** PagerDuty's service regions. Each has its own incidents. */
export type Region = "us" | "eu";
