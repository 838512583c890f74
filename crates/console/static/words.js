// Figures as people read them: lengths, dates, numbers, sizes. It must not know where they are shown.

/** "3:05", or "1:03:05". */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  const two = (number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(parts[0])}:${two(parts[1])}` : `${parts[0]}:${two(parts[1])}`;
}

/** The same for ears: "3 minutes 5 seconds". */
export function spokenClock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const rest = counted(seconds % 60, "second");
  return minutes > 0 ? `${counted(minutes, "minute")} ${rest}` : rest;
}

/** "4 days 3 h", "3 h 5 min", "5 min", "12 s": how long a server has run. */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  if (days > 0) return `${counted(days, "day")} ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${whole} s`;
}

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
export const date = (ms) => DATE.format(new Date(ms));

/** "1 call", "2 calls". */
export const counted = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export const number = (value, digits = 0) =>
  Number(value ?? 0).toLocaleString("en", { maximumFractionDigits: digits });

export const megabytes = (bytes) => `${number(bytes / 1e6, bytes < 1e7 ? 1 : 0)} MB`;

/** Whatever a server sends in the place of a list. */
export const listOf = (value) => (Array.isArray(value) ? value : []);
