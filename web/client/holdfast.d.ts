/** Types of the client module; the server's OpenAPI document has every field's meaning. */

/** Minor units of a currency: cents, yen, fils. */
export type MinorUnits = number;
/** RFC 3339, UTC, milliseconds. */
export type Timestamp = string;

export interface HoldfastOptions {
  /** The server's origin; `''`, the default, is the page's own. */
  base?: string;
  /** The device key (`randomKey()`, kept by you); pages of the server's own origin give none. */
  device?: string | null;
  fetch?: typeof globalThis.fetch;
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface Event {
  id: string;
  slug: string;
  status: 'draft' | 'published' | 'completed' | 'cancelled';
  name: string;
  description: string | null;
  starts_at: Timestamp;
  currency: string;
  prices: Record<string, MinorUnits>;
  sale: {
    opens_at: Timestamp | null;
    closes_at: Timestamp;
    hold_seconds: number;
    extensions: number;
    extension_seconds: number;
    pay_seconds: number;
    max_per_customer: number;
  };
  queue: {
    enabled: boolean;
    opens_at: Timestamp | null;
    admit_per_minute: number | null;
    max_inside: number | null;
    pass_seconds: number;
    turn_seconds: number;
  };
  created_at: Timestamp;
  published_at: Timestamp | null;
}

export type SeatFlag = 'accessible' | 'companion' | 'restricted_view';

export interface ChartSeat {
  /** Dense from 0: the index of the live map. */
  index: number;
  label: string;
  number: string;
  x: number;
  y: number;
  category: string;
  flags: SeatFlag[];
}

export interface Chart {
  categories: { name: string; color: string }[];
  zones: { name: string; rows: { number: string; seats: ChartSeat[] }[] }[];
  areas: { index: number; name: string; capacity: number; category: string }[];
}

export interface Count {
  total: number;
  free: number;
  held: number;
  sold: number;
  blocked: number;
}

export interface Availability extends Count {
  epoch: number;
  version: number;
  categories: Record<string, Count>;
  areas: Record<string, Count>;
}

export type SeatState = 'free' | 'held' | 'sold' | 'blocked';

export interface Seats {
  epoch: number;
  version: number;
  states: Record<string, SeatState>;
}

export interface AreaWish {
  name: string;
  quantity: number;
}

/** One of the first two, and/or areas. */
export interface Wish {
  seats?: string[];
  best_available?: {
    quantity: number;
    categories?: string[];
    zones?: string[];
    accessible?: number;
  };
  areas?: AreaWish[];
}

export interface HoldChange {
  add?: string[];
  remove?: string[];
  /** New quantities. */
  areas?: AreaWish[];
}

export interface Hold {
  id: string;
  event_id: string;
  status: 'active' | 'paying' | 'released' | 'expired' | 'sold';
  seats: {
    label: string;
    zone: string;
    row: string;
    number: string;
    category: string;
    price: MinorUnits;
  }[];
  areas: { name: string; quantity: number; price: MinorUnits }[];
  total: MinorUnits;
  currency: string;
  expires_at: Timestamp;
  version: number;
  /** Owns the hold. */
  token: string;
}

export type OrderStatus =
  | 'awaiting_payment'
  | 'processing'
  | 'confirmed'
  | 'cancelling'
  | 'expired'
  | 'cancelled'
  | 'refunding'
  | 'refunded';

export interface Order {
  id: string;
  event_id: string;
  hold_id: string;
  status: OrderStatus;
  amount: MinorUnits;
  currency: string;
  lines: {
    seat?: string;
    area?: string;
    category: string;
    quantity: number;
    price: MinorUnits;
  }[];
  pay_before: Timestamp;
  created_at: Timestamp;
  /** Owns the order. */
  token: string;
}

export interface Payment {
  provider: 'stripe';
  /** Without `/v1`. */
  api_base: string;
  publishable_key: string;
  payment_intent: string;
  client_secret: string;
}

export interface Ticket {
  id: string;
  order_id: string;
  event_id: string;
  seat?: string;
  area?: string;
  category: string;
  status: 'valid' | 'void';
  code: string;
  holder: string | null;
}

export interface Place {
  id: string;
  /** Signed; keep it, it is its own backup. */
  place: string;
  state: QueueState;
  index: number;
}

export type QueueState = 'early' | 'waiting' | 'your_turn' | 'missed' | 'inside' | 'done' | 'closed';

export interface QueueStatus {
  state: QueueState;
  /** 1 is the next; never rises; null before the draw and after a missed turn. */
  position: number | null;
  ahead: number | null;
  eta_seconds: { low: number; high: number } | null;
  poll_after_ms: number;
  /** The server could not refresh what it says. */
  stale: boolean;
}

export interface Pass {
  pass: string;
  expires_at: Timestamp;
}

export interface QueueFrame {
  phase: 'early' | 'open' | 'paused' | 'draining' | 'closed';
  cursor: number;
  size: number;
  seed: string | null;
  rate_per_minute: number | null;
  /** Positions a minute, an 80 % interval. */
  pace?: { low: number; high: number } | null;
  free: Record<string, number>;
  per_buyer?: { mean: number; variance: number };
  show_share?: number;
  lanes?: Record<string, unknown>;
  at: Timestamp;
}

export interface Draw {
  commitment: string;
  size?: number;
  root?: string;
  secret?: string;
  beacon?: string | null;
  seed?: string;
  rules?: string;
}

export interface CallOptions {
  /** Give the same one again to repeat a call whose answer was lost with the page. */
  idempotencyKey?: string;
}

export class HoldfastError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Stable; `network`, `timeout` or `aborted` when no answer came. */
  readonly code: string;
  readonly detail: string;
  /** Labels of the seats that a conflict is about. */
  readonly seats: string[];
  readonly version: number | null;
  readonly retryAfterMs: number | null;
  /** The whole problem document. */
  readonly problem: { status: number; code: string; [member: string]: unknown };
}

