/**
 * The sentences over the lists of alerting: incidents, rules, receivers, silences, who is on call. Rules over the same
 * answers; each clause leads on. Pure.
 */
import type { IncidentListAnswer } from '../../api/contract/incidents.ts';
import type { ReceiverAnswer } from '../../api/contract/receivers.ts';
import type { RuleAnswer } from '../../api/contract/rules.ts';
import type { OnCallAnswer } from '../../api/contract/schedules.ts';
import type { SilenceAnswer } from '../../api/contract/silences.ts';
import { formatSpan, plural } from '../format.ts';
import { incidentPath, receiverPath, rulePath } from '../paths.ts';
import type { Clause } from '../verdict.ts';

/** What is open, worst and oldest first; or since when nothing is. */
export function sayIncidentsClauses(
  { incidents, open }: Pick<IncidentListAnswer, 'incidents' | 'open'>,
  nowMs: number,
): Clause[] {
  const count = open.page + open.ticket + open.info;
  if (count === 0) {
    const last = Math.max(...incidents.map((row) => row.resolvedAtMs ?? 0));
    const since = incidents.length > 0 && last > 0 ? `, for ${formatSpan(nowMs - last)}` : '';
    return [{ text: `Nothing is open${since}.` }];
  }
  const waiting = incidents
    .filter((row) => row.state === 'open' && row.severity === 'page')
    .sort((a, b) => a.firingSinceMs - b.firingSinceMs);
  const [first] = waiting;
  const untold = incidents.find((row) => row.state !== 'resolved' && row.withheld === 'noRoute');
  return [
    first
      ? {
          text: `${waiting.length === 1 ? 'One page waits' : `${waiting.length} pages wait`} for somebody: ${first.title} (${first.app}), for ${formatSpan(nowMs - first.firingSinceMs)}.`,
          href: incidentPath(first.id),
        }
      : { text: `${plural(count, 'incident')} open, no page that nobody has taken on.` },
    ...(untold
      ? [
          {
            text: `Nobody was told of #${untold.number}: no route leads to a receiver.`,
            href: '/on-call',
          },
        ]
      : []),
  ];
}

/** What fires, what only says nothing, and what cries too often. */
export function sayRulesClauses(rules: readonly RuleAnswer[]): Clause[] {
  const on = rules.filter((rule) => rule.isOn);
  if (rules.length === 0) return [];
  const firing = on.filter(({ state }) => state === 'firing' || state === 'recovering');
  const held = on.filter(({ state }) => state === 'held');
  const learning = on.filter((rule) => rule.learning !== null);
  const noisy = on.filter((rule) => rule.isNoisy);
  const [first] = firing;
  return [
    first
      ? {
          text: `${firing.length} of ${plural(on.length, 'rule')} ${firing.length === 1 ? 'fires' : 'fire'}: ${named(firing)}.`,
          href: first.incidentId ? incidentPath(first.incidentId) : rulePath(first.app, first.id),
        }
      : { text: `None of ${plural(on.length, 'rule')} fires.` },
    ...(held[0]
      ? [
          {
            text: `${plural(held.length, 'rule')} ${held.length === 1 ? 'is' : 'are'} held: there is no data.`,
            href: `/a/${encodeURIComponent(held[0].app)}/health`,
          },
        ]
      : []),
    ...(learning.length > 0
      ? [
          {
            text: `${plural(learning.length, 'rule')} still ${learning.length === 1 ? 'learns' : 'learn'} what is usual.`,
          },
        ]
      : []),
    ...(noisy[0]
      ? [
          {
            text: `${noisy.length === 1 ? `${noisy[0].title} (${noisy[0].app}) may be` : `${noisy.length} rules may be`} noise: nobody acknowledges.`,
            href: rulePath(noisy[0].app, noisy[0].id),
          },
        ]
      : []),
  ];
}

function named(rules: readonly RuleAnswer[]): string {
  const names = rules.slice(0, 2).map((rule) => `${rule.title} (${rule.app})`);
  return `${names.join(', ')}${rules.length > 2 ? ` and ${rules.length - 2} more` : ''}`;
}

