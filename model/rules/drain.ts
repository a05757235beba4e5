/** Rules about the stream itself: silent, dropping, incomplete. */
import type { SettingsByKind } from '../rule.ts';
import { type AppFacts, lastLineBefore, missingOf } from '../rule-facts.ts';
import type { KindReader } from '../rule-reader.ts';
import { MINUTE } from '../time.ts';

/** An app that writes each minute is silent after five; longer limits are those of apps that pause by habit. */
const REGULAR_LIMIT_MINUTES = 5;

const LOSSES_BACK_MINUTES = 60;

/**
 * Silence counts from the newest line, from the newest minute of which we know that lines were lost, for there was
 * something to hear, or from the newest frame: one that brings old lines (a history that is sent now) is heard. Pages only for apps that write each minute; of others a pause is a guess.
 */
export const drainSilent: KindReader<SettingsByKind['drainSilent']> = {
  everyMinutes: 1,
  goneAfterMinutes: 0,
  // Losses in a silence that began before are not looked for: it is long enough.
  lookBackMinutes: ({ silentMinutes }) => Math.min(silentMinutes, LOSSES_BACK_MINUTES),
  read: ({ silentMinutes }, facts, minute) => {
    const limit = silentMinutes > 0 ? silentMinutes : facts.silentAfterMinutes;
    const last = heardBefore(facts, minute);
    const silent = last === null ? 0 : minute - 1 - last;
    const isStale = facts.staleFromMinute !== null && facts.staleFromMinute < minute;
    return [
      {
        key: '',
        value: silent,
        threshold: limit,
        unit: 'min',
        isAbove: last !== null && silent >= limit && !facts.isAsleep,
        // While what has arrived is not counted yet, nobody can say who is silent.
        missing: isStale ? 'stale' : null,
        about: '',
        windowMinutes: limit,
        ...(silentMinutes === 0 && limit > REGULAR_LIMIT_MINUTES && { atMost: 'ticket' as const }),
      },
    ];
  },
};

function heardBefore(facts: AppFacts, minute: number): number | null {
  const line = lastLineBefore(facts, minute);
  if (line === null) return null;
  const received = Math.min(facts.receivedMinute ?? line, minute - 1);
  // A line of a minute's last second comes with a frame of the next.
  const last = received > line + 1 ? received : line;
  for (let lossy = minute - 1; lossy > last && lossy >= facts.span.from; lossy--) {
    if (facts.lossy[lossy - facts.span.from] === 1) return lossy;
  }
  return last;
}

/** Causes that senders report: Logplex and the shuttle dropped lines before they reached us. */
const DROPPED: readonly string[] = ['L10', 'L11', 'L12', 'L13', 'dropCount', 'lostCount'];

export const drainDropping: KindReader<SettingsByKind['drainDropping']> = {
  everyMinutes: 1,
  goneAfterMinutes: 0,
  lookBackMinutes: ({ windowMinutes }) => windowMinutes,
  read: ({ messages, windowMinutes }, facts, minute) => {
    const [fromMs, toMs] = [(minute - windowMinutes) * MINUTE, minute * MINUTE];
    const own = facts.losses.filter(
      (loss) => DROPPED.includes(loss.cause) && loss.toMs >= fromMs && loss.toMs < toMs,
    );
    const lost = own.reduce((sum, loss) => sum + (loss.messages ?? 0), 0);
    const missing = missingOf(facts, minute, windowMinutes);
    return [
      {
        key: '',
        value: lost,
        threshold: messages,
        unit: 'lines',
        isAbove: lost >= messages,
        // Losses are what it counts.
        missing: missing === 'gap' ? null : missing,
        about: [...new Set(own.map((loss) => loss.cause))].sort().join(', '),
        bad: lost,
        windowMinutes,
      },
    ];
  },
};

export const incompleteData: KindReader<SettingsByKind['incompleteData']> = {
  everyMinutes: 1,
  goneAfterMinutes: 0,
  lookBackMinutes: ({ windowMinutes }) => windowMinutes,
  read: ({ minutes, windowMinutes }, facts, minute) => {
    let lossy = 0;
    for (let at = minute - windowMinutes; at < minute; at++) {
      if (facts.lossy[at - facts.span.from] === 1) lossy++;
    }
    const missing = missingOf(facts, minute, windowMinutes);
    const fromMs = (minute - windowMinutes) * MINUTE;
    const causes = facts.losses.filter((loss) => loss.toMs >= fromMs).map((loss) => loss.cause);
    return [
      {
        key: '',
        value: lossy,
        threshold: minutes,
        unit: 'min',
        isAbove: lossy >= minutes,
        missing: missing === 'gap' ? null : missing,
        about: [...new Set(causes)].sort().slice(0, 5).join(', '),
        bad: lossy,
        events: windowMinutes,
        windowMinutes,
      },
    ];
  },
};
