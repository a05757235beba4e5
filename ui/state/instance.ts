/**
 * How the instance behind the pages is doing, as far as this tab knows: told by its stream, also while the database is
 * away, and felt in requests that fail.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { NoticeAnswer } from '../../api/contract/health.ts';
import type { HealthMessage } from '../../api/contract/stream.ts';

export interface Instance {
  /** The newest `health` message of the stream; null before the first. */
  told: ReadonlySignal<HealthMessage | null>;
  /** Since when the database gives no answers, epoch ms by the server's clock; null while it does. */
  awaySinceMs: ReadonlySignal<number | null>;
  /** Frames from an outage are still on their way from Redis: what is shown of that time is not all of it. */
  isMoving: ReadonlySignal<boolean>;
  /** Sentences for the banner, worst first; those put aside by the reader are left out. */
  notices: ReadonlySignal<NoticeAnswer[]>;
  /** Counts every return of the database: what is on the screen is worth fetching at once. */
  returns: ReadonlySignal<number>;
  take(message: HealthMessage): void;
  /** A request was refused because the database is away; `detail` is the server's own sentence about it. */
  refused(detail: string, nowMs: number): void;
  /** A request was answered out of the database. */
  answered(nowMs: number): void;
  /** Puts a sentence that asks for nothing aside, until it says something else. */
  dismiss(notice: NoticeAnswer): void;
  /** Forgets everything: someone else may sign in. */
  clear(): void;
}

/** Where some requests are refused and others answered, everything is not fetched anew at each of them. */
const FELT_RETURN_EVERY_MS = 10_000;

export function buildInstance(): Instance {
  const told = signal<HealthMessage | null>(null);
  const felt = signal<{ sinceMs: number; detail: string } | null>(null);
  const dismissed = signal<ReadonlySet<string>>(new Set());
  const returns = signal(0);
  let feltReturnMs = Number.NEGATIVE_INFINITY;

  const awaySinceMs = computed(() => {
    const since = [toldAwaySince(told.value), felt.value?.sinceMs ?? null].filter((one) => one !== null);
    return since.length === 0 ? null : Math.min(...since);
  });
  const isMoving = computed(
    () => told.value?.database === 'ok' && told.value.ingest?.spool.state === 'moving',
  );
  const notices = computed(() => {
    const own = told.value?.notices ?? [];
    const all = felt.value && !own.some(isAboutDatabase) ? [ownNotice(felt.value.detail), ...own] : own;
    return all.filter((notice) => !dismissed.value.has(notice.text));
  });

  return {
    told,
    awaySinceMs,
    isMoving,
    notices,
    returns,
    take(message) {
      const wasAway = toldAwaySince(told.peek()) !== null;
      told.value = message;
      if (wasAway && toldAwaySince(message) === null) returns.value = returns.peek() + 1;
    },
    refused(detail, nowMs) {
      felt.value ??= { sinceMs: nowMs, detail };
    },
    answered(nowMs) {
      if (felt.peek() === null) return;
      felt.value = null;
      if (nowMs - feltReturnMs < FELT_RETURN_EVERY_MS) return;
      feltReturnMs = nowMs;
      returns.value = returns.peek() + 1;
    },
    dismiss(notice) {
      if (notice.level === 'info') dismissed.value = new Set([...dismissed.peek(), notice.text]);
    },
    clear() {
      told.value = null;
      felt.value = null;
      dismissed.value = new Set();
    },
  };
}

function toldAwaySince(message: HealthMessage | null): number | null {
  return message?.database === 'away' ? message.atMs - (message.ingest?.failingForMs ?? 0) : null;
}

const ABOUT_DATABASE: readonly NoticeAnswer['code'][] = [
  'databaseAway',
  'commitsFailing',
  'readOnly',
  'spool',
];

/** What already tells that the database is in trouble; nothing has to be added to it. */
function isAboutDatabase(notice: NoticeAnswer): boolean {
  return notice.level !== 'info' && ABOUT_DATABASE.includes(notice.code);
}

/** The sentence of the answer that was refused, where the stream has not said anything better yet. */
function ownNotice(text: string): NoticeAnswer {
  return { level: 'critical', code: 'databaseAway', text };
}