const TROUBLE: Record<ReceiverAnswer['health'], number> = { ok: 0, unhealthy: 1, broken: 2 };

/** Whether notices arrive: what is broken first, what is never told, or when the last one arrived. */
export function sayReceiversClauses(receivers: readonly ReceiverAnswer[], nowMs: number): Clause[] {
  const on = receivers.filter((one) => one.isEnabled);
  if (receivers.length === 0) return [];
  const broken = on
    .filter((one) => one.health !== 'ok' || one.dead > 0)
    .sort((a, b) => TROUBLE[b.health] - TROUBLE[a.health]);
  const idle = on.filter((one) => one.usedBy.length === 0);
  const last = Math.max(0, ...on.map((one) => one.lastDeliveredMs ?? 0));
  const [bad] = broken;
  return [
    bad
      ? {
          text: `${bad.name} ${bad.health === 'ok' ? 'gave messages up' : 'does not take messages'}${broken.length > 1 ? `, and ${broken.length - 1} more ${broken.length === 2 ? 'has' : 'have'} trouble` : ''}.`,
          href: receiverPath(bad.id),
        }
      : {
          text: `All ${plural(on.length, 'receiver')} ${on.length === 1 ? 'takes' : 'take'} messages${last > 0 ? `; the last one arrived ${formatSpan(nowMs - last)} ago` : ', but none was ever sent'}.`,
        },
    ...(idle[0]
      ? [
          {
            text: `${idle.length === 1 ? `${idle[0].name} is` : `${idle.length} are`} in no route or policy, and never told.`,
            href: '/on-call',
          },
        ]
      : []),
  ];
}

/** What is withheld now, or what comes next. */
export function saySilencesClauses(silences: readonly SilenceAnswer[], nowMs: number): Clause[] {
  const active = silences.filter((one) => one.state === 'active');
  const withheld = active.reduce((sum, one) => sum + one.withholds, 0);
  const next = silences
    .flatMap((one) => {
      const fromMs = one.repeat === null ? one.fromMs : one.nextFromMs;
      return one.state === 'planned' && fromMs !== null && fromMs > nowMs ? [{ one, fromMs }] : [];
    })
    .sort((a, b) => a.fromMs - b.fromMs)[0];
  return [
    active.length === 0
      ? { text: 'Every notice goes out: nothing is silenced now.' }
      : {
          text: `${active.length === 1 ? `${capital(active[0]?.title || active[0]?.matchText || '')} is silenced` : `${active.length} silences are active`}${withheld === 0 ? '; nothing is withheld by it' : `; ${plural(withheld, 'open incident')} ${withheld === 1 ? 'is' : 'are'} withheld`}.`,
          ...(withheld > 0 && { href: '/incidents' }),
        },
    ...(next
      ? [
          {
            text: `Next: ${next.one.title || next.one.matchText}, in ${formatSpan(next.fromMs - nowMs)}.`,
          },
        ]
      : []),
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Who is called now, by schedule; and where nobody is. */
export function sayOnCallClauses(
  schedules: readonly { title: string; now: OnCallAnswer | null }[],
  routes: number,
): Clause[] {
  if (routes === 0)
    return [{ text: 'No route leads anywhere: nobody is told of anything.', href: '#routes' }];
  const empty = schedules.filter((one) => one.now === null);
  const on = schedules.flatMap((one) => (one.now ? [`${one.now.name} (${one.title})`] : []));
  return [
    ...(on.length > 0 ? [{ text: `On call now: ${on.join(', ')}.`, href: '#schedules' }] : []),
    ...(empty.length > 0
      ? [
          {
            text: `Nobody is on call in ${empty.map((one) => one.title).join(', ')}.`,
            href: '#schedules',
          },
        ]
      : []),
    ...(schedules.length === 0
      ? [{ text: 'No schedule: routes tell their receivers and call nobody.', href: '#routes' }]
      : []),
  ];
}
