/** Of an objective: minutes that do not count, with who says so and why; adding them and taking them back. */
import { useState } from 'preact/hooks';
import type { CorrectionAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatInstant, formatRange, zoneName, zoneSuffix } from '../format.ts';
import { Choice, InstantBox, LongText, Tick } from '../parts/inputs.tsx';
import { newRepeat, RepeatFields, repeatOf } from '../parts/repeatFields.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';

interface Props {
  data: SloDetailAnswer;
  onChange(): Promise<void>;
}

export function Corrections({ data, onChange }: Props) {
  const { session, router } = useApp();
  // `correct=1` with a range: whoever marked a stretch elsewhere means that one.
  const asked = router.params.value.has('correct') && router.params.value.has('from');
  const first = asked ? { fromMs: data.range.from * 1000, toMs: data.range.to * 1000 } : undefined;
  const [adding, setAdding] = useState(asked);
  const isWhole = data.definition.indicator.kind === 'composite';
  return (
    <section class="group" aria-labelledby="corrections">
      <h2 id="corrections">Corrections</h2>
      <p class="says">
        Minutes that do not count, such as planned maintenance: good and bad alike leave the budget. They are
        hatched in the charts, and can be taken back.
      </p>
      {data.corrections.length > 0 && <Table data={data} onChange={onChange} />}
      {data.corrections.length === 0 && !adding && !isWhole && <p class="muted">None.</p>}
      {isWhole && <p class="muted">It counts nothing itself: correct its parts, or the whole app there.</p>}
      {session.canEdit.value && !isWhole && (
        <p>
          <button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close' : 'Add a correction'}
          </button>
        </p>
      )}
      {adding && !isWhole && (
        <AddCorrection
          app={data.slo.app}
          sloId={data.slo.id}
          {...(first && { first })}
          onDone={async () => {
            setAdding(false);
            await onChange();
          }}
        />
      )}
    </section>
  );
}

function Table({ data, onChange }: Props) {
  const { client, toast, session, range } = useApp();
  const app = encodeURIComponent(data.slo.app);
  const zone = range.zone.value;
  async function change(method: 'DELETE' | 'POST', path: string, said: string) {
    try {
      await client.send(method, path);
      toast.value = said;
    } catch (error) {
      toast.value = errorText(error);
    }
    await onChange();
  }
  return (
    <table class="data stack corrections">
      <caption class="sr">Corrections</caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Why</th>
          <th scope="col">By</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {data.corrections.map((one) => (
          <tr key={one.id} class={one.undoneAtMs === null ? '' : 'undone'}>
            <th scope="row" data-label="When">
              {whenText(one, zone)}
              {one.sloId === null && <span class="under muted">every objective of the app</span>}
            </th>
            <td data-label="Why" class="wrap">
              {showHidden(one.reason)}
            </td>
            <td data-label="By">
              {showHidden(one.author)}
              <span class="under muted">
                {formatInstant(one.createdAtMs, zone, false, data.nowMs)}
                {zoneSuffix(one.createdAtMs, zone)}
              </span>
            </td>
            <td class="actions">
              {one.undoneAtMs !== null ? (
                <span class="muted">taken back by {showHidden(one.undoneBy ?? '')}</span>
              ) : (
                session.canEdit.value && (
                  <>
                    {one.repeat !== null && (one.toMs === null || one.toMs > data.nowMs) && (
                      <button
                        type="button"
                        onClick={() =>
                          void change(
                            'POST',
                            `/apps/${app}/corrections/${one.id}/end`,
                            'It ends now; the past stays',
                          )
                        }
                      >
                        End<span class="sr"> {showHidden(one.reason)}</span>
                      </button>
                    )}
                    <button
                      type="button"
                      onClick={() =>
                        void change(
                          'DELETE',
                          `/apps/${app}/corrections/${one.id}`,
                          'Taken back: these minutes count again',
                        )
                      }
                    >
                      Take back<span class="sr"> {showHidden(one.reason)}</span>
                    </button>
                  </>
                )
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function whenText(one: CorrectionAnswer, zone: 'utc' | 'local'): string {
  if (one.repeats !== null) return one.repeats;
  if (one.toMs === null) return `from ${formatInstant(one.fromMs, zone, false)}`;
  return `${formatRange(one.fromMs, one.toMs, zone)} ${zoneName(one.fromMs, zone)}`;
}

interface AddProps {
  app: string;
  sloId: string;
  /** What is meant already: the span of an incident, or of a selection. */
  first?: { fromMs: number; toMs: number; reason?: string };
  onDone(): Promise<void>;
}

export function AddCorrection({ app, sloId, first, onDone }: AddProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [kind, setKind] = useState<'once' | 'weekly'>('once');
  const [fromMs, setFrom] = useState<number | null>(first?.fromMs ?? null);
  const [toMs, setTo] = useState<number | null>(first?.toMs ?? null);
  const [repeat, setRepeat] = useState(newRepeat);
  const [reason, setReason] = useState(first?.reason ?? '');
  const [whole, setWhole] = useState(false);
  return (
    <form
      class="form grid-form boxed"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send('POST', `/apps/${encodeURIComponent(app)}/corrections`, {
            ...(!whole && { slo: sloId }),
            ...(fromMs !== null && { fromMs }),
            ...(toMs !== null && { toMs }),
            ...(kind === 'weekly' && { repeat: repeatOf(repeat) }),
            reason,
          });
          toast.value = 'Corrected: the budget follows within a minute';
          await onDone();
        });
      }}
    >
      <Choice
        name="correctionKind"
        label="Which minutes"
        value={kind}
        options={[
          { value: 'once', label: 'once, from and to' },
          { value: 'weekly', label: 'every week' },
        ]}
        onChange={setKind}
      />
      <InstantBox
        name="correctionFrom"
        label={kind === 'once' ? 'From' : 'Repeating from'}
        hint={kind === 'once' ? undefined : 'Empty: from now on.'}
        valueMs={fromMs}
        onChange={setFrom}
        fault={sender.faultOf('fromMs')}
      />
      <InstantBox
        name="correctionTo"
        label={kind === 'once' ? 'To' : 'Until'}
        hint={kind === 'once' ? undefined : 'Empty: without end.'}
        valueMs={toMs}
        onChange={setTo}
        fault={sender.faultOf('toMs')}
      />
      {kind === 'weekly' && <RepeatFields draft={repeat} onChange={setRepeat} sender={sender} />}
      <LongText
        name="correctionReason"
        label="Why"
        rows={2}
        value={reason}
        onInput={setReason}
        hint="Whoever reads the budget asks why. It stands in the list and in the audit log."
        fault={sender.faultOf('reason')}
      />
      <Tick
        name="correctionWhole"
        label="For every objective of this app"
        checked={whole}
        onChange={setWhole}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        Do not count these minutes
      </button>
    </form>
  );
}
