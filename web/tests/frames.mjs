/**
 * How smooth the seat map is: pans and zooms a chart in a headless Chromium without a graphics card
 * and prints the 50th and 95th percentile and the longest of its frames.
 *
 *   node web/tests/frames.mjs [--chart chart.json] [--seats 60000] [--seconds 8] [--width 1280]
 *     [--height 900] [--ratio 1] [--changes 0] [--json]
 *
 * `--chart` is what `GET /v1/events/{event}/chart` answers; without it a stadium of rows is laid
 * out. `--changes` seats a second change state meanwhile. A frame is the time from one animation
 * frame to the next as the page sees it: script, painting and whatever made it late. It also prints
 * the browser's floor: the same page, standing still.
 */

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Chromium } from './map-chromium.mjs';

const WEB = fileURLToPath(new URL('..', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };

const { values: options } = parseArgs({
  options: {
    chart: { type: 'string' },
    seats: { type: 'string', default: '60000' },
    seconds: { type: 'string', default: '8' },
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '900' },
    ratio: { type: 'string', default: '1' },
    changes: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});

/** Blocks of 24 rows of 25 seats around a field, in five categories. */
function layOut(seats) {
  const blocks = Math.ceil(seats / 600);
  const columns = Math.ceil(Math.sqrt(blocks));
  const categories = ['#7b2d8b', '#c0392b', '#d68910', '#1e8449', '#2471a3'].map((color, at) => ({ name: `C${at}`, color }));
  const zones = [];
  let index = 0;
  for (let block = 0; block < blocks; block += 1) {
    const [left, top] = [(block % columns) * 600, Math.floor(block / columns) * 700];
    const rows = [];
    for (let row = 0; row < 24 && index < seats; row += 1) {
      const line = [];
      for (let number = 1; number <= 25 && index < seats; number += 1, index += 1) {
        const y = top + row * 24 + Math.abs(number - 13) * 2;
        line.push({ index, label: `${block}-${row}-${number}`, number: `${number}`, x: left + number * 20, y, category: `C${block % 5}`, flags: [] });
      }
      rows.push({ number: `${row + 1}`, seats: line });
    }
    zones.push({ name: `Block ${block + 1}`, rows });
  }
  return JSON.stringify({ categories, zones, areas: [] });
}

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Frames</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/base.css">
<link rel="stylesheet" href="/assets/seats/page.css"><link rel="stylesheet" href="/assets/seats/map.css">
<script type="module" src="/tests/frames-page.js"></script></head>
<body><main class="seats-main"><div class="seats"><section class="seats-map"><div class="map" id="map"></div></section></div></main></body></html>`;

const PAGE_SCRIPT = `
import { parseChart } from '/assets/map/chart.js';
import { createSeatMap } from '/assets/map/map.js';
const chart = parseChart(await (await fetch('/chart.json')).json());
const prices = Object.fromEntries(chart.categories.map(({ name }) => [name, 5000]));
const map = createSeatMap(document.getElementById('map'), { chart, prices, currency: 'EUR', name: 'Frames', onToggle() {} });
const states = new Uint8Array(chart.count);
let seed = 7;
const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
for (let seat = 0; seat < chart.count; seat += 1) if (random() < 0.4) states[seat] = 1 + Math.floor(random() * 3);
map.setStates(states);
globalThis.frames = async (seconds, changes, moving) => {
  const { camera } = map;
  const lengths = [];
  const box = chart.box;
  camera.fit(undefined, false);
  const fit = camera.scale;
  const start = performance.now();
  let before = start;
  let due = 0;
  await new Promise((resolve) => {
    const frame = (now) => {
      lengths.push(now - before);
      const passed = now - start;
      due += (changes * (now - before)) / 1000;
      before = now;
      if (passed > seconds * 1000) return resolve();
      const touched = [];
      for (; due >= 1; due -= 1) {
        const seat = Math.floor(random() * chart.count);
        states[seat] = states[seat] === 0 ? 1 : 0;
        touched.push(seat);
      }
      map.applyChanges(touched);
      if (moving) {
        // In and out between everything and single seats while the plan is drawn around in circles.
        const depth = (1 - Math.cos(passed / 1400)) / 2;
        const scale = fit * (28 / (chart.pitch * fit)) ** depth;
        camera.stop();
        camera.scale = scale;
        camera.x = (box.x0 + box.x1) / 2 + Math.cos(passed / 900) * (box.x1 - box.x0) * 0.33;
        camera.y = (box.y0 + box.y1) / 2 + Math.sin(passed / 700) * (box.y1 - box.y0) * 0.33;
        map.refresh();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { before = now; requestAnimationFrame(frame); });
  });
  return lengths.slice(1);
};
globalThis.ready = true;
`;

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function summary(lengths) {
  const sorted = [...lengths].sort((left, right) => left - right);
  const round = (value) => Math.round(value * 10) / 10;
  return {
    frames: sorted.length,
    p50_ms: round(percentile(sorted, 0.5)),
    p95_ms: round(percentile(sorted, 0.95)),
    max_ms: round(sorted[sorted.length - 1]),
  };
}

const chart = options.chart ? await readFile(options.chart) : layOut(Number(options.seats));
const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const fixed = { '/': [PAGE, '.html'], '/tests/frames-page.js': [PAGE_SCRIPT, '.js'], '/chart.json': [chart, '.json'] }[pathname];
  try {
    const [body, type] = fixed ?? [await readFile(join(WEB, normalize(pathname))), extname(pathname)];
    response.writeHead(200, { 'content-type': TYPES[type] ?? 'application/json' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await Chromium.start();
try {
  const page = await browser.open({ width: Number(options.width), height: Number(options.height), ratio: Number(options.ratio) });
  await page.go(`http://127.0.0.1:${server.address().port}/`);
  await page.until('globalThis.ready', 'the map is drawn', 60_000);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const floor = summary(await page.evaluate('frames(2, 0, false)'));
  const moving = summary(await page.evaluate(`frames(${Number(options.seconds)}, ${Number(options.changes)}, true)`));
  if (page.errors.length > 0) throw new Error(page.errors.join('\n'));
  if (options.json) console.log(JSON.stringify({ floor, moving }));
  else {
    const line = (name, { frames, p50_ms, p95_ms, max_ms }) => `${name}: p50 ${p50_ms} ms, p95 ${p95_ms} ms, max ${max_ms} ms (${frames} frames)`;
    console.log(line('standing', floor));
    console.log(line('moving  ', moving));
  }
} finally {
  await browser.stop();
  server.close();
}
