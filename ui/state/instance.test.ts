import { describe, expect, it } from 'vitest';
import type { NoticeAnswer } from '../../api/contract/health.ts';
import type { HealthMessage } from '../../api/contract/stream.ts';
import { buildInstance } from './instance.ts';

const NOW_MS = Date.parse('2026-11-20T10:42:03Z');

function message(more: Partial<HealthMessage> = {}): HealthMessage {
  return { atMs: NOW_MS, holder: 'web.1/34', database: 'ok', ingest: null, notices: [], ...more };
}

const AWAY: NoticeAnswer = { level: 'critical', code: 'databaseAway', text: 'The database does not answer.' };
const CAUGHT_UP: NoticeAnswer = { level: 'info', code: 'spool', text: 'Caught up: 12 messages moved.' };

describe('what a tab knows of its instance', () => {
  it('takes the sentences of the stream as they are, until the next message', () => {
    const instance = buildInstance();
    instance.take(message({ database: 'away', notices: [AWAY] }));
    expect(instance.notices.value).toEqual([AWAY]);
    expect(instance.awaySinceMs.value).toBe(NOW_MS);
    instance.take(message());
    expect(instance.notices.value).toEqual([]);
    expect(instance.awaySinceMs.value).toBeNull();
  });

  it('knows from a refused request that the database is away, without a stream', () => {
    const instance = buildInstance();
    instance.refused('It does not answer.', NOW_MS);
    instance.refused('It still does not answer.', NOW_MS + 5000);
    expect(instance.awaySinceMs.value).toBe(NOW_MS);
    expect(instance.notices.value).toEqual([
      { level: 'critical', code: 'databaseAway', text: 'It does not answer.' },
    ]);
    instance.answered(NOW_MS);
    expect(instance.awaySinceMs.value).toBeNull();
    expect(instance.notices.value).toEqual([]);
  });

  it('says it once where stream and requests tell the same', () => {
    const instance = buildInstance();
    instance.refused('It does not answer.', NOW_MS + 3000);
    instance.take(message({ database: 'away', notices: [AWAY] }));
    expect(instance.notices.value).toEqual([AWAY]);
    expect(instance.awaySinceMs.value).toBe(NOW_MS);
  });

  it('counts a return once per way of knowing it, and none while all is well', () => {
    const instance = buildInstance();
    instance.take(message());
    instance.answered(NOW_MS);
    expect(instance.returns.value).toBe(0);
    instance.take(message({ database: 'away' }));
    instance.take(message());
    expect(instance.returns.value).toBe(1);
    instance.refused('', NOW_MS);
    instance.answered(NOW_MS);
    expect(instance.returns.value).toBe(2);
  });

  it('does not have everything fetched at each answer while some are refused and others are not', () => {
    const instance = buildInstance();
    for (let n = 0; n < 50; n++) {
      instance.refused('It does not answer.', NOW_MS + n * 400);
      instance.answered(NOW_MS + n * 400 + 200);
    }
    expect(instance.returns.value).toBe(2);
    expect(instance.awaySinceMs.value).toBeNull();
  });

  it('puts aside only what asks for nothing, and only in those words', () => {
    const instance = buildInstance();
    instance.take(message({ notices: [AWAY, CAUGHT_UP] }));
    instance.dismiss(AWAY);
    instance.dismiss(CAUGHT_UP);
    expect(instance.notices.value).toEqual([AWAY]);
    const again = { ...CAUGHT_UP, text: 'Caught up: 99 messages moved.' };
    instance.take(message({ notices: [CAUGHT_UP, again] }));
    expect(instance.notices.value).toEqual([again]);
  });
});
