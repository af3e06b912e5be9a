/**
 * Fingers, mouse and wheel on the map: one finger drags, two pinch, the wheel zooms, a tap is told.
 * Everything they do can be done without dragging too: buttons, keys, a tap on a zone (WCAG 2.5.7).
 */

/** CSS pixels that a finger may tremble in a tap. */
const TAP_TREMBLE = 8;
/** Speed is measured over this last part of a swipe. */
const SPEED_WINDOW_MS = 90;
const WHEEL_ZOOM = 0.0016;
/** A wheel that counts lines instead of pixels. */
const WHEEL_LINE_PIXELS = 16;

/**
 * @param {HTMLElement} surface
 * @param {import('./camera.js').Camera} camera
 * @param {object} events
 * @param {() => void} events.moved
 * @param {(x: number, y: number, touch: boolean) => void} events.tapped
 * @param {(x: number, y: number) => void} events.hovered
 * @param {() => void} events.left
 * @returns {() => void} stops listening
 */
export function listenToGestures(surface, camera, { moved, tapped, hovered, left }) {
  const pointers = new Map();
  let dragged = false;
  let trail = [];
  const abort = new AbortController();
  const on = (type, listener, options = {}) =>
    surface.addEventListener(type, listener, { signal: abort.signal, ...options });

  const at = (event) => {
    const box = surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  on('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    camera.stop();
    const point = at(event);
    pointers.set(event.pointerId, { ...point, startX: point.x, startY: point.y });
    if (pointers.size === 1) {
      dragged = false;
      trail = [];
    } else {
      dragged = true;
    }
    surface.setPointerCapture(event.pointerId);
  });

  on('pointermove', (event) => {
    const point = at(event);
    const pointer = pointers.get(event.pointerId);
    if (!pointer) {
      if (event.pointerType === 'mouse') hovered(point.x, point.y);
      return;
    }
    if (pointers.size === 2) pinch(camera, pointers, event.pointerId, point);
    else if (dragged || Math.hypot(point.x - pointer.startX, point.y - pointer.startY) > TAP_TREMBLE) {
      if (!dragged) left();
      dragged = true;
      camera.panBy(point.x - pointer.x, point.y - pointer.y);
      trail.push({ ...point, at: event.timeStamp });
      if (trail.length > 12) trail.shift();
    } else return;
    pointer.x = point.x;
    pointer.y = point.y;
    moved();
  });

  const end = (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    pointers.delete(event.pointerId);
    if (event.type === 'pointercancel' || pointers.size > 0) {
      trail = [];
      return;
    }
    if (!dragged) return tapped(pointer.x, pointer.y, event.pointerType !== 'mouse');
    const speed = speedOf(trail, event.timeStamp);
    camera.glide(speed.x, speed.y);
    moved();
  };
  on('pointerup', end);
  on('pointercancel', end);
  on('pointerleave', (event) => event.pointerType === 'mouse' && left());

  on(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE_PIXELS : 1);
      const point = at(event);
      // A touchpad's pinch comes as a wheel with the control key, in small steps.
      camera.zoomAt(Math.exp(-pixels * WHEEL_ZOOM * (event.ctrlKey ? 6 : 1)), point.x, point.y);
      moved();
    },
    { passive: false },
  );

  return () => abort.abort();
}

function pinch(camera, pointers, movedId, point) {
  const moved = pointers.get(movedId);
  const [other] = [...pointers].filter(([id]) => id !== movedId).map(([, pointer]) => pointer);
  const before = Math.hypot(moved.x - other.x, moved.y - other.y);
  const after = Math.hypot(point.x - other.x, point.y - other.y);
  camera.panBy((point.x - moved.x) / 2, (point.y - moved.y) / 2);
  if (before > 4 && after > 4) camera.zoomAt(after / before, (point.x + other.x) / 2, (point.y + other.y) / 2);
}

/**
 * @param {{ x: number, y: number, at: number }[]} trail
 * @param {number} now
 * @returns {{ x: number, y: number }} pixels a millisecond at the end of a swipe
 */
export function speedOf(trail, now) {
  const recent = trail.filter((point) => now - point.at <= SPEED_WINDOW_MS);
  if (recent.length < 2) return { x: 0, y: 0 };
  const [first, last] = [recent[0], recent[recent.length - 1]];
  const passed = Math.max(8, last.at - first.at);
  return { x: (last.x - first.x) / passed, y: (last.y - first.y) / passed };
}
