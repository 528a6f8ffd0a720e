// Lists that come page by page.
import { useCallback, useEffect, useState } from "./html.js";

const EMPTY = { data: null, problem: null };

/**
 * All rows of a list whose pages have `next_cursor`. They appear as they come; a reload keeps the old
 * ones until all new ones are there.
 *
 * @param {Function} api
 * @param {string} path
 * @param {string} member name of the member of the response that holds the rows
 * @returns {{data: {rows: object[], done: boolean}|null, problem: Error|null, reload: () => void}}
 */
export function useAllPages(api, path, member) {
  const [state, setState] = useState(EMPTY);
  const [turn, setTurn] = useState(0);
  useEffect(() => setState(EMPTY), [api, path]);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const load = async () => {
      let rows = [];
      let cursor = null;
      do {
        const page = await api("GET", path, { query: { cursor }, signal });
        rows = [...rows, ...page[member]];
        cursor = page.next_cursor;
        const data = { rows, done: cursor === null };
        setState((old) => (old.data?.done && !data.done ? old : { data, problem: null }));
      } while (cursor !== null);
    };
    load().catch((problem) => signal.aborted || setState((old) => ({ ...old, problem })));
    return () => controller.abort();
  }, [api, path, member, turn]);
  return { ...state, reload: useCallback(() => setTurn((n) => n + 1), []) };
}
