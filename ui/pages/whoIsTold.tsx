/** Who would be told of an alert like this one, and a test to them through the real path. */
import { useEffect, useState } from 'preact/hooks';
import type {
  DeliveryAnswer,
  DeliveryDetailAnswer,
  ReceiverListAnswer,
} from '../../api/contract/receivers.ts';
import type { RoutePreviewAnswer } from '../../api/contract/schedules.ts';
import type { SubjectKind } from '../../model/alert-change.ts';
import type { Severity } from '../../model/slo.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { deliveryState } from '../incidentWords.ts';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

interface Props {
  app: string;
  severities: readonly Severity[];
  subjectKind: SubjectKind;
}

type Told = RoutePreviewAnswer['receivers'][number];

export function WhoIsTold({ app, severities, subjectKind }: Props) {
  const { client, router } = useApp();
  const [told, setTold] = useState<{ severity: Severity; receivers: Told[] }[] | null>(null);
  const key = severities.join();
  useEffect(() => {
    let isGone = false;
    const ask = async (severity: Severity) => {
      const answer = await client.send<RoutePreviewAnswer>('POST', '/notification-routes/preview', {
        ...{ app, severity, subjectKind },
      });
      return { severity, receivers: answer.receivers };
    };
    Promise.all(severities.map(ask)).then(
      (answers) => {
        if (!isGone) setTold(answers);
      },
      () => {
        if (!isGone) setTold(null);
      },
    );
    return () => {
      isGone = true;
    };
  }, [app, key, subjectKind]);
  if (told === null) return null;
  const all = told.flatMap(({ receivers }) => receivers);
  return (
    <section class="field-wide who-told" aria-labelledby="who-told">
      <h2 id="who-told">Who would be told</h2>
      {told.map(({ severity, receivers }) => (
        <p key={severity}>
          {told.length > 1 && <span class={`severity severity-${severity}`}>{severity}</span>}{' '}
          {receivers.length === 0 ? (
            <span class="warn">
              Nobody: no route takes a {severity} of {showHidden(app)}.{' '}
              <a href={router.link('/on-call')}>Set up who is told</a>
            </span>
          ) : (
            receivers.map(toldText).join(', ')
          )}
        </p>
      ))}
      {all.length > 0 && <Tests ids={[...new Set(all.map((one) => one.id))]} />}
    </section>
  );
}

function toldText({ name, afterMinutes }: Told): string {
  return `${showHidden(name)} ${afterMinutes === 0 ? 'at once' : `after ${afterMinutes} min`}`;
}

/** A test to each of them that is a receiver; only admins may make others' phones ring. */
function Tests({ ids }: { ids: string[] }) {
  const { session, client, toast } = useApp();
  const receivers = useAnswer<ReceiverListAnswer>('/receivers');
  const [tests, setTests] = useState<DeliveryAnswer[]>([]);
  const [busy, setBusy] = useState(false);
  const open = (one: DeliveryAnswer) => ['waiting', 'sending'].includes(one.state);
  // Tests go through the real queue; they are asked for until they ended.
  useEffect(() => {
    if (!tests.some(open)) return;
    const timer = setTimeout(async () => {
      const next = await Promise.all(
        tests.map(async (one) => {
          if (!open(one)) return one;
          const detail = await client.get<DeliveryDetailAnswer>(`/deliveries/${one.id}`).catch(() => null);
          return detail?.delivery ?? { ...one };
        }),
      );
      setTests(next);
    }, 1000);
    return () => clearTimeout(timer);
  }, [tests]);
  if (!session.isAdmin.value) return null;
  const known = (receivers.data.value?.receivers ?? []).filter(
    ({ id, isEnabled }) => isEnabled && ids.includes(id),
  );
  if (known.length === 0) return null;
  async function send() {
    setBusy(true);
    try {
      setTests(
        await Promise.all(
          known.map(({ id }) => client.send<DeliveryAnswer>('POST', `/receivers/${id}/test`)),
        ),
      );
    } catch (error) {
      toast.value = errorText(error);
    }
    setBusy(false);
  }
  return (
    <>
      <p>
        <button type="button" disabled={busy} onClick={() => void send()}>
          Send {known.length === 1 ? 'it' : 'them'} a test
        </button>
      </p>
      {tests.length > 0 && (
        <ul class="plain-list" role="status">
          {tests.map((test) => (
            <li key={test.id}>
              {showHidden(test.receiver.name)}: <StateWord {...deliveryState(test)} />{' '}
              {test.state !== 'delivered' && test.lastReason && (
                <span class="muted">{showHidden(test.lastReason)}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
