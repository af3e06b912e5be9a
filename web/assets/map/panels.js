/**
 * Map, list and best available: beside each other where there is room, tabs on a phone. Only where
 * they are tabs do they say so to a screen reader.
 */

/** Below this width the panels are tabs. The style sheet has the same number. */
const TABS = '(max-width: 55.99rem)';

/**
 * @param {HTMLElement} tabs with one button a panel, `data-panel` names its id
 * @param {string} chosen id of the panel shown first
 * @returns {{ show(id: string): void }}
 */
export function createPanels(tabs, chosen) {
  const narrow = matchMedia(TABS);
  const buttons = /** @type {HTMLButtonElement[]} */ ([...tabs.querySelectorAll('[data-panel]')]).filter((button) => !button.hidden);
  const panelOf = (button) => /** @type {HTMLElement} */ (document.getElementById(button.dataset.panel));
  let current = chosen;

  const draw = () => {
    tabs.hidden = !narrow.matches || buttons.length < 2;
    for (const button of buttons) {
      const panel = panelOf(button);
      const selected = button.dataset.panel === current;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      panel.dataset.away = String(narrow.matches && !selected && buttons.length > 1);
      if (tabs.hidden) panel.removeAttribute('role');
      else panel.setAttribute('role', 'tabpanel');
    }
  };

  const show = (id) => {
    current = id;
    draw();
  };

  for (const button of buttons) button.addEventListener('click', () => show(button.dataset.panel));
  tabs.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const forward = getComputedStyle(tabs).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = buttons[(to + buttons.length) % buttons.length];
    show(next.dataset.panel);
    next.focus();
  });
  narrow.addEventListener('change', draw);
  draw();
  return { show };
}
