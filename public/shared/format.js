// Numbers, times and names as the pages write them.

const NUMBER = new Intl.NumberFormat("en-GB");
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** A number with a real minus sign, and, without `digits`, with thousands separators. */
export function number(value, digits = 0) {
  const text = digits ? value.toFixed(digits) : NUMBER.format(value);
  return text.replace("-", "−");
}

/** A count with its noun: "1 student", "40 students". */
export function count(value, singular, plural = `${singular}s`) {
  return `${number(value)} ${value === 1 ? singular : plural}`;
}

/** A length of time: "40 s", "4 min", "1 h 16", "3 days". */
export function duration(seconds) {
  if (seconds < MINUTE) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${String(minutes % 60).padStart(2, "0")}`;
  return count(Math.floor(seconds / DAY), "day");
}

/** Time since a moment: "now", "4 min". `now` is in milliseconds. */
export function ago(moment, now) {
  const seconds = Math.max(0, (now - new Date(moment).getTime()) / 1000);
  return seconds < MINUTE ? "now" : duration(seconds);
}

/** A size in bytes: "12 KB", "3.4 MB". */
export function bytes(value) {
  if (value < 1024) return count(value, "byte");
  return value < 1024 ** 2 ? `${Math.round(value / 1024)} KB` : `${number(value / 1024 ** 2, 1)} MB`;
}

/** The time of day: "11:36". */
export function clock(moment) {
  return new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** The date and time of day: "26 November, 09:00". */
export function dateTime(moment) {
  const day = new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
  return `${day}, ${clock(moment)}`;
}

/** Name of a person, or a substitute if none was given. */
export function nameOf({ studentName, studentEmail, githubUsername, studentId }) {
  return studentName || studentEmail || githubUsername || `No name (${String(studentId ?? "?").slice(0, 4)})`;
}

/** An address if a browser may follow it (http or https), otherwise null. */
export function safeLink(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
