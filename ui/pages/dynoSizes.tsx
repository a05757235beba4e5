/** What is known about the dynos of each process type, from where, and a way to say what nobody tells. */
import { useState } from 'preact/hooks';
import type { DynoSizeRequest, DynosAnswer, DynoTypeAnswer } from '../../api/contract/dynos.ts';
import { DYNO_SIZES } from '../../model/dyno-size.ts';
import { showHidden } from '../clean.ts';
import { formatBytes, formatInstant, NOTHING, plural } from '../format.ts';
import { Choice, TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';

interface Props {
  answer: DynosAnswer;
  onChange(): void;
}

export function DynoSizes({ answer, onChange }: Props) {
  const { session } = useApp();
  const [editing, setEditing] = useState<string | null>(null);
  const canEdit = session.canEdit.value;
  return (
    <section class="group" aria-labelledby="sizes">
      <h2 id="sizes">Sizes, and where they are known from</h2>
      <p class="muted size-note">
        The memory quota stands in each dyno’s own metrics. The size comes from the newest “Scaled to …” line
        of Heroku, or from you. No line tells the number of cores, and small dynos share theirs: load is told
        per core only where you say how many there are (<code>heroku run nproc</code>), or the name of the
        size does.
      </p>
      <table class="data stack sizes">
        <caption class="sr">Sizes by process type</caption>
        <thead>
          <tr>
            <th scope="col">Process type</th>
            <th scope="col">Size</th>
            <th scope="col">Memory quota</th>
            <th scope="col">Cores</th>
            <th scope="col">
              <span class="sr">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.types.map((type) => (
            <tr key={type.processType}>
              <th scope="row" class="mono">
                {showHidden(type.processType)}
              </th>
              <td data-label="Size">
                <SizeFrom type={type} />
              </td>
              <td data-label="Memory quota">{quotaOf(answer, type.processType)}</td>
              <td data-label="Cores">
                {type.cores === null ? (
                  <span class="muted">not known</span>
                ) : (
                  <span>
                    {type.cores}{' '}
                    <span class="muted">{type.coresSource === 'you' ? 'set here' : 'by its name'}</span>
                  </span>
                )}
              </td>
              <td class="actions">
                {canEdit && editing !== type.processType && (
                  <button type="button" onClick={() => setEditing(type.processType)}>
                    Set<span class="sr"> size of {showHidden(type.processType)} dynos</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {answer.types
        .filter((type) => type.processType === editing)
        .map((type) => (
          <SetSize
            key={type.processType}
            app={answer.app}
            type={type}
            onDone={() => {
              setEditing(null);
              onChange();
            }}
            onCancel={() => setEditing(null)}
          />
        ))}
    </section>
  );
}

function SizeFrom({ type }: { type: DynoTypeAnswer }) {
  const { range } = useApp();
  if (type.size === null) return <span class="muted">not known</span>;
  const when = type.sizeAtMs === null ? '' : ` ${formatInstant(type.sizeAtMs, range.zone.value, false)}`;
  return (
    <span>
      {showHidden(type.size)}{' '}
      <span class="muted">{type.sizeSource === 'you' ? `set here${when}` : `Heroku’s line${when}`}</span>
    </span>
  );
}

/** Quotas of the dynos of a type, as their lines or the table of sizes say. */
function quotaOf(answer: DynosAnswer, processType: string): string {
  const own = answer.dynos.filter(
    (dyno) => dyno.processType === processType && dyno.memoryQuotaBytes !== null,
  );
  const quotas = [...new Set(own.map((dyno) => dyno.memoryQuotaBytes))];
  if (quotas.length === 0) return NOTHING;
  const from = own.every((dyno) => dyno.quotaSource === 'line') ? 'by its lines' : 'by its size';
  return `${quotas.map((quota) => formatBytes(quota)).join(', ')} ${from}`;
}

interface SetProps {
  app: string;
  type: DynoTypeAnswer;
  onDone(): void;
  onCancel(): void;
}

function SetSize({ app, type, onDone, onCancel }: SetProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [size, setSize] = useState(type.sizeSource === 'you' ? (type.size ?? '') : '');
  const [cores, setCores] = useState(type.coresSource === 'you' ? String(type.cores) : '');
  const path = `/apps/${encodeURIComponent(app)}/dyno-sizes/${encodeURIComponent(type.processType)}`;
  const request: DynoSizeRequest = { size: size || null, cores: cores === '' ? null : Number(cores) };
  const isSaid = type.sizeSource === 'you' || type.coresSource === 'you';
  return (
    <form
      class="form size-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send('PUT', path, request);
          toast.value = `Size of ${type.processType} dynos saved`;
          onDone();
        });
      }}
    >
      <Choice
        name="size"
        label={`Size of ${type.processType} dynos`}
        value={size}
        fault={sender.faultOf('size')}
        hint="For lines that name no quota."
        options={[
          { value: '', label: 'as Heroku’s lines say' },
          ...DYNO_SIZES.map((name) => ({ value: name, label: name })),
        ]}
        onChange={setSize}
      />
      <TextBox
        name="cores"
        label="Cores"
        inputMode="numeric"
        value={cores}
        fault={sender.faultOf('cores')}
        hint="Leave it empty where they are shared or not known."
        unit={cores === '' ? '' : plural(Number(cores) || 0, 'core').replace(/^\S+\s/, '')}
        onInput={setCores}
      />
      <SendFault sender={sender} />
      <div class="row">
        <button type="submit" class="primary" disabled={sender.busy}>
          Save
        </button>
        <button type="button" class="quiet" onClick={onCancel}>
          Cancel
        </button>
        {isSaid && (
          <button
            type="button"
            class="quiet"
            disabled={sender.busy}
            onClick={() =>
              void sender.send(async () => {
                await client.send('DELETE', path);
                toast.value = 'Taken back: Heroku’s lines hold again';
                onDone();
              })
            }
          >
            Take back
          </button>
        )}
      </div>
      <p class="muted">
        By the API: <code class="wrap">{`PUT /api/v1${path} ${JSON.stringify(request)}`}</code>
      </p>
    </form>
  );
}
