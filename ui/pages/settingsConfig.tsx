/** Of the settings: the whole configuration as one file, out and in; what a file would change before it does. */
import { useState } from 'preact/hooks';
import type { ConfigFile, ConfigImportAnswer } from '../../api/contract/alerting.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { downloadText } from '../download.ts';
import { formatBytes, plural } from '../format.ts';
import { AsCall } from '../parts/asCall.tsx';
import { CopyBlock } from '../parts/copy.tsx';
import { type Level, StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';

export function Configuration() {
  return (
    <>
      <Export />
      <Import />
    </>
  );
}

function Export() {
  const { client } = useApp();
  const [error, setError] = useState('');
  const [saved, setSaved] = useState<ConfigFile | null>(null);
  async function save() {
    setError('');
    try {
      const file = await client.get<ConfigFile>('/config');
      const day = new Date(file.exportedAtMs).toISOString().slice(0, 10);
      downloadText(`drainboard-${day}.json`, `${JSON.stringify(file, null, 2)}\n`, 'application/json');
      setSaved(file);
    } catch (thrown) {
      setError(errorText(thrown));
    }
  }
  return (
    <section class="group" aria-labelledby="export">
      <h2 id="export">Export</h2>
      <p class="says">
        Apps, objectives, rules, receivers, schedules, escalation and routes as one file. Secrets are left
        out: the file names those that must be typed in again.
      </p>
      <button type="button" class="primary" onClick={() => void save()}>
        Save the file
      </button>
      {saved && (
        <p role="status">
          Saved: {plural(saved.apps.length, 'app')}, {plural(saved.receivers.length, 'receiver')},{' '}
          {plural(saved.routes.length, 'route')}.
        </p>
      )}
      {error && (
        <p class="fault" role="alert">
          {error}
        </p>
      )}
      <details class="as-call">
        <summary>As API call and command</summary>
        <CopyBlock
          text={`curl '${location.origin}/api/v1/config' \\\n  -H "Authorization: Bearer $DRAINBOARD_TOKEN" > drainboard.json`}
          label="call"
        />
        <CopyBlock text="npx drainboard config export drainboard.json" label="command" />
      </details>
    </section>
  );
}

interface Picked {
  name: string;
  sizeBytes: number;
  file: ConfigFile;
}

/** What the API takes in one body. */
const FILE_MAX_BYTES = 256 * 1024;

function Import() {
  const { client, toast } = useApp();
  const [picked, setPicked] = useState<Picked | null>(null);
  const [seen, setSeen] = useState<ConfigImportAnswer | null>(null);
  const [done, setDone] = useState<ConfigImportAnswer | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  async function pick(file: File | undefined) {
    setPicked(null);
    setSeen(null);
    setDone(null);
    setError('');
    if (file === undefined) return;
    if (file.size > FILE_MAX_BYTES) {
      setError(
        `${file.name} is ${formatBytes(file.size)}; over ${formatBytes(FILE_MAX_BYTES)} the page cannot send it. The command below can.`,
      );
      return;
    }
    const read = parse(await file.text());
    if (read === null) {
      setError(
        `${file.name} is not a file of this kind: an export begins with "format": "drainboard.config".`,
      );
      return;
    }
    const next = { name: file.name, sizeBytes: file.size, file: read };
    setPicked(next);
    await send(next, true);
  }

  async function send(what: Picked, dryRun: boolean) {
    setBusy(true);
    setError('');
    try {
      const answer = await client.send<ConfigImportAnswer>('POST', '/config', { file: what.file, dryRun });
      if (dryRun) setSeen(answer);
      else {
        setDone(answer);
        setSeen(null);
        if (answer.isKept) toast.value = 'Taken in';
      }
    } catch (thrown) {
      setError(errorText(thrown));
    }
    setBusy(false);
  }

  const answer = done ?? seen;
  return (
    <section class="group" aria-labelledby="import">
      <h2 id="import">Import</h2>
      <p class="says">
        Makes and changes what the file says and removes nothing; all of it or nothing. You see what it would
        do first.
      </p>
      <div class="file-pick">
        <label class="button">
          Choose a file
          <input
            class="sr"
            type="file"
            accept="application/json,.json"
            onChange={(event) => void pick(event.currentTarget.files?.[0])}
          />
        </label>
        {picked && (
          <span>
            {showHidden(picked.name)} <span class="muted">{formatBytes(picked.sizeBytes)}</span>
          </span>
        )}
        {busy && <span class="muted">Looking…</span>}
      </div>
      {error && (
        <p class="fault" role="alert">
          {error}
        </p>
      )}
      {answer && <Changes answer={answer} />}
      {picked && seen && (
        <div class="row">
          <button
            type="button"
            class="primary"
            disabled={busy || !mayTake(seen)}
            onClick={() => void send(picked, false)}
          >
            Take it in
          </button>
          <button type="button" onClick={() => void pick(undefined)}>
            Leave it
          </button>
        </div>
      )}
      {done && <Created answer={done} />}
      <AsCall write={{ method: 'POST', path: '/config', body: { dryRun: true } }} />
    </section>
  );
}

/** null: not such a file. What its parts may say is judged by the server. */
function parse(text: string): ConfigFile | null {
  try {
    const read = JSON.parse(text) as ConfigFile | null;
    return read?.format === 'drainboard.config' ? read : null;
  } catch {
    return null;
  }
}

function mayTake({ changes }: ConfigImportAnswer): boolean {
  return (
    changes.every(({ outcome }) => outcome !== 'refused') &&
    changes.some(({ outcome }) => outcome !== 'unchanged')
  );
}

const WHAT: Record<ConfigImportAnswer['changes'][number]['what'], string> = {
  app: 'App',
  slo: 'Objective',
  rule: 'Rule',
  receiver: 'Receiver',
  person: 'Person',
  schedule: 'Schedule',
  escalationPolicy: 'Escalation',
  route: 'Route',
};
const OUTCOMES: Record<ConfigImportAnswer['changes'][number]['outcome'], [Level, string, string]> = {
  created: ['ok', 'new', 'made'],
  changed: ['warning', 'would change', 'changed'],
  unchanged: ['note', 'same', 'same'],
  refused: ['critical', 'refused', 'refused'],
};

function Changes({ answer }: { answer: ConfigImportAnswer }) {
  const count = (outcome: string) => answer.changes.filter((one) => one.outcome === outcome).length;
  const [created, changed, same, refused] = ['created', 'changed', 'unchanged', 'refused'].map(count);
  const told = answer.changes.filter(({ outcome }) => outcome !== 'unchanged');
  return (
    <div class="changes-list">
      <p role="status">
        <strong>
          {refused
            ? `${refused} refused: nothing ${answer.dryRun ? 'would be' : 'was'} taken in.`
            : !created && !changed
              ? 'Everything is so already: nothing to take in.'
              : answer.dryRun
                ? `Would make ${created} and change ${changed}.`
                : `Made ${created} and changed ${changed}.`}
        </strong>{' '}
        <span class="muted">{same} the same.</span>
      </p>
      {told.length > 0 && (
        <table class="data stack">
          <caption class="sr">What the file changes</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Name</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {told.map(({ what, name, outcome, faults }) => {
              const [level, before, after] = OUTCOMES[outcome];
              return (
                <tr key={what + name}>
                  <td data-label="What">{WHAT[what]}</td>
                  <th scope="row" data-label="Name" class="wrap">
                    {showHidden(name)}
                  </th>
                  <td data-label="Outcome" class="wrap">
                    <StateWord level={level} word={answer.dryRun ? before : after} />
                    {faults.map((fault) => (
                      <span key={fault} class="under fault">
                        {showHidden(fault)}
                      </span>
                    ))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {answer.secretsNeeded.length > 0 && (
        <p class="banner banner-warning">
          These cannot send until their secrets are typed in:{' '}
          {answer.secretsNeeded
            .map(({ receiver, secrets }) => `${showHidden(receiver)} (${secrets.join(', ')})`)
            .join('; ')}
          .
        </p>
      )}
    </div>
  );
}

function Created({ answer }: { answer: ConfigImportAnswer }) {
  if (answer.created.length === 0) return null;
  return (
    <div class="once">
      <p>Drain URLs of the new apps, shown this once.</p>
      {answer.created.map(({ app, commands }) => (
        <CopyBlock key={app} text={commands.join('\n')} label={`commands for ${app}`} />
      ))}
    </div>
  );
}