export class Holdfast {
  constructor(options?: HoldfastOptions);

  /** The server's time in ms since 1970, as far as its answers have told it. */
  serverNow(): number;

  events(page?: { limit?: number; cursor?: string | null }): Promise<Page<Event>>;
  /** @param event id or slug, here and below */
  event(event: string): Promise<Event>;
  chart(event: string): Promise<Chart>;
  availability(event: string): Promise<Availability>;
  seats(event: string): Promise<Seats>;

  holdSeats(event: string, wish: Wish, options?: CallOptions & { pass?: string | null }): Promise<Hold>;
  readHold(id: string, token: string): Promise<Hold>;
  changeHold(id: string, token: string, change: HoldChange): Promise<Hold>;
  extendHold(id: string, token: string): Promise<Hold>;
  releaseHold(id: string, token: string): Promise<null>;

  createOrder(
    order: { hold_id: string; email: string; name?: string },
    holdToken: string,
    options?: CallOptions,
  ): Promise<Order>;
  startPayment(id: string, token: string): Promise<Payment>;
  readOrder(id: string, token: string): Promise<Order>;
  cancelOrder(id: string, token: string): Promise<Order>;
  tickets(id: string, token: string): Promise<{ data: Ticket[] }>;
  /** For an `<img>`, which cannot send a header. */
  ticketImageUrl(ticket: string, orderToken: string): string;

  joinQueue(
    event: string,
    options?: { place?: string | null; code?: string | null; work?: string | null },
  ): Promise<Place>;
  queueStatus(event: string, options?: { place?: string | null; pass?: string | null }): Promise<QueueStatus>;
  enterQueue(event: string, options?: { place?: string | null; pass?: string | null }): Promise<Pass>;
  leaveQueue(event: string, options?: { place?: string | null; pass?: string | null }): Promise<null>;
  draw(event: string): Promise<Draw>;
  drawProof(event: string, place: string): Promise<unknown>;
  queueStream(event: string, onFrame: (frame: QueueFrame) => void): { close(): void };

  live(event: string, handlers: LiveHandlers, options?: LiveOptions): LiveMap;
}

export type LiveStatus = 'connecting' | 'live' | 'resuming' | 'gone';

export interface LiveHandlers {
  onSnapshot?(map: LiveMap): void;
  /** `changed`: indexes of the seats whose state is another now. */
  onDelta?(map: LiveMap, changed: number[]): void;
  onOverview?(frame: LiveOverview): void;
  onStatus?(status: LiveStatus): void;
  /** The server asks not to come back: the event is over, or the client broke a rule. */
  onGone?(reason: 'cancelled' | 'completed' | 'withdrawn' | string): void;
}

/** Free seats by zone and category, by their indexes in the chart. */
export interface LiveOverview {
  type: 'overview';
  epoch: number;
  version: number;
  /** False: what is not named has not changed since the overview before. */
  complete: boolean;
  free: [zone: number, category: number, free: number][];
  areas: [area: number, free: number][];
}

export interface LiveOptions {
  /** Only the seats of these zones and the places of these areas, by name; the others stay 0. */
  zones?: string[];
  /** The overview; without `zones`, nothing but it. */
  overview?: boolean;
  /** Prefer the binary subprotocol; default true. */
  binary?: boolean;
  /** Seats of the chart, so that `states` is exactly as long. */
  seats?: number;
}

export class LiveMap {
  readonly epoch: number | null;
  readonly version: number | null;
  /** One state a seat in index order: 0 free, 1 held, 2 sold, 3 blocked. */
  readonly states: Uint8Array;
  /** Free places by area index. */
  readonly areas: Map<number, number>;
  readonly status: LiveStatus;
  /** Asks the server at once for what came after our version, e.g. when a refusal had a newer one. */
  resync(version?: number): void;
  close(): void;
}

/** 144 random bits as base64url: a device key, or an idempotency key. */
export function randomKey(): string;

/** The value of `Holdfast-Work` for the problem document of a 428 `work_required`. */
export function solveWork(task: { salt: string; bits: number }): Promise<string>;
