/** Of the settings: who changed what, when, from where; found by subject, and as a file. */
import { useEffect, useState } from 'preact/hooks';
import type { AuditAnswer } from '../../api/contract/session.ts';
import { AUDIT_CSV_HEAD, AUDIT_SUBJECTS, auditChanges, auditRow } from '../auditWords.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { downloadCsv, renderCsv } from '../csv.ts';
import { formatInstant, zoneName } from '../format.ts';
import { Fresh } from '../parts/fresh.tsx';
import { Choice, TextBox } from '../parts/inputs.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

type Entry = AuditAnswer['entries'][number];
const PAGE = 50;
/** A file with more is for the API. */
const FILE_PAGES_MAX = 20;
const FILE_PAGE = 500;
const TYPING_MS = 300;

export function Audit() {
  const { client, range, toast } = useApp();
  const [action, setAction] = useState('');
  const [typed, setTyped] = useState('');
  const [subject, setSubject] = useState('');
  const [older, setOlder] = useState<Entry[]>([]);
  const [isEnd, setEnd] = useState(false);
  const query = { action: action || undefined, subject: subject || undefined };
  const audit = useAnswer<AuditAnswer>('/audit', { query: { ...query, limit: PAGE } });
  useEffect(() => {
    const timer = setTimeout(() => setSubject(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    setOlder([]);
    setEnd(false);
  }, [action, subject]);
  async function more(last: Entry) {
    try {
      const next = await client.get<AuditAnswer>('/audit', { ...query, limit: PAGE, before: last.id });
      setOlder([...older, ...next.entries]);
      setEnd(next.entries.length < PAGE);
    } catch (error) {
      toast.value = errorText(error);
    }
  }
  async function save() {
    const all: Entry[] = [];
    try {
      for (let page = 0; page < FILE_PAGES_MAX; page++) {
        const { entries } = await client.get<AuditAnswer>('/audit', {
          ...query,
          limit: FILE_PAGE,
          before: all.at(-1)?.id,
        });
        all.push(...entries);
        if (entries.length < FILE_PAGE) break;
      }
      downloadCsv('drainboard-audit', renderCsv([AUDIT_CSV_HEAD, ...all.map(auditRow)]));
    } catch (error) {
      toast.value = errorText(error);
    }
  }
  return (
    <section class="group" aria-labelledby="audit">
      <h2 id="audit">Audit log</h2>
      <p class="says">
        Who changed what, newest first. Entries cannot be changed, hold no secrets, and stay for a year.
      </p>
      <div class="audit-filter">
        <Choice
          name="audit-action"
          label="About"
          value={action}
          options={AUDIT_SUBJECTS}
          onChange={setAction}
        />
        <TextBox name="audit-subject" label="Name has" value={typed} placeholder="shop" onInput={setTyped} />
        <button type="button" onClick={() => void save()}>
          Save as CSV
        </button>
      </div>
      <Fresh of={audit} what="the audit log">
        {(answer) => {
          const entries = [...answer.entries, ...older];
          const last = entries.at(-1);
          if (last === undefined) {
            return (
              <p class="chart-empty calm">
                {action || subject
                  ? 'Nothing fits. Take the filter away to see everything.'
                  : 'Nothing was changed yet.'}
              </p>
            );
          }
          return (
            <>
              <Entries entries={entries} zone={range.zone.value} />
              {!isEnd && answer.entries.length >= PAGE && (
                <button type="button" onClick={() => void more(last)}>
                  Show older ones
                </button>
              )}
            </>
          );
        }}
      </Fresh>
    </section>
  );
}

function Entries({ entries, zone }: { entries: Entry[]; zone: 'utc' | 'local' }) {
  return (
    <table class="data stack audit">
      <caption class="sr">Entries of the audit log</caption>
      <thead>
        <tr>
          <th scope="col">Time ({zoneName(entries[0]?.atMs ?? 0, zone)})</th>
          <th scope="col">Who</th>
          <th scope="col">Did</th>
          <th scope="col">To</th>
          <th scope="col">What changed</th>
          <th scope="col">From</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td data-label="Time">{formatInstant(entry.atMs, zone)}</td>
            <td data-label="Who" class="wrap">
              {showHidden(entry.actorName)}
            </td>
            <td data-label="Did" class="mono">
              {showHidden(entry.action)}
            </td>
            <td data-label="To" class="wrap">
              {showHidden(entry.subject || '–')}
            </td>
            <td data-label="What changed" class="audit-change mono">
              {auditChanges(entry).map((change) => (
                <span class="under" key={change}>
                  {showHidden(change)}
                </span>
              ))}
            </td>
            <td data-label="From" class="mono">
              {showHidden(entry.address || '–')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
