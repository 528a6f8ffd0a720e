// State of the copy in this browser, and of its changes: waiting, being sent, or on the server.
import { Badge } from "../shared/elements.js";
import { html, useCallback, useEffect, useRef, useState } from "../shared/html.js";
import { DEVICE } from "./texts.js";

const GRACE_MS = 5000; // a change that waits for longer is worth a warning

/**
 * The copy of the student: `{phase: "opening"|"ready"|"none", opened, copy, reason, lose}`. `opened` is the copy once it
 * is open, otherwise null. `copy` is the same object until `lose(error)` reports that it can store nothing more, and
 * then null; `reason` says why `copy` is null.
 */
export function useCopy(api, account) {
  const [state, setState] = useState({ phase: "opening", opened: null, copy: null, reason: null });
  const reasonOf = (error) => (error.kind === "storage" ? error.reason : "unavailable");
  const none = (error) => setState({ phase: "none", opened: null, copy: null, reason: reasonOf(error) });
  const lose = (error) => setState((before) => ({ ...before, copy: null, reason: reasonOf(error) }));
  useEffect(() => {
    let unmounted = false;
    let copy = null;
    import("./offline/copy.js").then(({ openCopy }) => openCopy(api, account)).then((opened) => {
      copy = opened;
      if (unmounted) opened.background.stop();
      else setState({ phase: "ready", opened: copy, copy, reason: null });
    }, (error) => unmounted || none(error));
    return () => {
      unmounted = true;
      copy?.background.stop();
    };
  }, [api]);
  return { ...state, lose };
}

const NO_SYNC = { pending: 0, answers: 0, since: null, rejections: [], syncing: false, away: false, problem: null, lastSuccess: null };

/** Without a copy: send the waiting answers when the page opens and when the connection is back. */
function useWaiting(data, onSent) {
  const [waiting, setWaiting] = useState(data.waiting);
  const [syncing, setSyncing] = useState(false);
  const refresh = useCallback(() => setWaiting(data.waiting()), [data]);
  const send = useCallback(async () => {
    if (!data.waiting()) return;
    setSyncing(true);
    try {
      await data.sendWaiting();
      onSent();
    } catch {
      // The answers stay queued, and the badge shows that they wait.
    }
    refresh();
    setSyncing(false);
  }, [data, onSent, refresh]);
  useEffect(() => {
    send();
    addEventListener("online", send);
    return () => removeEventListener("online", send);
  }, [send]);
  return { ...NO_SYNC, pending: waiting, answers: waiting, syncing, send, refresh };
}

/** Ask the browser not to delete the copy; unless it agrees, warn before the page is closed while a change waits. */
function useWarning({ pending, since }) {
  const isPersistent = useRef(false);
  useEffect(() => {
    if (!pending) return undefined;
    navigator.storage?.persist?.().then((answer) => {
      isPersistent.current = answer;
    }, () => {});
    const warn = (event) => {
      if (isPersistent.current || Date.now() - Date.parse(since) < GRACE_MS) return;
      event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [pending, since]);
}

/**
 * The state of synchronisation, with `send`, which syncs now, and `refresh`, which counts the waiting changes again;
 * a copy keeps this count up to date without `refresh`.
 *
 * @param {object} data of the page
 * @param {object|null} copy of the student
 * @param {() => void} onSent called when the last waiting change was applied or refused, or a repair has changed rows
 */
export function useSync(data, copy, onSent) {
  const [state, setState] = useState(null);
  const direct = useWaiting(data, onSent);
  const listener = useRef(onSent);
  listener.current = onSent;
  useEffect(() => {
    direct.refresh();
    if (copy === null) return undefined;
    let last = copy.background.state;
    setState(last);
    return copy.background.listen((next) => {
      const isChanged = (last.pending > 0 && next.pending === 0) || next.repairs > last.repairs;
      last = next;
      setState(next);
      if (isChanged) listener.current();
    });
  }, [copy]);
  const send = useCallback(() => copy?.background.syncNow(), [copy]);
  const sync = copy && state ? { ...state, send, refresh: () => {} } : direct;
  useWarning(sync);
  return sync;
}

/** The state in words, with a symbol. */
export function SyncBadge({ sync, loadedAt, problem }) {
  const offline = sync.away || problem?.kind === "offline";
  const moment = sync.ready ? sync.lastSuccess : loadedAt;
  if (sync.syncing && (sync.pending || !moment)) return html`<${Badge}>${DEVICE.syncing}<//>`;
  if (sync.rejections.length) return html`<${Badge} kind="bad" sign="!">${DEVICE.rejected(sync.rejections.length)}<//>`;
  if (sync.pending) return html`<${Badge} kind="warn" sign="↑">${DEVICE.waiting(sync.pending, sync.answers)}<//>`;
  if (sync.problem) return html`<${Badge} kind="bad" sign="!">${DEVICE.failed}<//>`;
  if (offline) return html`<${Badge} kind="warn" sign="!">${DEVICE.offline}<//>`;
  return moment && html`<${Badge} kind="good" sign="✓">${DEVICE.synced(moment)}<//>`;
}
