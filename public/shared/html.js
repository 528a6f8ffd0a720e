// Preact with hooks and htm: every element of a page is written as html`…` and updated from data.
import htm from "../vendor/htm.js";
import { Component, h } from "../vendor/preact.js";

export { render } from "../vendor/preact.js";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export const html = htm.bind(h);

const same = (a, b) => Object.keys({ ...a, ...b }).every((name) => Object.is(a[name], b[name]));

/** A component that renders again only when one of its props is another one. */
export function memo(render) {
  return class extends Component {
    shouldComponentUpdate(next) {
      return !same(this.props, next);
    }

    render(props) {
      return render(props);
    }
  };
}
