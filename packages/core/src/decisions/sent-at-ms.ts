import type { Told } from "../incidents/incident.ts";

/** When the attempt behind `told` began. */
export const sentAtMs = ({ sinceMs, atMs }: Told): number => sinceMs ?? atMs;
