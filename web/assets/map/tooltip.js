/** A small card over the map: which seat this is, what it costs, what state it has. */

import { h } from '../lib/dom.js';

/** CSS pixels between pointer and card. */
const GAP = 14;

export class Tooltip {
  constructor() {
    // What it says is said by the cursor's announcement and in the list, too.
    this.element = h('div', { class: 'map-tooltip', 'aria-hidden': 'true', hidden: true });
  }

  /**
   * @param {{ title: string, lines: string[], swatch: string }} content
   * @param {number} x CSS pixels in the map
   * @param {number} y
   * @param {{ width: number, height: number }} window
   */
  show(content, x, y, window) {
    const { element } = this;
    element.replaceChildren(
      h('span', { class: 'swatch', '--swatch': content.swatch }),
      h('strong', { dir: 'auto' }, content.title),
      ...content.lines.map((line) => h('span', { class: 'map-tooltip__line' }, line)),
    );
    element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = Math.min(Math.max(8, x - width / 2), Math.max(8, window.width - width - 8));
    const above = y - height - GAP;
    element.style.setProperty('left', `${left}px`);
    element.style.setProperty('top', `${above < 8 ? y + GAP : above}px`);
  }

  hide() {
    this.element.hidden = true;
  }
}
