// Hybrid logical clocks: text that sorts in the order of the changes, as in lib/learning/changes/clock.py.

const LARGEST_COUNTER = 0xffff;
const PARTS = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)-([0-9a-f]{4})-[0-9a-f]{8}$/;

/** A time in UTC with microseconds: "2026-11-28T10:00:00.123000Z"; `ms` is since 1970. */
export function timeText(ms) {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

/** A time as the server writes it, always with six digits of a second. */
export function withMicroseconds(text) {
  const [, whole, fraction = ""] = /^(.{19})(?:\.(\d+))?/.exec(text);
  return `${whole}.${fraction.padEnd(6, "0")}Z`;
}

/** Whether a text is a reading. */
export function isReading(text) {
  return PARTS.test(text);
}

/** The time one microsecond later. */
function later(time) {
  const micros = Number(time.slice(23, 26)) + 1;
  if (micros < 1000) return `${time.slice(0, 23)}${String(micros).padStart(3, "0")}Z`;
  return timeText(Date.parse(`${time.slice(0, 23)}Z`) + 1);
}

/**
 * A reading that is larger than an earlier one, at the present time if possible.
 *
 * @param {number} now milliseconds since 1970
 * @param {string|null} last largest reading so far
 * @param {string} deviceId whose last eight digits end the reading
 */
export function nextReading(now, last, deviceId) {
  let [time, counter] = [timeText(now), 0];
  const [, lastTime, lastCounter] = PARTS.exec(last ?? "") ?? [];
  if (lastTime !== undefined && lastTime >= time) [time, counter] = [lastTime, Number.parseInt(lastCounter, 16) + 1];
  if (counter > LARGEST_COUNTER) [time, counter] = [later(time), 0];
  return `${time}-${counter.toString(16).padStart(4, "0")}-${deviceId.replaceAll("-", "").slice(-8)}`;
}

/** The larger of two readings; each may be null. */
export function newest(one, other) {
  return (one ?? "") >= (other ?? "") ? one : other;
}
