/**
 * Keys on the map. Far out, arrows move the plan; near, they go from seat to seat and Enter
 * chooses. Nothing here needs a pointer.
 */

import { PITCH_MARKS } from './paint.js';

const PAN_PIXELS = 90;
const ZOOM_STEP = 1.6;
/** CSS pixels between seats after Enter far out. */
const PITCH_NEAR = 26;
/** The cursor stays this far inside the window, CSS pixels. */
const CURSOR_MARGIN = 60;

const ARROWS = new Map([
  ['ArrowLeft', [-1, 0]],
  ['ArrowRight', [1, 0]],
  ['ArrowUp', [0, -1]],
  ['ArrowDown', [0, 1]],
]);

/**
 * @param {HTMLElement} surface
 * @param {import('./camera.js').Camera} camera
 * @param {{ chart: import('./chart.js').SeatChart, index: import('./spatial.js').SpatialIndex, cursor: number }} scene
 * @param {object} events
 * @param {() => void} events.moved the camera or the cursor
 * @param {(seat: number) => void} events.cursorMoved
 * @param {(seat: number) => void} events.toggled
 */
export function listenToKeys(surface, camera, scene, { moved, cursorMoved, toggled }) {
  const near = () => scene.chart.pitch * camera.scale >= PITCH_MARKS;

  const setCursor = (seat) => {
    scene.cursor = seat;
    if (seat < 0) return;
    follow(camera, scene.chart.x[seat], scene.chart.y[seat]);
    cursorMoved(seat);
  };

  const findCursor = () => scene.index.nearest(camera.x, camera.y, Math.hypot(camera.width, camera.height) / camera.scale);

  const arrow = ([dx, dy]) => {
    if (!near()) return camera.panBy(-dx * PAN_PIXELS, -dy * PAN_PIXELS);
    if (scene.cursor < 0) return setCursor(findCursor());
    const next = scene.index.step(scene.cursor, dx, dy, scene.chart.pitch * 14);
    if (next >= 0) setCursor(next);
  };

  const enter = () => {
    if (near() && scene.cursor >= 0) return toggled(scene.cursor);
    const seat = scene.cursor >= 0 ? scene.cursor : findCursor();
    if (seat < 0) return;
    camera.moveTo({ x: scene.chart.x[seat], y: scene.chart.y[seat], scale: PITCH_NEAR / scene.chart.pitch });
    scene.cursor = seat;
    cursorMoved(seat);
  };

  surface.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const direction = ARROWS.get(event.key);
    if (direction) arrow(direction);
    else if (event.key === 'Enter' || event.key === ' ') enter();
    else if (event.key === '+' || event.key === '=') camera.zoomAt(ZOOM_STEP, camera.width / 2, camera.height / 2);
    else if (event.key === '-') camera.zoomAt(1 / ZOOM_STEP, camera.width / 2, camera.height / 2);
    else if (event.key === '0') camera.fit();
    else if (event.key === 'Escape' && scene.cursor >= 0) scene.cursor = -1;
    else return;
    event.preventDefault();
    moved();
  });

  surface.addEventListener('blur', () => {
    scene.cursor = -1;
    moved();
  });
}

/** Moves the plan just as far as the cursor needs to stay in the window. */
function follow(camera, x, y) {
  const [screenX, screenY] = [camera.toScreenX(x), camera.toScreenY(y)];
  const marginX = Math.min(CURSOR_MARGIN, camera.width / 4);
  const marginY = Math.min(CURSOR_MARGIN, camera.height / 4);
  const over = (value, margin, size) =>
    value < margin ? margin - value : value > size - margin ? size - margin - value : 0;
  const dx = over(screenX, marginX, camera.width);
  const dy = over(screenY, marginY, camera.height);
  if (dx !== 0 || dy !== 0) camera.panBy(dx, dy);
}
