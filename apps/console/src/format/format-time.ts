const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const pad = (value: number): string => String(value).padStart(2, "0");

/** Local time, with the day unless it is today: `03:07:12`, `Nov 29 23:50`, `2025 Dec 31 23:50`. */
export function formatTime(at: Date, now: Date): string {
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return `${clock}:${pad(at.getSeconds())}`;
  const day = `${months[at.getMonth()]} ${at.getDate()} ${clock}`;
  return at.getFullYear() === now.getFullYear() ? day : `${at.getFullYear()} ${day}`;
}

/** `2026-11-30 03:07:12 UTC` */
export const formatUtcTime = (at: Date): string => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
