/** The waiting room's event stream: one frame a second, the same for everybody. */

/**
 * @param {string} url
 * @param {(frame: any) => void} onFrame
 * @param {typeof globalThis.EventSource} [sourceClass]
 * @returns {{ close(): void }}
 */
export function openQueueStream(url, onFrame, sourceClass = globalThis.EventSource) {
  /** @type {EventSource} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const open = () => {
    source = new sourceClass(url);
    source.onmessage = ({ data }) => onFrame(JSON.parse(data));
    source.onerror = () => {
      // A break is mended by the browser; an answer other than a stream ends the source for good.
      if (source.readyState === 2) timer = setTimeout(open, 3_000 + Math.random() * 4_000);
    };
  };
  open();
  return {
    close() {
      clearTimeout(timer);
      source.close();
    },
  };
}
