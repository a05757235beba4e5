/** Rules: what else alerts, how each stands, and whether anybody ever cared. */
import { useState } from 'preact/hooks';
import type { RuleAnswer, RuleDefaultsAnswer, RuleListAnswer } from '../../api/contract/rules.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatRatio } from '../format.ts';
import { ruleState } from '../incidentWords.ts';
import { AlertTabs } from '../parts/alertTabs.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { incidentPath, ruleNewPath, rulePath, rulesPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { sayRulesClauses } from '../verdict/alerts.ts';
import { AlertingHealth } from './alertingHealth.tsx';

const RANK: Record<RuleAnswer['state'], number> = { firing: 0, recovering: 1, held: 2, pending: 3, ok: 4 };

export function RulesPage({ app }: { app: string | null }) {
  const { session, router } = useApp();
  const rules = useAnswer<RuleListAnswer>('/rules', { query: { app }, everyMs: 20_000 });
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>{app === null ? 'Rules' : `Rules of ${showHidden(app)}`}</h1>
        <span class="grow" />
        {app !== null && (
          <a class="small" href={router.link(rulesPath(null))}>
            All apps
          </a>
        )}
        {app !== null && session.canEdit.value && (
          <a class="button" href={router.link(ruleNewPath(app))}>
            New rule
          </a>
        )}
      </div>
      {app === null && <AlertTabs />}
      {app === null && <AlertingHealth />}
      <Fresh of={rules} what="the rules">
        {(answer) => (
          <>
            <Clauses clauses={sayRulesClauses(answer.rules)} />
            {answer.rules.length === 0 ? (
              <NoRules app={app} />
            ) : (
              <Table rules={answer.rules} app={app} onChange={() => rules.load()} />
            )}
            {app !== null && session.canEdit.value && <Defaults app={app} onChange={() => rules.load()} />}
          </>
        )}
      </Fresh>
    </>
  );
}

function NoRules({ app }: { app: string | null }) {
  return (
    <div class="chart-empty">
      <p>
        <strong>No rules.</strong>
      </p>
      <p>
        {app === null
          ? 'Every app begins with a few rules that are worth having; they come with the first app.'
          : 'The usual ones can be made again below, or make one of your own.'}
      </p>
    </div>
  );
}

function Table({
  rules,
  app,
  onChange,
}: {
  rules: RuleAnswer[];
  app: string | null;
  onChange(): Promise<void>;
}) {
  const sorted = [...rules].sort(
    (a, b) =>
      Number(b.isOn) - Number(a.isOn) ||
      RANK[a.state] - RANK[b.state] ||
      a.app.localeCompare(b.app) ||
      a.title.localeCompare(b.title),
  );
  return (
    <table class="data stack rules">
      <caption class="sr">Rules, those that fire first</caption>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Rule</th>
          <th scope="col">Makes a</th>
          <th scope="col">Last fired</th>
          <th scope="col" class="num">
            <abbr title="Of the last 30 days">Fired in 30 d</abbr>
          </th>
          <th scope="col" class="num">
            <abbr title="Of those, how many somebody acknowledged">Acknowledged</abbr>
          </th>
          <th scope="col">On</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((rule) => (
          <Row key={rule.id} rule={rule} showApp={app === null} onChange={onChange} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ rule, showApp, onChange }: { rule: RuleAnswer; showApp: boolean; onChange(): Promise<void> }) {
  const { router, clock, session, client, toast } = useApp();
  const state = ruleState(rule);
  const firing = rule.keys.filter((key) => key.state === 'firing' || key.state === 'recovering');
  async function toggle() {
    try {
      await client.send('PATCH', `/apps/${encodeURIComponent(rule.app)}/rules/${rule.id}`, {
        isOn: !rule.isOn,
      });
      toast.value = rule.isOn ? 'Rule switched off' : 'Rule switched on';
    } catch (error) {
      toast.value = errorText(error);
    }
    await onChange();
  }
  return (
    <tr data-row class={`row-${rule.isOn ? state.level : 'off'}`}>
      <td data-label="State">
        {rule.incidentId ? (
          <a class="plain" href={router.link(incidentPath(rule.incidentId))} title="Open the incident">
            <StateWord level={state.level} word={state.word} />
          </a>
        ) : (
          <StateWord level={state.level} word={state.word} />
        )}
      </td>
      <th scope="row" class="wrap">
        <a href={router.link(rulePath(rule.app, rule.id))}>{showHidden(rule.title)}</a>
        <span class="under muted">
          {showApp && (
            <>
              <a class="plain" href={router.link(rulesPath(rule.app))}>
                {showHidden(rule.app)}
              </a>
              {' · '}
            </>
          )}
          {showHidden(rule.sentence)}
        </span>
        {firing.length > 0 && firing[0]?.key !== '' && (
          <span class="under warn">{showHidden(firing.map((key) => key.key).join(', '))}</span>
        )}
        {rule.learning && (
          <span class="under muted">
            Learning what is usual, day {rule.learning.day} of {rule.learning.of}: it says nothing yet.
          </span>
        )}
        {rule.isNoisy && (
          <span class="under warn">
            Noisy? Nobody acknowledged any of its last five firings.{' '}
            <a href={router.link(rulePath(rule.app, rule.id))}>See what another threshold would have done</a>
          </span>
        )}
      </th>
      <td data-label="Makes a">
        <span class={`severity severity-${rule.severity}`}>{rule.severity}</span>
      </td>
      <td data-label="Last fired" class="nowrap">
        {rule.lastFiredMs === null ? (
          <span class="muted">never</span>
        ) : (
          formatAgo(rule.lastFiredMs, clock.nowMs.value)
        )}
      </td>
      <td class="num" data-label="Firings, 30 days">
        {rule.firings}
      </td>
      <td class="num" data-label="Acknowledged">
        {rule.firings === 0 ? (
          <span class="muted">–</span>
        ) : (
          <>
            {formatRatio(rule.acknowledged / rule.firings)}
            <span class="under muted">
              {rule.acknowledged} of {rule.firings}
            </span>
          </>
        )}
      </td>
      <td class="actions">
        {session.canEdit.value ? (
          <button
            type="button"
            class="switch"
            role="switch"
            aria-checked={rule.isOn}
            onClick={() => void toggle()}
          >
            {rule.isOn ? 'On' : 'Off'}
            <span class="sr">: {showHidden(rule.title)}</span>
          </button>
        ) : rule.isOn ? (
          'on'
        ) : (
          'off'
        )}
      </td>
    </tr>
  );
}

function Defaults({ app, onChange }: { app: string; onChange(): Promise<void> }) {
  const { client, toast } = useApp();
  const [busy, setBusy] = useState(false);
  async function restore() {
    setBusy(true);
    try {
      const made = await client.send<RuleDefaultsAnswer>(
        'POST',
        `/apps/${encodeURIComponent(app)}/rules/defaults`,
      );
      toast.value =
        made.created.length === 0 ? 'None of the usual rules is missing' : `Made: ${made.created.join(', ')}`;
      await onChange();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <p class="more">
      <button type="button" class="quiet" disabled={busy} onClick={() => void restore()}>
        Make again the usual rules that are missing
      </button>
    </p>
  );
}
