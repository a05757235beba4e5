/** Whether alerting itself works: one line while all is well, sentences when it is not. */
import type { AlertingHealthAnswer } from '../../api/contract/alerting.ts';
import { showHidden } from '../clean.ts';
import { formatAgo, formatSpan, NOTHING } from '../format.ts';
import { type Level, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const STATES: Record<AlertingHealthAnswer['state'], { level: Level; word: string }> = {
  ok: { level: 'ok', word: 'Alerting works' },
  late: { level: 'warning', word: 'Alerting is late' },
  broken: { level: 'critical', word: 'Alerting is broken' },
  unknown: { level: 'unknown', word: 'Not known whether alerting works' },
};

export function AlertingHealth() {
  const { clock } = useApp();
  const health = useAnswer<AlertingHealthAnswer>('/alerting/health', { everyMs: 15_000 });
  const answer = health.data.value;
  if (!answer)
    return health.error.value === null ? (
      <p class="alerting-health" />
    ) : (
      <p class="alerting-health">
        <StateWord level="unknown" word={STATES.unknown.word} />{' '}
        <span class="muted small">{health.error.value}</span>
      </p>
    );
  const state = health.error.value === null ? STATES[answer.state] : STATES.unknown;
  const nowMs = clock.nowMs.value;
  return (
    <div class="alerting-health">
      <p class="row">
        <StateWord level={state.level} word={state.word} />
        <span class="muted small">
          last whole round {answer.lastRoundMs === null ? NOTHING : formatAgo(answer.lastRoundMs, nowMs)} ·{' '}
          evaluation {answer.evaluationLagMs === null ? NOTHING : formatSpan(answer.evaluationLagMs)} behind ·
          oldest waiting notice {answer.outboxAgeMs === null ? 'none' : formatSpan(answer.outboxAgeMs)} ·
          given up in 24 h: {answer.deadDeliveries} · heartbeat{' '}
          {answer.heartbeat.lastSentMs === null
            ? 'not set up'
            : `sent ${formatAgo(answer.heartbeat.lastSentMs, nowMs)}`}
        </span>
      </p>
      {answer.problems.length > 0 && (
        <ul class={`banner plain-list ${answer.state === 'broken' ? 'banner-critical' : 'banner-warning'}`}>
          {answer.problems.map((problem) => (
            <li key={problem.code}>{showHidden(problem.text)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
