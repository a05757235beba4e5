/** Where notices go: every receiver with its health, and the form to add one. */
import { useState } from 'preact/hooks';
import type {
  ReceiverAnswer,
  ReceiverKindsAnswer,
  ReceiverListAnswer,
} from '../../api/contract/receivers.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { formatAgo, formatCount, formatSpan, NOTHING } from '../format.ts';
import { receiverState } from '../incidentWords.ts';
import { AlertTabs } from '../parts/alertTabs.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { receiverPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { sayReceiversClauses } from '../verdict/alerts.ts';
import { AlertingHealth } from './alertingHealth.tsx';
import { ReceiverForm } from './receiverForm.tsx';

export function ReceiversPage() {
  const { session, clock } = useApp();
  const receivers = useAnswer<ReceiverListAnswer>('/receivers', { everyMs: 15_000 });
  const kinds = useAnswer<ReceiverKindsAnswer>('/receivers/kinds');
  const [adding, setAdding] = useState(false);
  const titles = new Map(kinds.data.value?.kinds.map((one) => [one.kind, one.title]));
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Receivers</h1>
        <span class="grow" />
        {session.isAdmin.value && (
          <button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close the form' : 'Add a receiver'}
          </button>
        )}
      </div>
      <AlertTabs />
      <AlertingHealth />
      {adding && (
        <Fresh of={kinds} what="the kinds of receivers">
          {(data) => <ReceiverForm kinds={data.kinds} saved={null} onDone={() => receivers.load()} />}
        </Fresh>
      )}
      <Fresh of={receivers} what="the receivers">
        {(answer) =>
          answer.receivers.length === 0 ? (
            <Nobody />
          ) : (
            <>
              <Clauses clauses={sayReceiversClauses(answer.receivers, clock.nowMs.value)} />
              <table class="data stack receivers">
                <caption class="sr">Receivers</caption>
                <thead>
                  <tr>
                    <th scope="col">State</th>
                    <th scope="col">Name</th>
                    <th scope="col">Kind</th>
                    <th scope="col">Last delivered</th>
                    <th scope="col" class="num">
                      <abbr title="Waiting now">Queued</abbr>
                    </th>
                    <th scope="col" class="num">
                      <abbr title="Given up in the last 7 days">Given up</abbr>
                    </th>
                    <th scope="col">Used by</th>
                  </tr>
                </thead>
                <tbody>
                  {answer.receivers.map((receiver) => (
                    <Row key={receiver.id} receiver={receiver} title={titles.get(receiver.kind)} />
                  ))}
                </tbody>
              </table>
            </>
          )
        }
      </Fresh>
    </>
  );
}

function Nobody() {
  const { session } = useApp();
  return (
    <div class="chart-empty">
      <p>
        <strong>No receiver yet, so nobody is told of anything.</strong>
      </p>
      <p>
        Slack, PagerDuty, e-mail, Teams, Discord, Jira Service Management, or a signed webhook.{' '}
        {session.isAdmin.value
          ? 'Add one above and send a test.'
          : 'Someone with the role admin can add one.'}
      </p>
    </div>
  );
}

function Row({ receiver, title }: { receiver: ReceiverAnswer; title: string | undefined }) {
  const { router, clock } = useApp();
  const nowMs = clock.nowMs.value;
  const state = receiverState(receiver);
  return (
    <tr data-row class={`row-${state.level}`}>
      <td data-label="State">
        <StateWord level={state.level} word={state.word} />
      </td>
      <th scope="row" class="wrap">
        <a href={router.link(receiverPath(receiver.id))}>{showHidden(receiver.name)}</a>
        {receiver.reason && <span class="under warn">{showHidden(receiver.reason)}</span>}
      </th>
      <td data-label="Kind">
        {title ?? receiver.kind}
        {receiver.tellsOwners && <span class="under muted">also about Drainboard itself</span>}
      </td>
      <td data-label="Last delivered">
        {receiver.lastDeliveredMs === null ? (
          <span class="muted">never</span>
        ) : (
          formatAgo(receiver.lastDeliveredMs, nowMs)
        )}
      </td>
      <td class="num" data-label="Queued">
        {receiver.queued === 0 ? NOTHING : formatCount(receiver.queued)}
        {receiver.oldestQueuedMs !== null && receiver.queued > 0 && (
          <span class="under muted">for {formatSpan(nowMs - receiver.oldestQueuedMs)}</span>
        )}
      </td>
      <td class={`num${receiver.dead > 0 ? ' bad' : ''}`} data-label="Given up">
        {receiver.dead === 0 ? NOTHING : formatCount(receiver.dead)}
      </td>
      <td data-label="Used by" class="wrap">
        {receiver.usedBy.length === 0 ? (
          <span class="warn">nothing: it is never told</span>
        ) : (
          showHidden(receiver.usedBy.join(', '))
        )}
      </td>
    </tr>
  );
}
