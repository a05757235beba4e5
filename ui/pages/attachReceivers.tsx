/** Of the first minutes: somewhere to be called, and a test that looks like the real thing. */
import { useState } from 'preact/hooks';
import type { ReceiverAnswer, ReceiverListAnswer } from '../../api/contract/receivers.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo } from '../format.ts';
import { receiverState } from '../incidentWords.ts';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { receiverPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

export function ReceiversStep() {
  const { router, session } = useApp();
  const receivers = useAnswer<ReceiverListAnswer>('/receivers', { everyMs: 5_000 });
  return (
    <Fresh of={receivers} what="the receivers">
      {(answer) =>
        answer.receivers.length === 0 ? (
          <p class="chart-empty calm">
            Nobody would hear of an incident: there is no receiver.{' '}
            {session.isAdmin.value ? (
              <a href={router.link('/receivers')}>Add Slack, PagerDuty, a webhook or e-mail</a>
            ) : (
              'An admin can add one.'
            )}
          </p>
        ) : (
          <>
            {answer.receivers.map((receiver) => (
              <Receiver key={receiver.id} receiver={receiver} onSent={() => receivers.load()} />
            ))}
            <p class="muted">
              Who gets what is in <a href={router.link('/on-call')}>on call and routes</a>.
            </p>
          </>
        )
      }
    </Fresh>
  );
}

function Receiver({ receiver, onSent }: { receiver: ReceiverAnswer; onSent(): Promise<unknown> }) {
  const { client, router, session, toast, clock } = useApp();
  const [busy, setBusy] = useState(false);
  const { level, word } = receiverState(receiver);
  async function test() {
    setBusy(true);
    try {
      await client.send('POST', `/receivers/${receiver.id}/test`);
      toast.value = `A test is on its way to ${receiver.name}`;
      await onSent();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  /** For a start; who wants it finer makes routes of their own. */
  async function routeAll() {
    setBusy(true);
    try {
      await client.send('POST', '/notification-routes', {
        name: `Everything to ${receiver.name}`,
        receivers: [receiver.id],
      });
      toast.value = `Every alert of every app goes to ${receiver.name} now`;
      await onSent();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  const { lastDeliveredMs, reason } = receiver;
  return (
    <div class="app-block">
      <div class="app-block-head">
        <a href={router.link(receiverPath(receiver.id))}>
          <strong>{showHidden(receiver.name)}</strong>
        </a>
        <StateWord level={level} word={word} />
        <span class="muted">
          {lastDeliveredMs === null
            ? 'nothing delivered yet'
            : `delivered ${formatAgo(lastDeliveredMs, clock.nowMs.value)}`}
        </span>
        <span class="grow" />
        {session.isAdmin.value && (
          <button type="button" disabled={busy} onClick={() => void test()}>
            Send a test<span class="sr"> to {showHidden(receiver.name)}</span>
          </button>
        )}
      </div>
      {reason && <p class="hint-stalled">{showHidden(reason)}</p>}
      {receiver.usedBy.length === 0 && (
        <div class="row">
          <span class="hint-stalled">No route leads to it yet: incidents do not reach it.</span>
          {session.isAdmin.value && (
            <button type="button" disabled={busy} onClick={() => void routeAll()}>
              Send every alert to it<span class="sr">: {showHidden(receiver.name)}</span>
            </button>
          )}
          <a href={router.link('/on-call')}>Choose what goes to it</a>
        </div>
      )}
    </div>
  );
}
