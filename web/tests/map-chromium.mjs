/**
 * A headless Chromium, driven over its debugging pipe: no driver program, no dependency. For the
 * benchmark and the looks of the seat map. Ends the browser it started, and only that.
 */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ANSWER_MS_MAX = 60_000;

export class Chromium {
  #process;
  #profile;
  #pending = new Map();
  #listeners = new Set();
  #next = 1;
  #rest = '';

  /** @param {{ binary?: string, flags?: string[] }} [options] */
  static async start({ binary = process.env.CHROMIUM ?? 'chromium', flags = [] } = {}) {
    const browser = new Chromium();
    browser.#profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
    const common = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars', '--remote-debugging-pipe'];
    browser.#process = spawn(binary, [...common, `--user-data-dir=${browser.#profile}`, ...flags, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    browser.#process.stdio[4].setEncoding('utf8').on('data', (text) => browser.#receive(text));
    browser.#process.on('exit', () => {
      for (const { reject } of browser.#pending.values()) reject(new Error('the browser has ended'));
    });
    return browser;
  }

  #receive(text) {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part);
      const waiting = this.#pending.get(message.id);
      if (!waiting) {
        for (const listener of this.#listeners) listener(message);
        continue;
      }
      this.#pending.delete(message.id);
      clearTimeout(waiting.timer);
      if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else waiting.resolve(message.result);
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), ANSWER_MS_MAX);
      this.#pending.set(id, { resolve, reject, method, timer });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** @param {(message: { method: string, params: any, sessionId?: string }) => void} listener */
  listen(listener) {
    this.#listeners.add(listener);
  }

  /** @param {{ width: number, height: number, ratio?: number, dark?: boolean, touch?: boolean, reducedMotion?: boolean }} look */
  async open(look) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.look(look);
    return page;
  }

  async stop() {
    this.#process.kill();
    await new Promise((resolve) => this.#process.once('exit', resolve));
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export class Page {
  /** What the page logged as an error. @type {string[]} */
  errors = [];
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
    browser.listen((message) => {
      if (message.sessionId !== session) return;
      if (message.method === 'Runtime.exceptionThrown') {
        const { exceptionDetails: details } = message.params;
        this.errors.push(details.exception?.description ?? details.text);
      }
      if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') {
        const { text, url } = message.params.entry;
        this.errors.push(`${text} ${url ?? ''}`);
      }
    });
  }

  send(method, params = {}) {
    return this.#browser.send(method, params, this.#session);
  }

  async look({ width, height, ratio = 1, dark = false, touch = false, reducedMotion = false }) {
    await this.send('Page.enable');
    await this.send('Runtime.enable');
    await this.send('Log.enable');
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: ratio, mobile: touch });
    if (touch) await this.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    await this.send('Emulation.setEmulatedMedia', {
      features: [
        { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
        { name: 'prefers-reduced-motion', value: reducedMotion ? 'reduce' : 'no-preference' },
      ],
    });
  }

  async go(url) {
    await this.send('Page.navigate', { url });
  }

  /** The value of an expression, awaited. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Until an expression is true. @param {string} what for the message */
  async until(expression, what = expression, msMax = 20_000) {
    const end = Date.now() + msMax;
    while (Date.now() < end) {
      if (await this.evaluate(`Boolean(${expression})`).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain: ${what}`);
  }

  /** @returns {Promise<Buffer>} PNG */
  async screenshot() {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  async click(x, y) {
    const at = { x, y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
  }

  async key(key, { code = key, text = undefined, modifiers = 0 } = {}) {
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, code, text, modifiers, windowsVirtualKeyCode: KEY_CODES[key] });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code, modifiers, windowsVirtualKeyCode: KEY_CODES[key] });
  }
}

const KEY_CODES = { Tab: 9, Enter: 13, Escape: 27, ' ': 32, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 };
