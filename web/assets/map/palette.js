/**
 * The map's colours: the chart's own for categories, moved in lightness until they stand out from
 * the ground (WCAG 1.4.11: 3 to 1), the page's tokens for everything else. Pure, but for
 * `readPalette`, which reads custom properties.
 */

/** @typedef {[number, number, number]} Rgb 0 to 255 */

/** @param {string} text `#rgb`, `#rrggbb` or `rgb(r g b)` @returns {Rgb} mid grey when not understood */
export function parseColor(text) {
  const value = text.trim();
  const long = /^#([0-9a-f]{6})/i.exec(value);
  if (long) return /** @type {Rgb} */ ([0, 2, 4].map((at) => parseInt(long[1].slice(at, at + 2), 16)));
  const short = /^#([0-9a-f]{3})$/i.exec(value);
  if (short) return /** @type {Rgb} */ ([...short[1]].map((digit) => parseInt(digit + digit, 16)));
  const numbers = /^rgba?\(/i.test(value) ? value.match(/[\d.]+/g)?.map(Number) : null;
  return numbers && numbers.length >= 3 ? [numbers[0], numbers[1], numbers[2]] : [128, 128, 128];
}

/** @param {Rgb} color */
export function cssColor([red, green, blue]) {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
}

/** @param {Rgb} from @param {Rgb} to @param {number} share of `to`, 0 to 1 @returns {Rgb} */
export function mix(from, to, share) {
  return /** @type {Rgb} */ (from.map((part, at) => part + (to[at] - part) * share));
}

/** Relative luminance of WCAG. @param {Rgb} color */
export function luminance(color) {
  const [red, green, blue] = color.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {Rgb} left @param {Rgb} right @returns {number} 1 to 21 */
export function contrast(left, right) {
  const [light, dark] = [luminance(left), luminance(right)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/**
 * The colour, moved towards black or white just as far as the contrast asks.
 *
 * @param {Rgb} color
 * @param {Rgb} ground
 * @param {number} ratio
 * @returns {Rgb}
 */
export function standOut(color, ground, ratio) {
  const aim = /** @type {Rgb} */ (luminance(ground) > 0.18 ? [0, 0, 0] : [255, 255, 255]);
  for (let share = 0; share < 1; share += 0.04) {
    const moved = mix(color, aim, share);
    if (contrast(moved, ground) >= ratio) return moved;
  }
  return aim;
}

const WHITE = /** @type {Rgb} */ ([255, 255, 255]);
const INK = /** @type {Rgb} */ ([16, 20, 30]);

/**
 * @typedef {object} Palette
 * @property {{ fill: string, on: string, rgb: Rgb }[]} categories
 * @property {string} ground behind everything
 * @property {string} pad under the seats of a zone
 * @property {string} padEdge
 * @property {string} stage
 * @property {string} onStage
 * @property {string} text
 * @property {string} muted
 * @property {string} held
 * @property {string} sold for areas: bars, small squares
 * @property {string} soldMark for the cross
 * @property {string} blocked
 * @property {string} own
 * @property {string} onOwn
 * @property {string} accent
 * @property {string} onAccent
 * @property {string} focus
 * @property {Rgb} soldRgb
 * @property {Rgb} groundRgb
 * @property {Rgb} padRgb
 */

/**
 * @param {Element} element whose custom properties count
 * @param {{ name: string, color: string }[]} categories
 * @returns {Palette}
 */
export function readPalette(element, categories) {
  const style = getComputedStyle(element);
  const token = (name) => parseColor(style.getPropertyValue(name));
  const pad = token('--map-pad');
  const muted = token('--seat-sold');
  return {
    categories: categories.map(({ color }) => {
      const rgb = standOut(parseColor(color), pad, 3.2);
      return { rgb, fill: cssColor(rgb), on: cssColor(contrast(rgb, WHITE) >= contrast(rgb, INK) ? WHITE : INK) };
    }),
    ground: cssColor(token('--map-ground')),
    pad: cssColor(pad),
    padEdge: cssColor(token('--map-pad-edge')),
    stage: cssColor(token('--map-stage')),
    onStage: cssColor(standOut(token('--text-muted'), token('--map-stage'), 4.5)),
    text: cssColor(token('--text')),
    muted: cssColor(token('--text-muted')),
    held: cssColor(standOut(token('--seat-held'), pad, 3)),
    sold: cssColor(muted),
    soldMark: cssColor(standOut(muted, pad, 3)),
    soldRgb: muted,
    groundRgb: token('--map-ground'),
    padRgb: pad,
    blocked: cssColor(standOut(token('--seat-blocked'), pad, 3)),
    own: cssColor(token('--seat-own')),
    onOwn: cssColor(contrast(token('--seat-own'), WHITE) >= contrast(token('--seat-own'), INK) ? WHITE : INK),
    accent: cssColor(token('--amber')),
    onAccent: cssColor(token('--on-amber')),
    focus: cssColor(token('--focus')),
  };
}
