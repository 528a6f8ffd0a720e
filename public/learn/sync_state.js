// The state of this device's answers: waiting, being sent, or on the server.
import { Badge } from "../shared/elements.js";
import { html, useCallback, useEffect, useState } from "../shared/html.js";
import { DEVICE } from "./texts.js";

/** The waiting answers, sent when the page opens and when the connection is back: `{waiting, sending, send, refresh}`. */
export function useSync(data, onSent) {
  const [waiting, setWaiting] = useState(data.waiting);
  const [sending, setSending] = useState(false);
  const refresh = useCallback(() => setWaiting(data.waiting()), [data]);
  const send = useCallback(async () => {
    if (!data.waiting()) return;
    setSending(true);
    try {
      await data.sendWaiting();
      onSent();
    } catch {
      // They wait on, and the badge says so.
    }
    refresh();
    setSending(false);
  }, [data, onSent, refresh]);
  useEffect(() => {
    send();
    addEventListener("online", send);
    return () => removeEventListener("online", send);
  }, [send]);
  return { waiting, sending, send, refresh };
}

/** The state in words, with a symbol. */
export function SyncBadge({ sync, loadedAt, problem }) {
  if (sync.sending) return html`<${Badge}>${DEVICE.syncing}<//>`;
  if (sync.waiting) return html`<${Badge} kind="warn" sign="↑">${DEVICE.waiting(sync.waiting)}<//>`;
  if (problem?.kind === "offline") return html`<${Badge} kind="warn" sign="!">${DEVICE.offline}<//>`;
  return loadedAt && html`<${Badge} kind="good" sign="✓">${DEVICE.synced(loadedAt)}<//>`;
}
