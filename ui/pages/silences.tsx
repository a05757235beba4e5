/** Silences and maintenance windows: what is withheld now and later, and making one with a look at what it fits. */
import { useEffect, useState } from 'preact/hooks';
import type { SilenceAnswer, SilenceListAnswer } from '../../api/contract/silences.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatCount, formatRange, formatSpan, plural, zoneName } from '../format.ts';
import { AlertTabs } from '../parts/alertTabs.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { saySilencesClauses } from '../verdict/alerts.ts';
import { newSilence, type SilenceDraft, SilenceForm, silenceDraftOf } from './silenceForm.tsx';

export function SilencesPage() {
  const { session, router, clock } = useApp();
  const isOver = router.params.value.get('state') === 'over';
  const silences = useAnswer<SilenceListAnswer>('/silences', {
    query: { state: isOver ? 'over' : 'current' },
    everyMs: 20_000,
  });
  const [form, setForm] = useState<{ draft: SilenceDraft; id: string | null } | null>(null);
  const open = (draft: SilenceDraft, id: string | null = null) => setForm({ draft, id });
  // Another page offered a window for an app: its form stands open, filled in.
  const wanted = router.params.value.get('maintenance');
  const offers = silences.data.value?.offers;
  useEffect(() => {
    if (!wanted || !offers || !session.canEdit.peek()) return;
    open(maintenanceDraft(wanted, offers.find((one) => one.app === wanted)?.sinceMs ?? null, clock.now()));
    router.setParams({ maintenance: null }, 'replace');
  }, [wanted, offers]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Silences and maintenance</h1>
        <span class="grow" />
        {session.canEdit.value && (
          <button
            type="button"
            aria-expanded={form !== null}
            onClick={() => (form ? setForm(null) : open(newSilence(clock.now())))}
          >
            {form ? 'Close the form' : 'New silence'}
          </button>
        )}
      </div>
      <AlertTabs />
      {form && (
        <SilenceForm
          key={form.id ?? 'new'}
          first={form.draft}
          id={form.id}
          onDone={async () => {
            setForm(null);
            await silences.load();
          }}
        />
      )}
      <Fresh of={silences} what="the silences">
        {(answer) => (
          <>
            {!isOver && answer.silences.length > 0 && (
              <Clauses clauses={saySilencesClauses(answer.silences, clock.nowMs.value)} />
            )}
            {!isOver && (
              <p class="says">
                Notices are withheld, nothing else: alerts and incidents go on and can be seen as ever. When
                one ends while something still fires, it is told then.
              </p>
            )}
            {!isOver && <Offers answer={answer} onTake={open} />}
            {answer.silences.length === 0 ? (
              <p class="chart-empty calm">
                {isOver ? 'None so far.' : 'Nothing is silenced, now or later: every notice goes out.'}
              </p>
            ) : (
              <ul class="cards silences">
                {answer.silences.map((silence) => (
                  <Card
                    key={silence.id}
                    silence={silence}
                    onEdit={() => open(silenceDraftOf(silence), silence.id)}
                    onChange={() => silences.load()}
                  />
                ))}
              </ul>
            )}
          </>
        )}
      </Fresh>
      <p class="more">
        <button
          type="button"
          class="quiet"
          onClick={() => router.setParams({ state: isOver ? null : 'over' }, 'push')}
        >
          {isOver ? 'Show what is active or planned' : 'Show those that are over'}
        </button>
      </p>
    </>
  );
}

/** From when maintenance mode was first seen, for an hour from now; its minutes leave the budgets. */
function maintenanceDraft(app: string, sinceMs: number | null, nowMs: number): SilenceDraft {
  const draft = newSilence(nowMs);
  return {
    ...draft,
    kind: 'maintenance',
    apps: [app],
    fromMs: sinceMs ?? draft.fromMs,
    reason: 'Heroku maintenance mode',
    correctsBudgets: true,
  };
}

function Offers({ answer, onTake }: { answer: SilenceListAnswer; onTake(draft: SilenceDraft): void }) {
  const { clock, session } = useApp();
  if (!session.canEdit.value) return null;
  return (
    <>
      {answer.offers.map((offer) => (
        <div class="banner" key={offer.app}>
          <span>
            <strong>{showHidden(offer.app)}</strong> is in Heroku’s maintenance mode for{' '}
            {formatSpan(clock.nowMs.value - offer.sinceMs)} ({plural(offer.requests, 'request')} with H80).
          </span>
          <button
            type="button"
            onClick={() => onTake(maintenanceDraft(offer.app, offer.sinceMs, clock.now()))}
          >
            Make a window of it
          </button>
        </div>
      ))}
    </>
  );
}

interface CardProps {
  silence: SilenceAnswer;
  onEdit(): void;
  onChange(): Promise<void>;
}

function Card({ silence, onEdit, onChange }: CardProps) {
  const { client, toast, range, session, clock } = useApp();
  const zone = range.zone.value;
  const nowMs = clock.nowMs.value;
  const spanText = (fromMs: number, toMs: number) =>
    `${formatRange(fromMs, toMs, zone, nowMs)} ${zoneName(fromMs, zone)}`;
  const level = silence.state === 'active' ? 'warning' : silence.state === 'planned' ? 'note' : 'unknown';
  async function end() {
    try {
      await client.send('POST', `/silences/${silence.id}/end`);
      toast.value = 'Ended: notices go out again';
    } catch (error) {
      toast.value = errorText(error);
    }
    await onChange();
  }
  return (
    <li class="card" data-row>
      <div class="row">
        <StateWord level={level} word={silence.state} />
        <span class="muted small">{silence.kind}</span>
        <span class="grow" />
        {silence.state === 'active' && silence.repeat === null && (
          <span class="muted small">ends in {formatSpan(silence.toMs - nowMs)}</span>
        )}
      </div>
      <h2>{showHidden(silence.title || silence.matchText)}</h2>
      {silence.title !== '' && <p>{showHidden(silence.matchText)}</p>}
      <p>
        {silence.repeat === null ? (
          spanText(silence.fromMs, silence.toMs)
        ) : (
          <>
            {showHidden(silence.repeatText)}
            {silence.nextFromMs !== null && silence.nextToMs !== null && (
              <span class="under muted">
                {silence.nextFromMs <= nowMs ? 'now: ' : 'next: '}
                {spanText(silence.nextFromMs, silence.nextToMs)}
              </span>
            )}
          </>
        )}
      </p>
      <p class="small muted">
        {showHidden(silence.reason)}, {showHidden(silence.author)}
        {silence.endedBy && `; ended by ${showHidden(silence.endedBy)}`}
      </p>
      {silence.correctsBudgets && <p class="small muted">Its minutes do not count for objectives.</p>}
      {silence.withholds > 0 && (
        <p class="small warn">
          Withholds the notices of {formatCount(silence.withholds)} open{' '}
          {silence.withholds === 1 ? 'incident' : 'incidents'}.
        </p>
      )}
      {session.canEdit.value && silence.state !== 'over' && (
        <p class="row">
          <button type="button" onClick={() => void end()}>
            {silence.state === 'planned' ? 'Call it off' : 'End now'}
            <span class="sr"> {showHidden(silence.title || silence.matchText)}</span>
          </button>
          <button type="button" class="quiet" onClick={onEdit}>
            Change<span class="sr"> {showHidden(silence.title || silence.matchText)}</span>
          </button>
        </p>
      )}
    </li>
  );
}
