// Tables that sort by a column and show a part of their rows at a time.
import { html, useMemo, useState } from "./html.js";

export const ROWS_AT_A_TIME = 100;

/** Rows in the order of a column; equal ones keep their order, empty values come last. */
export function sorted(rows, value, descending = false) {
  const keyed = rows.map((row, place) => ({ row, place, key: value(row) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    const empty = (a.key === null || a.key === undefined) - (b.key === null || b.key === undefined);
    if (empty || a.key === b.key) return empty || a.place - b.place;
    const order = typeof a.key === "string" ? a.key.localeCompare(b.key, "en") : a.key - b.key;
    return sign * order || a.place - b.place;
  });
  return keyed.map(({ row }) => row);
}

/** The head of a column that sorts when its button is pressed. */
export function SortHead({ name, label, order, onSort, className = "" }) {
  const current = order.name === name;
  const direction = order.descending ? "descending" : "ascending";
  const press = () => onSort({ name, descending: current ? !order.descending : false });
  return html`<th role="columnheader" scope="col" class=${className} aria-sort=${current ? direction : null}>
    <button type="button" class="plain" onClick=${press}>
      ${label}${current && html`<span aria-hidden="true"> ${order.descending ? "↓" : "↑"}</span>`}
    </button>
  </th>`;
}

/** The first rows, and a button for more: `{visibleRows, more}`. */
export function useRowsAtATime(rows, size = ROWS_AT_A_TIME) {
  const [limit, setLimit] = useState(size);
  const visibleRows = useMemo(() => rows.slice(0, limit), [rows, limit]);
  const remaining = rows.length - visibleRows.length;
  const more = remaining > 0 &&
    html`<button type="button" class="quiet" onClick=${() => setLimit(limit + size)}>Show ${Math.min(size, remaining)} more of ${remaining}</button>`;
  return { visibleRows, more };
}

/** A small table: `columns` are `{name, label, num, className, cell(row)}`; the first column has the row headers. */
export function Table({ label, columns, rows, rowKey }) {
  return html`<table class="flat stacked" role="table" aria-label=${label}>
    <thead role="rowgroup">
      <tr role="row">${columns.map((column) => html`<th key=${column.name} role="columnheader" scope="col" class=${column.num ? "num" : ""}>${column.label}</th>`)}</tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((row, place) => html`<tr role="row" key=${rowKey ? rowKey(row) : place}>
        ${columns.map((column, n) => {
          const content = column.cell(row);
          const style = `${column.num ? "num" : ""} ${column.className ?? ""}`;
          return n === 0
            ? html`<th role="rowheader" scope="row" class=${style}>${content}</th>`
            : html`<td role="cell" class=${style}>${content}</td>`;
        })}
      </tr>`)}
    </tbody>
  </table>`;
}
