/**
 * Right to left where the address asks for it: `?dir=rtl`, kept as long as the tab. The pages' words
 * are English, so a reader's locale alone does not turn them.
 */

const KEY = 'holdfast:dir';

/** @param {string} search of the address @param {Storage | null} storage @returns {'rtl' | 'ltr' | null} */
export function directionOf(search, storage) {
  const asked = new URLSearchParams(search).get('dir');
  try {
    if (asked === 'rtl' || asked === 'ltr') storage?.setItem(KEY, asked);
    const kept = asked ?? storage?.getItem(KEY);
    return kept === 'rtl' || kept === 'ltr' ? kept : null;
  } catch {
    return asked === 'rtl' || asked === 'ltr' ? asked : null;
  }
}

export function turnPage() {
  let storage = null;
  try {
    storage = sessionStorage;
  } catch {
    // A browser that keeps nothing: the address says it each time.
  }
  const direction = directionOf(location.search, storage);
  if (direction) document.documentElement.dir = direction;
}
