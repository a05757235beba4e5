/** One receiver: how it is doing, a test through the real path, its settings, and the log of what was sent. */
import { useEffect, useState } from 'preact/hooks';
import type {
  DeliveryAnswer,
  DeliveryDetailAnswer,
  DeliveryListAnswer,
  ReceiverAnswer,
  ReceiverKindsAnswer,
  ReceiverListAnswer,
} from '../../api/contract/receivers.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatAgo, formatCount, formatInstant, formatSpan, plural, zoneSuffix } from '../format.ts';
import { deliveryKind, deliveryState, receiverState } from '../incidentWords.ts';
import { AlertTabs } from '../parts/alertTabs.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { incidentPath } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { ReceiverForm } from './receiverForm.tsx';

export function ReceiverPage({ id }: { id: string }) {
  const { session } = useApp();
  const receivers = useAnswer<ReceiverListAnswer>('/receivers', { everyMs: 10_000 });
  const kinds = useAnswer<ReceiverKindsAnswer>('/receivers/kinds');
  const [logAsked, setLogAsked] = useState(0);
  return (
    <>
      <AlertTabs />
      <Fresh of={receivers} what="the receiver">
        {(answer) => {
          const receiver = answer.receivers.find((one) => one.id === id);
          if (!receiver) return <Gone />;
          const kind = kinds.data.value?.kinds.find((one) => one.kind === receiver.kind);
          return (
            <>
              <Head receiver={receiver} title={kind?.title ?? receiver.kind} />
              {session.isAdmin.value && (
                <Controls
                  receiver={receiver}
                  onChange={async () => {
                    await receivers.load();
                    setLogAsked(logAsked + 1);
                  }}
                />
              )}
              <Log id={id} again={logAsked} />
              {session.isAdmin.value && kind && (
                <section class="group" aria-labelledby="receiver-settings">
                  <h2 id="receiver-settings">Settings</h2>
                  <ReceiverForm
                    key={receiver.id}
                    kinds={[kind]}
                    saved={receiver}
                    onDone={() => receivers.load()}
                  />
                </section>
              )}
            </>
          );
        }}
      </Fresh>
    </>
  );
}

function Gone() {
  const { router } = useApp();
  return (
    <div class="trouble">
      <h1 tabIndex={-1}>There is no such receiver</h1>
      <p>
        It may have been removed. <a href={router.link('/receivers')}>All receivers</a>
      </p>
    </div>
  );
}

function Head({ receiver, title }: { receiver: ReceiverAnswer; title: string }) {
  const { clock, router } = useApp();
  const state = receiverState(receiver);
  const nowMs = clock.nowMs.value;
  return (
    <section class="verdict" aria-label="Summary">
      <p class="crumb">
        <a href={router.link('/receivers')}>Receivers</a>
      </p>
      <div class="verdict-head">
        <h1 tabIndex={-1}>{showHidden(receiver.name)}</h1>
        <StateWord level={state.level} word={state.word} />
        <span class="muted verdict-range">{title}</span>
      </div>
      <p class="verdict-text">
        {receiver.reason
          ? showHidden(receiver.reason)
          : receiver.lastDeliveredMs === null
            ? 'Nothing was delivered yet. Send a test.'
            : `Last delivered ${formatAgo(receiver.lastDeliveredMs, nowMs)}.`}
        {receiver.queued > 0 &&
          ` ${plural(receiver.queued, 'notice')} waiting${receiver.oldestQueuedMs === null ? '' : `, the oldest for ${formatSpan(nowMs - receiver.oldestQueuedMs)}`}.`}
        {receiver.dead > 0 && ` ${formatCount(receiver.dead)} given up in the last 7 days.`}
      </p>
      <p class="small muted">
        {receiver.usedBy.length === 0
          ? 'No route and no escalation policy uses it: it is told of nothing.'
          : `Used by ${showHidden(receiver.usedBy.join(', '))}.`}
      </p>
    </section>
  );
}

