import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera, fitView } from '../assets/map/camera.js';
import { speedOf } from '../assets/map/gestures.js';

function camera() {
  const made = new Camera();
  made.setWorld({ x0: 0, y0: 0, x1: 1000, y1: 500 }, 4);
  made.resize(800, 600);
  made.fit(undefined, false);
  return made;
}

const near = (left, right) => assert.ok(Math.abs(left - right) < 1e-6, `${left} is not ${right}`);

test('a fit shows the whole box in the middle of the window', () => {
  const view = fitView({ x0: 0, y0: 0, x1: 1000, y1: 500 }, { width: 800, height: 600 }, 0);
  assert.deepEqual(view, { x: 500, y: 250, scale: 0.8 });
});

test('screen and plan translate into each other', () => {
  const made = camera();
  near(made.toWorldX(made.toScreenX(123)), 123);
  near(made.toWorldY(made.toScreenY(321)), 321);
});

test('what is under the pointer stays there while zooming', () => {
  const made = camera();
  const before = [made.toWorldX(300), made.toWorldY(320)];
  made.zoomAt(1.5, 300, 320);
  near(made.toWorldX(300), before[0]);
  near(made.toWorldY(320), before[1]);
});

test('zooming stops at the nearest and at a little more than everything', () => {
  const made = camera();
  made.zoomAt(1e6, 400, 300);
  assert.equal(made.scale, 4);
  made.zoomAt(1e-6, 400, 300);
  assert.ok(made.scale < fitView({ x0: 0, y0: 0, x1: 1000, y1: 500 }, made).scale);
});

test('the middle of the window never leaves the plan', () => {
  const made = camera();
  made.panBy(1e6, -1e6);
  assert.deepEqual([made.x, made.y], [0, 500]);
});

test('a flight ends exactly where it was sent', () => {
  const made = camera();
  made.moveTo({ x: 100, y: 100, scale: 2 });
  for (let now = 0; now <= 1000; now += 16) made.advance(now);
  assert.deepEqual(made.view, { x: 100, y: 100, scale: 2 });
  assert.equal(made.moving, false);
});

test('with reduced motion a flight is a jump and a swipe does not glide', () => {
  const made = camera();
  made.reducedMotion = true;
  made.moveTo({ x: 100, y: 100, scale: 2 });
  assert.deepEqual(made.view, { x: 100, y: 100, scale: 2 });
  made.glide(3, 0);
  assert.equal(made.moving, false);
});

test('a glide goes on in its direction and comes to rest', () => {
  const made = camera();
  made.zoomAt(3, 400, 300);
  const before = made.x;
  made.glide(1, 0);
  for (let now = 0; now <= 5000; now += 16) made.advance(now);
  assert.ok(made.x < before);
  assert.equal(made.moving, false);
});

test('a swipe that stopped before the finger left has no speed', () => {
  const trail = [{ x: 0, y: 0, at: 0 }, { x: 50, y: 0, at: 50 }];
  assert.deepEqual(speedOf(trail, 400), { x: 0, y: 0 });
  assert.deepEqual(speedOf(trail, 60), { x: 1, y: 0 });
});
