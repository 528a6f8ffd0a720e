// Preact with hooks and htm: every element of a page is written as html`…` and updated from data.
import htm from "../vendor/htm.js";
import { Component, h } from "../vendor/preact.js";
import { PART } from "./texts.js";

export { render } from "../vendor/preact.js";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export const html = htm.bind(h);

const same = (a, b) => Object.keys({ ...a, ...b }).every((name) => Object.is(a[name], b[name]));

/** A component that renders again only when one of its props changes. */
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

/**
 * A component whose module is loaded when it is first shown.
 *
 * @param {() => Promise<object>} load such as `() => import("./pool.js")`
 * @param {string} name of the component in the module
 */
export function lazy(load, name) {
  return class extends Component {
    componentDidMount() {
      this.load = () => load().then((module) => this.setState({ module }), () => this.setState({ failed: true }));
      this.load();
    }

    render(props, { module, failed }) {
      if (module) return h(module[name], props);
      return failed && html`<p role="alert">${PART.failed} <button type="button" class="quiet" onClick=${this.load}>${PART.retry}</button></p>`;
    }
  };
}
