/** Why a call did not succeed: the server's problem document, or the network's failure. */

/**
 * @typedef {object} Problem
 * @property {number} status
 * @property {string} code
 * @property {string} [title]
 * @property {string} [detail]
 * @property {string[]} [seats]
 * @property {number} [version]
 */

export class HoldfastError extends Error {
  /**
   * @param {Problem & Record<string, unknown>} problem
   * @param {number | null} [retryAfterMs]
   */
  constructor(problem, retryAfterMs = null) {
    super(problem.detail || problem.title || problem.code);
    this.name = 'HoldfastError';
    /** HTTP status; 0 when no answer came. */
    this.status = problem.status;
    /** Stable; `network`, `timeout` and `aborted` when no answer came. */
    this.code = problem.code;
    this.detail = problem.detail ?? '';
    /** Labels of the seats that a conflict is about. */
    this.seats = problem.seats ?? [];
    /** The inventory's version that a conflict was decided on. */
    this.version = problem.version ?? null;
    /** When the server says that trying again makes sense. */
    this.retryAfterMs = retryAfterMs;
    /** The whole document, with members that belong to one code only, e.g. `salt` and `bits`. */
    this.problem = problem;
  }
}

/**
 * The error of an answer that is not 2xx. What is not a problem document (a proxy's page) becomes
 * one with the code `http_<status>`.
 *
 * @param {Response} response
 * @returns {Promise<HoldfastError>}
 */
export async function errorOf(response) {
  const document = await response.json().catch(() => null);
  const problem = document && typeof document === 'object' ? document : {};
  return new HoldfastError(
    { ...problem, status: response.status, code: problem.code ?? `http_${response.status}` },
    retryAfterMs(response.headers.get('Retry-After')),
  );
}

/**
 * `Retry-After` in milliseconds: seconds or a date; null when absent or not understood.
 *
 * @param {string | null} value
 * @param {number} [now]
 * @returns {number | null}
 */
export function retryAfterMs(value, now = Date.now()) {
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? null : Math.max(0, moment - now);
}
