import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, parseColor, standOut } from '../assets/map/palette.js';
import { discSpans, halve, pixelOf, Raster } from '../assets/map/raster.js';

test('colours are read in the ways that charts and style sheets write them', () => {
  assert.deepEqual(parseColor('#7b2d8b'), [123, 45, 139]);
  assert.deepEqual(parseColor(' #abc'), [170, 187, 204]);
  assert.deepEqual(parseColor('rgb(1 2 3)'), [1, 2, 3]);
  assert.deepEqual(parseColor('nonsense'), [128, 128, 128]);
});

test('black on white has the contrast that WCAG says', () => {
  assert.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21);
});

test('any colour of a chart stands out from a light and from a dark ground', () => {
  for (const ground of [[255, 255, 255], [26, 36, 55]]) {
    for (const color of ['#ffffff', '#ffff00', '#000000', '#808080', '#7b2d8b', '#1a2437']) {
      assert.ok(contrast(standOut(parseColor(color), ground, 3), ground) >= 3, `${color} on ${ground}`);
    }
  }
});

test('a colour that stands out already is left as it is', () => {
  assert.deepEqual(standOut([123, 45, 139], [255, 255, 255], 3), [123, 45, 139]);
});

test('pixels are written lowest byte first', () => {
  assert.equal(pixelOf([1, 2, 3]), 0xff030201);
});

test('a disc is widest in its middle and alike above and below', () => {
  const spans = [...discSpans(5)];
  assert.equal(Math.max(...spans), spans[spans.length >> 1]);
  assert.deepEqual(spans, [...spans].reverse());
});

test('halving takes the mean of four pixels, byte by byte', () => {
  const halved = new Uint32Array(1);
  halve(Uint32Array.of(0xff000000, 0xff0000ff, 0xff00ff00, 0xffff0004), halved, 1);
  assert.equal(halved[0], 0xff3f3f40);
});

test('a square outside a tile leaves no trace in it, one at its edge only its part', () => {
  globalThis.ImageData ??= class {
    constructor(width, height) {
      this.data = new Uint8ClampedArray(width * height * 4);
    }
  };
  const raster = new Raster(4);
  raster.begin(1);
  raster.square(-3, 2, 1, 9);
  raster.square(2, 9, 1, 9);
  assert.ok(raster.pixels.every((pixel) => pixel === 1));
  raster.square(0, 0, 2, 9);
  assert.equal(raster.pixels.filter((pixel) => pixel === 9).length, 4);
});
