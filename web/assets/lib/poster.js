/**
 * A picture for an event that has none: rows of seats around a stage, some lit, in colours and a
 * pattern that the event's id decides. The same event looks the same everywhere.
 */

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} text @returns {number} 32 bits */
export function hashOf(text) {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash;
}

/**
 * Numbers from 0 to 1, the same for the same seed.
 *
 * @param {number} seed
 */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Hues that go with night blue and amber. */
const HUES = [222, 262, 292, 330, 356, 18, 176, 200];

/** @param {string} id */
export function hueOf(id) {
  return HUES[(hashOf(id) >>> 7) % HUES.length];
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * @param {string} id
 * @param {{ width: number, height: number }} [size] the shape that is shown, roughly
 * @returns {SVGElement} fills its box, cut to fit
 */
export function poster(id, { width, height } = { width: 480, height: 300 }) {
  const random = randomOf(hashOf(id));
  const hue = hueOf(id);
  const svg = shape('svg', {
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'xMidYMid slice',
    'aria-hidden': 'true',
    class: 'poster',
  });
  const gradient = `poster-${hashOf(id).toString(36)}`;
  const light = shape('radialGradient', { id: gradient, cx: 0.5, cy: 1.05, r: 1.05 });
  light.append(
    shape('stop', { offset: 0, 'stop-color': `hsl(${hue + 14} 62% 52%)` }),
    shape('stop', { offset: 0.55, 'stop-color': `hsl(${hue} 55% 30%)` }),
    shape('stop', { offset: 1, 'stop-color': `hsl(${hue - 12} 60% 15%)` }),
  );
  const definitions = shape('defs', {});
  definitions.append(light);
  svg.append(definitions, shape('rect', { width, height, fill: `url(#${gradient})` }));
  rows(svg, random, width, height);
  return /** @type {SVGElement} */ (svg);
}

/**
 * @param {Element} svg
 * @param {() => number} random
 * @param {number} width
 * @param {number} height
 */
function rows(svg, random, width, height) {
  const centre = width * (0.35 + random() * 0.3);
  const curve = 0.72 + random() * 0.5;
  svg.append(
    shape('ellipse', { cx: centre, cy: height + 14, rx: 74, ry: 44 * curve, fill: '#fff', opacity: 0.16 }),
  );
  for (let row = 0; row < width / 53; row += 1) {
    const radius = 92 + row * 31;
    const seats = Math.round(radius / 8.5);
    for (let seat = 0; seat <= seats; seat += 1) {
      const angle = Math.PI * (1 + seat / seats);
      const lit = random() < 0.085;
      const size = 3.1 + row * 0.42;
      const x = centre + Math.cos(angle) * radius;
      const y = height + 10 + Math.sin(angle) * radius * curve;
      if (x < -10 || x > width + 10 || y < -10) continue;
      svg.append(
        shape('circle', {
          cx: x.toFixed(1),
          cy: y.toFixed(1),
          r: lit ? (size + 0.9).toFixed(1) : size.toFixed(1),
          fill: lit ? '#ffb52e' : '#fff',
          opacity: lit ? 0.96 : (0.1 + random() * 0.2).toFixed(2),
        }),
      );
    }
  }
}
