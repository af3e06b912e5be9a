/**
 * The chances of a person in line. Loaded when there is an estimate, which comes after the page.
 */

/**
 * The chance that `seats` are still free in a category when the people ahead have bought.
 *
 * Two moments: of `ahead` people each comes with probability `show`, goes for the category with the
 * probability of its share of the free seats, and takes seats of the given mean and variance. The
 * sum is close to normal; the half seat is the usual correction for whole numbers.
 *
 * @param {object} line
 * @param {number} line.free in the category
 * @param {number} line.freeInAll
 * @param {number} line.ahead
 * @param {number} line.show 0 to 1
 * @param {{ mean: number, variance: number }} line.perBuyer
 * @param {number} [line.seats]
 * @returns {number} 0 to 1
 */
export function chance({ free, freeInAll, ahead, show, perBuyer, seats = 2 }) {
  if (free < seats || freeInAll <= 0) return 0;
  if (ahead <= 0) return 1;
  const share = show * (free / freeInAll);
  const mean = ahead * share * perBuyer.mean;
  const variance = ahead * (share * perBuyer.variance + share * (1 - share) * perBuyer.mean ** 2);
  const room = free - seats + 0.5 - mean;
  if (variance <= 0) return room >= 0 ? 1 : 0;
  return normal(room / Math.sqrt(variance));
}

/**
 * The normal distribution function, by Abramowitz and Stegun 26.2.17; off by at most 7.5e-8.
 *
 * @param {number} z
 */
export function normal(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}

/** @param {number} odds 0 to 1 @returns {string} */
export function chanceText(odds) {
  if (odds >= 0.95) return 'Very likely';
  if (odds >= 0.75) return 'Likely';
  if (odds >= 0.4) return 'Uncertain';
  return odds >= 0.1 ? 'Unlikely' : 'Very unlikely';
}

/**
 * One line a category: its name, the chance in words, and a bar.
 *
 * @param {{ free: Record<string, number>, show_share?: number, per_buyer: { mean: number, variance: number } }} frame
 * @param {number} position
 * @returns {HTMLLIElement[]}
 */
export function oddsRows(frame, position) {
  const names = Object.keys(frame.free);
  const freeInAll = names.reduce((sum, name) => sum + frame.free[name], 0);
  return names.map((name) => {
    const free = frame.free[name];
    const odds = chance({ free, freeInAll, ahead: position - 1, show: frame.show_share ?? 1, perBuyer: frame.per_buyer });
    const row = document.createElement('li');
    const label = document.createElement('bdi');
    const words = document.createElement('strong');
    const bar = document.createElement('div');
    label.textContent = name;
    words.textContent = free === 0 ? 'Nothing free now' : chanceText(odds);
    bar.className = 'progress';
    bar.append(document.createElement('span'));
    bar.style.setProperty('--share', odds.toFixed(3));
    row.append(label, words, bar);
    return row;
  });
}