function Controls({ receiver, onChange }: { receiver: ReceiverAnswer; onChange(): Promise<void> }) {
  const { client, toast, router } = useApp();
  const [test, setTest] = useState<DeliveryAnswer | null>(null);
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  // A test goes through the real queue; it is asked for until it ended.
  useEffect(() => {
    if (!test || !['waiting', 'sending'].includes(test.state)) return;
    const timer = setTimeout(async () => {
      try {
        const detail = await client.get<DeliveryDetailAnswer>(`/deliveries/${test.id}`);
        setTest(detail.delivery);
        if (!['waiting', 'sending'].includes(detail.delivery.state)) await onChange();
      } catch {
        // Asked again with the next turn.
        setTest({ ...test });
      }
    }, 1000);
    return () => clearTimeout(timer);
  }, [test]);
  async function act(work: () => Promise<void>) {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  const switchTo = (isEnabled: boolean) =>
    act(async () => {
      await client.send('PATCH', `/receivers/${receiver.id}`, { isEnabled });
      toast.value = isEnabled ? 'On again' : 'Off: it is told of nothing';
      await onChange();
    });
  const isDown = !receiver.isEnabled || receiver.health === 'broken';
  return (
    <div class="act">
      <div class="act-row">
        <button
          type="button"
          class="primary"
          disabled={busy}
          onClick={() =>
            void act(async () => {
              setTest(await client.send<DeliveryAnswer>('POST', `/receivers/${receiver.id}/test`));
            })
          }
        >
          Send a test
        </button>
        <button type="button" disabled={busy} onClick={() => void switchTo(isDown)}>
          {receiver.health === 'broken' ? 'It is mended: try again' : isDown ? 'Switch on' : 'Switch off'}
        </button>
        <button type="button" class="danger" onClick={() => setRemoving(true)}>
          Remove
        </button>
      </div>
      {test && (
        <p role="status" class="test-result">
          <StateWord {...deliveryState(test)} /> {testSays(test)}
        </p>
      )}
      {removing && (
        <Confirm
          title={`Remove ${showHidden(receiver.name)}?`}
          submit="Remove it"
          danger
          onClose={() => setRemoving(false)}
          onYes={async () => {
            await client.send('DELETE', `/receivers/${receiver.id}`);
            toast.value = 'Receiver removed';
            router.push(router.link('/receivers'));
          }}
        >
          It is told of nothing from now on, and its secrets are deleted. What routes and policies name it has
          to be changed first.
        </Confirm>
      )}
    </div>
  );
}

function testSays(test: DeliveryAnswer): string {
  if (test.state === 'delivered') return 'The receiver took it. Look whether it arrived where people see it.';
  if (test.state === 'dead') return `The test was given up: ${test.lastReason}`;
  if (test.tries > 0) return `Failed so far, tried again: ${test.lastReason}`;
  return 'The test is on its way.';
}

function Log({ id, again }: { id: string; again: number }) {
  const { router } = useApp();
  const cursor = router.params.value.get('cursor') ?? '';
  const log = useAnswer<DeliveryListAnswer>('/deliveries', {
    query: { receiver: id, limit: 30, cursor },
    everyMs: 10_000,
  });
  useEffect(() => {
    if (again > 0) void log.load();
  }, [again]);
  return (
    <section class="group" aria-labelledby="log">
      <h2 id="log">What was sent</h2>
      <Fresh of={log} what="the log">
        {(answer) =>
          answer.deliveries.length === 0 ? (
            <p class="muted">Nothing so far.</p>
          ) : (
            <>
              <table class="data stack deliveries">
                <caption class="sr">Messages to this receiver, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">State</th>
                    <th scope="col">What</th>
                    <th scope="col">When</th>
                    <th scope="col" class="num">
                      Tries
                    </th>
                    <th scope="col">More</th>
                  </tr>
                </thead>
                <tbody>
                  {answer.deliveries.map((delivery) => (
                    <DeliveryRow key={delivery.id} delivery={delivery} onReplay={() => log.load()} />
                  ))}
                </tbody>
              </table>
              {answer.cursor !== null && (
                <button type="button" onClick={() => router.setParams({ cursor: answer.cursor }, 'push')}>
                  Older ones
                </button>
              )}
            </>
          )
        }
      </Fresh>
    </section>
  );
}

function DeliveryRow({ delivery, onReplay }: { delivery: DeliveryAnswer; onReplay(): Promise<void> }) {
  const { router, range, clock, session, client, toast } = useApp();
  const [open, setOpen] = useState(false);
  const zone = range.zone.value;
  const state = deliveryState(delivery);
  const atMs = delivery.deliveredAtMs ?? delivery.createdAtMs;
  async function replay() {
    try {
      await client.send('POST', `/deliveries/${delivery.id}/replay`);
      toast.value = 'Sent again';
    } catch (error) {
      toast.value = errorText(error);
    }
    await onReplay();
  }
  return (
    <>
      <tr data-row>
        <td data-label="State">
          <StateWord level={state.level} word={state.word} />
        </td>
        <th scope="row" class="wrap">
          {delivery.incidentId ? (
            <a href={router.link(incidentPath(delivery.incidentId))}>{showHidden(delivery.incidentTitle)}</a>
          ) : (
            showHidden(delivery.incidentTitle) || deliveryKind(delivery.kind)
          )}
          <span class="under muted">
            {deliveryKind(delivery.kind)}
            {delivery.severity && `, ${delivery.severity}`}
          </span>
          {delivery.lastReason && delivery.state !== 'delivered' && (
            <span class="under warn">{showHidden(delivery.lastReason)}</span>
          )}
        </th>
        <td data-label="When" class="nowrap">
          {formatInstant(atMs, zone, true, clock.now())}
          {zoneSuffix(atMs, zone)}
          {delivery.state === 'waiting' && delivery.dueAtMs > clock.nowMs.value && (
            <span class="under muted">again in {formatSpan(delivery.dueAtMs - clock.nowMs.value)}</span>
          )}
        </td>
        <td class="num" data-label="Tries">
          {delivery.tries}
        </td>
        <td class="actions">
          <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            Attempts<span class="sr"> of {showHidden(delivery.incidentTitle)}</span>
          </button>
          {delivery.canReplay && session.canEdit.value && (
            <button type="button" onClick={() => void replay()}>
              Send again<span class="sr"> {showHidden(delivery.incidentTitle)}</span>
            </button>
          )}
        </td>
      </tr>
      {open && (
        <tr class="sub">
          <td colSpan={5}>
            <Attempts id={delivery.id} />
          </td>
        </tr>
      )}
    </>
  );
}

const OUTCOMES = {
  delivered: 'delivered',
  retry: 'failed, tried again',
  permanent: 'refused for good',
  disable: 'refused, receiver switched off',
  lost: 'its process ended before it could tell',
} as const;

function Attempts({ id }: { id: string }) {
  const { range, clock } = useApp();
  const detail = useAnswer<DeliveryDetailAnswer>(`/deliveries/${encodeURIComponent(id)}`);
  const zone = range.zone.value;
  return (
    <Fresh of={detail} what="the attempts">
      {(answer) =>
        answer.attempts.length === 0 ? (
          <p class="muted">Not tried yet.</p>
        ) : (
          <ol class="plain-list attempts">
            {answer.attempts.map((attempt) => (
              <li key={attempt.atMs}>
                {formatInstant(attempt.atMs, zone, true, clock.now())}
                {zoneSuffix(attempt.atMs, zone)}, {formatSpan(attempt.tookMs)}:{' '}
                {attempt.outcome === null ? 'under way' : OUTCOMES[attempt.outcome]}
                {attempt.status !== null && ` (${attempt.status})`}
                {attempt.reason && <span class="muted"> {showHidden(attempt.reason)}</span>}
              </li>
            ))}
          </ol>
        )
      }
    </Fresh>
  );
}
